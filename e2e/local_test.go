package e2e

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// What the local door's own documentation says of itself.
var (
	localCredentials = aws.Credentials{AccessKeyID: "AKIALOCALDOOR", SecretAccessKey: "local-secret-that-opens-nothing-else"}
	localSample      = object{key: "objects/hello.txt", sha256: sha256Hex([]byte("Hello from behind the one door.\n"))}
)

const localDomain = "onedoor.localhost"

// stages are the two ways to address a bucket, as cdk.json has them, with the
// region and with the Host by which S3 then knows the bucket.
var stages = []struct{ stage, mode, region, bucket, host string }{
	{"local", "bucket named after the domain", "us-east-1", localDomain, localDomain},
	{"local-bucket", "bucket of another name", "eu-central-1", "onedoor-local-objects", "onedoor-local-objects.s3.eu-central-1.amazonaws.com"},
}

const root = ".." // of the repository

// workspace is the folder of everything that this run makes, and what runs in
// it.
var workspace struct {
	dir   string
	doors []*localDoor
	// closers end what else runs, after the doors.
	closers []func() error
}

// localDoor is a process of the local door.
type localDoor struct {
	program  string
	assembly string // the folder that cdk synth made
	data     string
	more     []string // arguments

	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed when the process has ended
	err    error         // why it ended; read after done

	address string // where it serves
}

// openLocalDoors synthesizes, builds and starts a door for each stage.
func openLocalDoors() ([]*door, error) {
	if err := requireSetup(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "onedoor-e2e-")
	if err != nil {
		return nil, err
	}
	workspace.dir = dir
	program := filepath.Join(dir, "door")
	steps := []func() error{func() error { return command(root, "go", "build", "-o", program, "./local") }}
	for _, s := range stages {
		steps = append(steps, func() error { return synthesize(root, s.stage, filepath.Join(dir, "cdk.out-"+s.stage)) })
	}
	if err := together(steps); err != nil {
		return nil, err
	}
	all := make([]*door, len(stages))
	steps = nil
	for i, s := range stages {
		l := &localDoor{program: program, assembly: filepath.Join(dir, "cdk.out-"+s.stage), data: filepath.Join(dir, "data-"+s.stage)}
		workspace.doors = append(workspace.doors, l)
		all[i] = &door{
			name: s.mode, stage: s.stage, sample: localSample, local: l,
			store: &store{bucket: s.bucket, host: s.host, region: s.region, credentials: localCredentials},
		}
		steps = append(steps, all[i].open)
	}
	return all, together(steps)
}

// another is a door like d that isn't open yet: on the assembly, with data of its
// own, started with more arguments.
func (d *door) another(assembly, data string, more ...string) *door {
	other := *d
	other.local = &localDoor{program: d.local.program, assembly: assembly, data: data, more: more}
	other.store = new(*d.store)
	return &other
}

