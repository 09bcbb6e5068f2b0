package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"onedoor/local/template"
)

// defaultConcurrency is how many processes of a function without reserved
// concurrency run at once; further invocations wait. It is this machine's
// limit, not one of AWS.
const defaultConcurrency = 16

// ErrThrottled is what Invoke returns when the function's reserved concurrency
// is used up.
var ErrThrottled = errors.New("rate exceeded")

// ErrClosed is what Invoke returns once the functions are closed.
var ErrClosed = errors.New("functions are closed")

// FunctionError is an invocation that failed inside the function: it returned
// an error, crashed or took too long.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// Error returns type and message.
func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Function is one Lambda function.
type Function struct {
	arn, name, pkg string
	resource       *template.Resource
	properties     properties

	program string
	local   map[string]string
	log     io.Writer

	// slots has room for one token per invocation at a time.
	slots    chan struct{}
	reserved bool

	mu     sync.Mutex
	closed bool
	all    map[*instance]bool
	idle   []*instance
}

// ARN is the function's name in the world of AWS.
func (f *Function) ARN() string { return f.arn }

func (f *Function) limit(reserved int) {
	f.reserved = reserved >= 0
	if !f.reserved {
		reserved = defaultConcurrency
	}
	f.slots = make(chan struct{}, reserved)
	f.all = map[*instance]bool{}
}

// Invoke runs the function on the event and returns its answer. The error is
// a *FunctionError, ErrThrottled, ErrClosed or the context's: then the
// function runs on, as on AWS, but nobody waits for it.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if err := f.acquire(ctx); err != nil {
		return nil, err
	}
	answered := make(chan result, 1)
	go func() {
		defer func() { <-f.slots }()
		answered <- f.run(event)
	}()
	select {
	case r := <-answered:
		return r.payload, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *Function) acquire(ctx context.Context) error {
	if f.reserved {
		select {
		case f.slots <- struct{}{}:
			return nil
		default:
			return ErrThrottled
		}
	}
	select {
	case f.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run invokes the function in a process of its own for the time being. A
// process that died while nobody looked is replaced; one that dies with the
// event in hand fails the invocation.
func (f *Function) run(event []byte) result {
	for {
		i, err := f.take()
		if err != nil {
			return result{err: err}
		}
		r := i.invoke(event)
		if errors.Is(r.err, errNotDelivered) {
			f.drop(i)
			continue
		}
		f.giveBack(i)
		return r
	}
}

func (f *Function) take() (*instance, error) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		i := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if i.alive() {
			f.mu.Unlock()
			return i, nil
		}
		delete(f.all, i)
	}
	f.mu.Unlock()
	return f.start()
}

// start starts a process and waits until it asks for an event.
func (f *Function) start() (*instance, error) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil, ErrClosed
	}
	i, err := newInstance(f)
	if err != nil {
		f.mu.Unlock()
		return nil, err
	}
	f.all[i] = true
	f.mu.Unlock()
	if err := i.awaitInit(); err != nil {
		f.drop(i)
		return nil, err
	}
	return i, nil
}

func (f *Function) giveBack(i *instance) {
	if !i.alive() {
		f.drop(i)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, i)
}

func (f *Function) drop(i *instance) {
	i.kill()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, i)
}

func (f *Function) warm() error {
	i, err := f.take()
	if err != nil {
		return fmt.Errorf("start function %s: %w", f.name, err)
	}
	f.giveBack(i)
	return nil
}

func (f *Function) close() {
	f.mu.Lock()
	f.closed = true
	all := f.all
	f.all, f.idle = map[*instance]bool{}, nil
	f.mu.Unlock()
	for i := range all {
		i.kill()
	}
}
