package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"onedoor/local/ids"
	"onedoor/local/process"
)

const (
	// initLimit is how long a function may take until it asks for its first
	// event.
	initLimit = 10 * time.Second
	// maxResponse is the limit of an answer's size.
	maxResponse = 6 << 20
)

// errNotDelivered is the result of an invocation whose event the process never
// asked for.
var errNotDelivered = errors.New("the process ended between invocations")

// instance is one process of a function with a Runtime API to itself, as each
// execution environment has on AWS.
type instance struct {
	function *Function
	process  *process.Process
	api      *http.Server

	polled func()        // closes ready
	ready  chan struct{} // closed when the process asks for its first event
	failed chan *FunctionError
	events chan *invocation

	mu      sync.Mutex
	current *invocation // handed out and not answered yet
}

type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	done     chan result // takes one result
}

type result struct {
	payload []byte
	err     error
}

func newInstance(f *Function) (*instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{
		function: f,
		ready:    make(chan struct{}),
		failed:   make(chan *FunctionError, 1),
		events:   make(chan *invocation),
	}
	i.polled = sync.OnceFunc(func() { close(i.ready) })
	i.api = &http.Server{Handler: i.routes()}
	go i.api.Serve(listener)
	i.process, err = process.Start(process.Command{
		Name:   "function " + f.name,
		Path:   f.program,
		Dir:    filepath.Dir(f.program),
		Env:    f.environment(listener.Addr().String()),
		Output: &prefixWriter{prefix: path.Base(f.pkg) + " | ", to: f.log},
	})
	if err != nil {
		i.api.Close()
		return nil, err
	}
	return i, nil
}

func (i *instance) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.respond)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.fail)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", i.failInit)
	return mux
}

func (i *instance) alive() bool {
	select {
	case <-i.process.Done():
		return false
	default:
		return true
	}
}

func (i *instance) kill() {
	i.process.Kill()
	i.api.Close()
}

// awaitInit waits until the process asks for its first event.
func (i *instance) awaitInit() error {
	select {
	case <-i.ready:
		return nil
	case err := <-i.failed:
		return err
	case <-i.process.Done():
		return i.exitError()
	case <-time.After(initLimit):
		return &FunctionError{"Sandbox.Timedout", fmt.Sprintf("Init timed out after %s", initLimit)}
	}
}

// invoke hands the event to the process and waits for its answer.
func (i *instance) invoke(event []byte) result {
	timeout := i.function.properties.timeout()
	v := &invocation{id: ids.UUID(), event: event, deadline: time.Now().Add(timeout), done: make(chan result, 1)}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case i.events <- v:
	case <-i.process.Done():
		return result{err: errNotDelivered}
	case <-timer.C:
		return i.timedOut(v)
	}
	select {
	case r := <-v.done:
		return r
	case <-i.process.Done():
		return i.afterExit(v)
	case <-timer.C:
		return i.timedOut(v)
	}
}

// afterExit returns the answer that the process gave just before it ended, if
// it gave one.
func (i *instance) afterExit(v *invocation) result {
	select {
	case r := <-v.done:
		return r
	default:
		return result{err: i.exitError()}
	}
}

func (i *instance) timedOut(v *invocation) result {
	i.kill()
	return result{err: &FunctionError{
		"Sandbox.Timedout",
		fmt.Sprintf("RequestId: %s Error: Task timed out after %d.00 seconds", v.id, i.function.properties.Timeout),
	}}
}

func (i *instance) exitError() *FunctionError {
	return &FunctionError{"Runtime.ExitError", i.process.Err().Error()}
}

// next answers the process's question for the next event, which may take any
// time.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.polled()
	select {
	case v := <-i.events:
		i.mu.Lock()
		i.current = v
		i.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", v.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(v.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", i.function.arn)
		h.Set("Lambda-Runtime-Trace-Id", "Root="+ids.Trace(time.Now())+";Parent="+ids.Hex(8)+";Sampled=0")
		w.Write(v.event)
	case <-r.Context().Done():
	}
}

func (i *instance) respond(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		i.answer(w, r, result{err: &FunctionError{
			"Function.ResponseSizeTooLarge",
			fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse),
		}})
		return
	}
	i.answer(w, r, result{payload: payload})
}

func (i *instance) fail(w http.ResponseWriter, r *http.Request) {
	i.answer(w, r, result{err: readError(r)})
}

func (i *instance) failInit(w http.ResponseWriter, r *http.Request) {
	select {
	case i.failed <- readError(r):
	default: // one report is enough
	}
	accept(w)
}

// answer ends the current invocation with the result, if the request is about
// it.
func (i *instance) answer(w http.ResponseWriter, r *http.Request, outcome result) {
	i.mu.Lock()
	v := i.current
	if v == nil || v.id != r.PathValue("id") {
		i.mu.Unlock()
		http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`, http.StatusBadRequest)
		return
	}
	i.current = nil
	i.mu.Unlock()
	v.done <- outcome
	accept(w)
}

func readError(r *http.Request) *FunctionError {
	reported := &FunctionError{Type: "Unhandled"}
	// What can't be read is still a failure, only a nameless one.
	_ = json.NewDecoder(io.LimitReader(r.Body, maxResponse)).Decode(reported)
	return reported
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`)
}