// start opens a door for one test.
func (d *door) start(t *testing.T) {
	t.Helper()
	err := d.open()
	t.Cleanup(func() {
		if err := d.local.close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// open starts the local door and connects to it.
func (d *door) open() (err error) {
	if err := d.local.start(); err != nil {
		return err
	}
	if d.store.url, err = d.local.s3(); err != nil {
		return err
	}
	d.client, err = d.local.client()
	return err
}

// closeLocal stops the doors and removes what they left. It reports processes
// that outlived them.
func closeLocal() error {
	var errs []error
	for _, l := range workspace.doors {
		errs = append(errs, l.close())
	}
	for _, end := range workspace.closers {
		errs = append(errs, end())
	}
	if workspace.dir != "" {
		errs = append(errs, os.RemoveAll(workspace.dir))
	}
	return errors.Join(errs...)
}

// requireSetup finds the pinned tools and puts them first in PATH.
func requireSetup() error {
	for _, tool := range []string{"node_modules/.bin/cdk", "node_modules/.bin/dynalite", "build/versitygw"} {
		if _, err := os.Stat(filepath.Join(root, tool)); err != nil {
			return fmt.Errorf("%s is missing; run make setup", tool)
		}
	}
	bin, err := filepath.Abs(filepath.Join(root, "node_modules/.bin"))
	if err != nil {
		return err
	}
	return os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// synthesize makes the assembly of a stage by the cdk.json in dir.
func synthesize(dir, stage, assembly string) error {
	return command(dir, "cdk", "synth", "--quiet", "--no-notices", "-c", "stage="+stage, "-o", assembly)
}

// command runs a program in dir.
func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
}

// together runs all steps at once and returns all their errors.
func together(steps []func() error) error {
	errs := make([]error, len(steps))
	var wait sync.WaitGroup
	for i, step := range steps {
		wait.Go(func() { errs[i] = step() })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// readyLimit is how long a door may take to build its functions and start.
const readyLimit = 2 * time.Minute

// readyLine is what the door says when it serves.
var readyLine = regexp.MustCompile(`(?m)^ready: https://` + regexp.QuoteMeta(localDomain) + ` on (\S+)$`)

// curlLine is a command that the door says to try.
var curlLine = regexp.MustCompile(`(?m)^\s*(curl .*)$`)

// start starts the door on a free port and waits until it says that it is
// ready. The error of a door that isn't holds all that it says.
func (l *localDoor) start() error {
	l.cmd = l.command()
	l.output = &output{changed: make(chan struct{}, 1)}
	l.cmd.Stdout, l.cmd.Stderr = l.output, l.output
	if err := l.cmd.Start(); err != nil {
		return err
	}
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		l.err = l.cmd.Wait()
	}()
	deadline := time.After(readyLimit)
	for {
		if ready := readyLine.FindStringSubmatch(l.output.String()); ready != nil {
			l.address = ready[1]
			return nil
		}
		select {
		case <-l.output.changed:
		case <-l.done:
			return fmt.Errorf("the door ended before it was ready: %v\n%s", l.err, l.output)
		case <-deadline:
			return fmt.Errorf("the door isn't ready after %s\n%s", readyLimit, l.output)
		}
	}
}

// s3 finds where the door's S3 server listens.
func (l *localDoor) s3() (string, error) {
	for _, pid := range descendants(l.cmd.Process.Pid) {
		arguments := arguments(pid)
		if i := slices.Index(arguments, "--port"); i > 0 && filepath.Base(arguments[0]) == "versitygw" {
			return "http://" + arguments[i+1], nil
		}
	}
	return "", errors.New("the door runs no versitygw")
}

// command is the door's command line. The door gets a process group of its own,
// as in a terminal, where Ctrl-C goes to the whole group.
func (l *localDoor) command() *exec.Cmd {
	arguments := []string{"-addr", "127.0.0.1:0", "-data", l.data, "-cdk-out", l.assembly}
	cmd := exec.Command(l.program, append(arguments, l.more...)...)
	cmd.Dir = root
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// interrupt is Ctrl-C.
func (l *localDoor) interrupt() error { return syscall.Kill(-l.cmd.Process.Pid, syscall.SIGINT) }

// close stops the door if it was started.
func (l *localDoor) close() error {
	if l.done == nil {
		return nil
	}
	return l.stop()
}

// stopLimit is how long the door may take to stop.
const stopLimit = 10 * time.Second

// stop interrupts the door, waits for its end and reports a failure of it and
// the processes that it leaves.
func (l *localDoor) stop() error {
	select {
	case <-l.done:
		return nil // it never was ready, and start has told
	default:
	}
	children := descendants(l.cmd.Process.Pid)
	if err := l.interrupt(); err != nil {
		return fmt.Errorf("interrupt the door, which had ended: %w\n%s", err, l.output)
	}
	select {
	case <-l.done:
	case <-time.After(stopLimit):
		l.cmd.Process.Kill()
		return fmt.Errorf("the door didn't stop within %s of Ctrl-C\n%s", stopLimit, l.output)
	}
	var errs []error
	if l.err != nil {
		errs = append(errs, fmt.Errorf("the door, stopped by Ctrl-C, failed: %w\n%s", l.err, l.output))
	}
	if left := survivors(children); len(left) > 0 {
		errs = append(errs, fmt.Errorf("the door left the processes %v of %v", left, children))
	}
	return errors.Join(errs...)
}

// client trusts the authority of this start of the door.
func (l *localDoor) client() (client, error) {
	caFile := filepath.Join(l.data, "ca.pem")
	authority, err := os.ReadFile(caFile)
	if err != nil {
		return client{}, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return client{}, fmt.Errorf("%s holds no certificate", caFile)
	}
	c := newClient(localDomain, l.address, l.address, roots)
	c.caFile = caFile
	return c, nil
}

// output collects what a door says.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits for a line that holds all of words.
func (o *output) await(words ...string) (line string, found bool) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(o.String()) {
			if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
				return line, true
			}
		}
	}
	return "", false
}
