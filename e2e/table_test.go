package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// dynalite is a DynamoDB server that the suite runs itself.
type dynalite struct {
	address string
	process *exec.Cmd
}

func startDynalite() (*dynalite, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(root, "node_modules/.bin/dynalite")
	d := &dynalite{address: address, process: exec.Command(program, "--host", host, "--port", port, "--createTableMs", "0")}
	if err := d.process.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			return d, conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	d.stop()
	return nil, fmt.Errorf("dynalite doesn't listen on %s", address)
}

func (d *dynalite) stop() error {
	err := d.process.Process.Kill()
	d.process.Wait() // reports the kill
	return err
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// rows are all rows of all tables, as DynamoDB's JSON.
func (d *dynalite) rows(t *testing.T) (rows []json.RawMessage) {
	t.Helper()
	var tables struct{ TableNames []string }
	d.call(t, "ListTables", map[string]any{}, &tables)
	if len(tables.TableNames) == 0 {
		t.Fatal("DynamoDB has no table, so its rows can't be counted")
	}
	for _, table := range tables.TableNames {
		input := map[string]any{"TableName": table}
		for {
			var page struct {
				Items            []json.RawMessage
				LastEvaluatedKey any
			}
			d.call(t, "Scan", input, &page)
			rows = append(rows, page.Items...)
			if page.LastEvaluatedKey == nil {
				break
			}
			input["ExclusiveStartKey"] = page.LastEvaluatedKey
		}
	}
	return rows
}

func (d *dynalite) call(t *testing.T, operation string, input, output any) {
	t.Helper()
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+d.address+"/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", targetPrefix+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	if err := signer().SignHTTP(t.Context(), localCredentials, r, sha256Hex(body), "dynamodb", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	received, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer := readAll(t, received)
	if err := json.Unmarshal(answer.body, output); err != nil || answer.status != http.StatusOK {
		t.Fatalf("%s = %d %.300s", operation, answer.status, answer.body)
	}
}

// targetPrefix stands before the operation in the header X-Amz-Target.
const targetPrefix = "DynamoDB_20120810."

// tableProxy stands between a door and DynamoDB. It counts calls, and answers
// as a table in trouble where it is told to.
type tableProxy struct {
	address string
	backend string
	client  *http.Client
	server  *http.Server

	// pending is the number of calls under way.
	pending atomic.Int64

	mu sync.Mutex
	// calls counts by operation.
	calls map[string]int
	// trouble decides about each call; nil for a table that is well.
	trouble func(operation string) fault
}

// fault answers a call in place of the table. With forward it hands the call to
// the table.
type fault func(w http.ResponseWriter, forward func() (response, error))

func newTableProxy(backend string) (*tableProxy, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &tableProxy{
		address: address, backend: backend, calls: map[string]int{},
		// dynalite closes idle connections after five seconds.
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: crowd, IdleConnTimeout: time.Second}},
	}
	return p, p.open()
}

// open takes connections on the address of the proxy.
func (p *tableProxy) open() error {
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	p.server = &http.Server{Handler: p}
	go p.server.Serve(listener)
	return nil
}

// close refuses all connections, until open.
func (p *tableProxy) close() error { return p.server.Close() }

func (p *tableProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.pending.Add(1)
	defer p.pending.Add(-1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	answer := well
	p.mu.Lock()
	p.calls[operation]++
	if p.trouble != nil {
		answer = p.trouble(operation)
	}
	p.mu.Unlock()
	answer(w, func() (response, error) { return p.forward(r.Header, body) })
}

// forward sends a call on. It does so whether or not the caller still waits.
func (p *tableProxy) forward(header http.Header, body []byte) (response, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+p.backend+"/", bytes.NewReader(body))
	if err != nil {
		return response{}, err
	}
	r.Header = header.Clone()
	received, err := p.client.Do(r)
	if err != nil {
		return response{}, err
	}
	return readWhole(received)
}

