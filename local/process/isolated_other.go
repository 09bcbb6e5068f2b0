//go:build !linux

package process

import "syscall"

// isolated puts a program into a process group of its own.
func isolated() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
