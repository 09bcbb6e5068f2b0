// Package process runs the programs that serve behind the local door. A
// program that this package starts never outlives the one that started it.
package process

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// grace is how long a program may take to stop when asked to.
const grace = 5 * time.Second

// Command says what to run.
type Command struct {
	// Name is what the program is called in messages.
	Name string
	Path string
	Args []string
	// Env is the whole environment; nothing is inherited.
	Env []string
	Dir string
	// Output receives what the program writes to stdout and stderr. Without it
	// the end of the output is kept, to be shown when the program fails.
	Output io.Writer
}

// Process is a running program, in a process group of its own so that Ctrl-C
// in a terminal reaches only its parent.
type Process struct {
	name string
	cmd  *exec.Cmd
	kept tail
	done chan struct{}
	err  error // why it ended; read after done
}

// Start starts the program.
func Start(c Command) (*Process, error) {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env = c.Env
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	cmd.Dir = c.Dir
	p := &Process{name: c.Name, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout = c.Output
	if cmd.Stdout == nil {
		cmd.Stdout = &p.kept
	}
	cmd.Stderr = cmd.Stdout
	cmd.SysProcAttr = isolated()
	// A grandchild that holds the output pipe open doesn't keep Wait waiting.
	cmd.WaitDelay = grace
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	running.Store(p, true)
	go func() {
		defer close(p.done)
		defer running.Delete(p)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// running holds every process that hasn't ended.
var running sync.Map

// KillAll ends every program that was started and hasn't ended, now.
func KillAll() {
	running.Range(func(p, _ any) bool {
		p.(*Process).Kill()
		return true
	})
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says why the program ended and what it wrote last. Call it after Done.
func (p *Process) Err() error {
	reason := "exit status 0"
	if p.err != nil {
		reason = p.err.Error()
	}
	if words := p.kept.String(); words != "" {
		reason += "\n" + words
	}
	return fmt.Errorf("%s ended: %s", p.name, reason)
}

// Pid is the process ID, which is the ID of the process group as well.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill ends the program and all it started, now, and waits for its end.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// Stop asks the program to end, waits, and kills what is left of its process
// group.
func (p *Process) Stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	p.Kill()
}

func (p *Process) signal(s syscall.Signal) {
	// The group may be gone already; that is what is wanted.
	_ = syscall.Kill(-p.Pid(), s)
}

// Await calls ready until it returns nil, the program ends or the context does.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s isn't ready: %w", p.name, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// FreeAddress returns a loopback address that nothing listens on right now.
func FreeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
