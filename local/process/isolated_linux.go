package process

import "syscall"

// isolated puts a program into a process group of its own and has the kernel
// kill it when its parent dies without saying goodbye.
func isolated() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