// suffer lets trouble decide about each call from now on.
func (p *tableProxy) suffer(trouble func(operation string) fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = trouble
}

// sufferFirst puts faults in place of the first calls of an operation.
func (p *tableProxy) sufferFirst(operation string, faults ...fault) {
	p.suffer(func(called string) fault {
		if called != operation || len(faults) == 0 {
			return well
		}
		next := faults[0]
		faults = faults[1:]
		return next
	})
}

// recover makes the table well, and returns once all that was late has taken
// effect.
func (p *tableProxy) recover() {
	p.suffer(nil)
	for p.pending.Load() > 0 {
		time.Sleep(10 * time.Millisecond)
	}
}

// count returns the calls that do makes, by operation.
func (p *tableProxy) count(do func()) map[string]int {
	p.mu.Lock()
	p.calls = map[string]int{}
	p.mu.Unlock()
	do()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// tooLong is more than any caller waits for the table.
const tooLong = 1500 * time.Millisecond

// What may become of a call.
var (
	// well is a table that answers.
	well fault = func(w http.ResponseWriter, forward func() (response, error)) {
		answer, err := forward()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		for name, values := range answer.header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.status)
		w.Write(answer.body)
	}
	// throttled is refused before it takes effect.
	throttled fault = func(w http.ResponseWriter, _ func() (response, error)) {
		writeFault(w, http.StatusBadRequest, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
	}
	// failed breaks before it takes effect.
	failed fault = func(w http.ResponseWriter, _ func() (response, error)) {
		writeFault(w, http.StatusInternalServerError, "com.amazonaws.dynamodb.v20120810#InternalServerError")
	}
	// failedAfterwards takes effect and is said to have failed.
	failedAfterwards fault = func(w http.ResponseWriter, forward func() (response, error)) {
		forward()
		writeFault(w, http.StatusInternalServerError, "com.amazonaws.dynamodb.v20120810#InternalServerError")
	}
	// unheard never reaches the table.
	unheard fault = func(http.ResponseWriter, func() (response, error)) { panic(http.ErrAbortHandler) }
	// lost takes effect and isn't answered.
	lost fault = func(_ http.ResponseWriter, forward func() (response, error)) {
		forward()
		panic(http.ErrAbortHandler)
	}
	// late takes effect once nobody waits any longer.
	late fault = func(_ http.ResponseWriter, forward func() (response, error)) {
		time.Sleep(tooLong)
		forward()
	}
	// slow takes effect at once and is answered once nobody waits any longer.
	slow fault = func(_ http.ResponseWriter, forward func() (response, error)) {
		forward()
		time.Sleep(tooLong)
	}
)

func writeFault(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"message":"injected by the test"}`, kind)
}

// watched is a door whose table the suite can watch and break.
type watched struct {
	*door
	table  *dynalite
	access *tableProxy
}

// watchedDoor is started by the first test that needs it. Such tests don't run
// side by side.
var watchedDoor = sync.OnceValues(func() (*watched, error) {
	table, err := startDynalite()
	if err != nil {
		return nil, err
	}
	workspace.closers = append(workspace.closers, table.stop)
	access, err := newTableProxy(table.address)
	if err != nil {
		return nil, err
	}
	workspace.closers = append(workspace.closers, access.close)
	d := doors[0].another(doors[0].local.assembly, filepath.Join(workspace.dir, "data-watched"), "-dynamodb", "http://"+access.address)
	workspace.doors = append(workspace.doors, d.local)
	return &watched{d, table, access}, d.open()
})

// throughAWatchedDoor runs a test on the watched door, whose table is well
// before and after it.
func throughAWatchedDoor(t *testing.T, why string, test func(t *testing.T, d *watched)) {
	t.Helper()
	if isDeployment() {
		t.Skip("not on a deployment: " + why)
	}
	d, err := watchedDoor()
	if err != nil {
		t.Fatal(err)
	}
	defer d.access.recover()
	test(t, d)
}
