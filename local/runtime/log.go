package runtime

import (
	"bytes"
	"io"
	"sync"
)

// lockedWriter lets several functions write to one place.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// prefixWriter writes whole lines, each behind the prefix.
type prefixWriter struct {
	prefix string
	to     io.Writer

	mu      sync.Mutex
	partial []byte
}

func (w *prefixWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.partial = append(w.partial, p...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		if _, err := io.WriteString(w.to, w.prefix+string(line)+"\n"); err != nil {
			return 0, err
		}
		w.partial = rest
	}
}
