package process_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"onedoor/local/process"
)

// shell starts a shell script and returns the first line that it writes.
func shell(t *testing.T, script string) (*process.Process, string) {
	t.Helper()
	reader, writer := io.Pipe()
	p, err := process.Start(process.Command{
		Name: "script", Path: "/bin/sh", Args: []string{"-c", script}, Output: writer, Env: []string{"PATH=" + os.Getenv("PATH")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, reader)
	return p, strings.TrimSpace(line)
}

// gone waits until no process has the ID.
func gone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if errors.Is(syscall.Kill(n, 0), syscall.ESRCH) || zombie(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %s still runs", pid)
}

// zombie reports whether the process has ended and only waits to be reaped,
// which is its adoptive parent's job.
func zombie(pid string) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
	return err == nil && strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}

func TestStopEndsGrandchildrenToo(t *testing.T) {
	p, grandchild := shell(t, `sleep 60 & echo $!; wait`)
	p.Stop()
	gone(t, grandchild)
}

func TestKillEndsAProgramThatIgnoresSignals(t *testing.T) {
	p, pid := shell(t, `trap "" TERM INT; echo $$; while :; do sleep 1; done`)
	p.Kill()
	gone(t, pid)
}

func TestKillAllEndsEverything(t *testing.T) {
	_, first := shell(t, `echo $$; sleep 60`)
	_, second := shell(t, `echo $$; sleep 60`)
	process.KillAll()
	gone(t, first)
	gone(t, second)
}

func TestErrTellsTheLastWords(t *testing.T) {
	p, err := process.Start(process.Command{Name: "script", Path: "/bin/sh", Args: []string{"-c", "echo out; echo no such disk >&2; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if got, want := p.Err().Error(), "script ended: exit status 3\nout\nno such disk"; got != want {
		t.Errorf("Err() = %q; want %q", got, want)
	}
}

func TestOnlyTheEndOfLongOutputIsKept(t *testing.T) {
	p, err := process.Start(process.Command{Name: "script", Path: "/bin/sh", Args: []string{
		"-c", "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	words := p.Err().Error()
	if !strings.HasSuffix(words, "line 2999") || strings.Contains(words, "line 1\n") || len(words) > 10_000 {
		t.Errorf("kept %d bytes that end with %q; want the end only", len(words), words[len(words)-20:])
	}
}

func TestNothingIsInheritedFromTheEnvironment(t *testing.T) {
	t.Setenv("ONEDOOR_SECRET_OF_THE_SHELL", "x")
	p, err := process.Start(process.Command{Name: "env", Path: "/usr/bin/env", Env: []string{"ONLY=this"}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if got, want := p.Err().Error(), "env ended: exit status 0\nONLY=this"; got != want {
		t.Errorf("environment: %q; want %q", got, want)
	}
}

func TestAwaitReportsAProgramThatEnds(t *testing.T) {
	p, err := process.Start(process.Command{Name: "script", Path: "/bin/sh", Args: []string{"-c", "echo port taken; exit 1"}})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Await(t.Context(), func(context.Context) error { return errors.New("not yet") })
	if err == nil || !strings.Contains(err.Error(), "script ended: exit status 1\nport taken") {
		t.Errorf("Await = %v; want the program's end", err)
	}
}

func TestAwaitGivesUpWithItsContext(t *testing.T) {
	p, _ := shell(t, "echo up; sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.Await(ctx, func(context.Context) error { return errors.New("connection refused") })
	if err == nil || err.Error() != "script isn't ready: connection refused" {
		t.Errorf("Await = %v; want what wasn't ready", err)
	}
}

func TestFreeAddressCanBeListenedOn(t *testing.T) {
	address, err := process.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}
