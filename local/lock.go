package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockData takes the data folder for this process: two stores on the same
// files would break each other's data.
func lockData(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another local door uses %s; stop it or choose another folder with -data", dir)
	}
	return func() { file.Close() }, nil
}
