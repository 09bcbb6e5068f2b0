package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"onedoor/local/runtime"
	"onedoor/local/template/templatetest"
)

// binaries is where the tests of this package share compiled functions.
var binaries string

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "functions"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(binaries)
	os.Exit(code)
}

const probeARN = "arn:aws:lambda:eu-central-1:000000000000:function:probe"

// load reads an app with the function probe, of which properties are some.
func load(t *testing.T, properties string) *runtime.Functions {
	t.Helper()
	f, err := runtime.Load(templatetest.Load(t, map[string]string{"app": `{"Resources": {
		"Probe": {
			"Type": "AWS::Lambda::Function",
			"Metadata": {"onedoor:package": "./testdata/probe"},
			"Properties": {"FunctionName": "probe", "Runtime": "provided.al2023", "Handler": "bootstrap", ` + properties + `
				"Code": {"S3Bucket": {"Fn::Sub": "cdk-assets-${AWS::AccountId}"}}}
		},
		"Stranger": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs24.x"}}
	}}`}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// probe starts the function probe.
func probe(t *testing.T, properties string) (*runtime.Function, *logs) {
	t.Helper()
	f := load(t, properties)
	function, err := f.Use(probeARN)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Build(t.Context(), binaries); err != nil {
		t.Fatal(err)
	}
	log := &logs{}
	if err := f.Start(map[string]string{"AWS_ACCESS_KEY_ID": "AKIDLOCAL"}, log); err != nil {
		t.Fatal(err)
	}
	return function, log
}

// logs is a buffer that functions may write to while a test reads it.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type answer struct {
	Pid         int
	RequestID   string
	ARN         string
	Deadline    time.Time
	Environment []string
}

func invoke(t *testing.T, f *runtime.Function, event string) answer {
	t.Helper()
	payload, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatalf("Invoke(%s): %v", event, err)
	}
	var a answer
	if err := json.Unmarshal(payload, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func invokeError(t *testing.T, f *runtime.Function, event string) *runtime.FunctionError {
	t.Helper()
	payload, err := f.Invoke(t.Context(), []byte(event))
	var failure *runtime.FunctionError
	if !errors.As(err, &failure) {
		t.Fatalf("Invoke(%s) = %.100s, %v; want a FunctionError", event, payload, err)
	}
	return failure
}

func TestFunctionGetsTheTemplatesEnvironmentAndLambdasOnly(t *testing.T) {
	t.Setenv("HOME_OF_THE_DEVELOPER", "/home/dev")
	t.Setenv("AWS_PROFILE", "production")
	f, _ := probe(t, `"MemorySize": 256, "Environment": {"Variables": {"ONEDOOR_REGION": {"Ref": "AWS::Region"}}},
		"LoggingConfig": {"LogFormat": "JSON"},`)
	got := invoke(t, f, `{}`)
	var names []string
	for _, variable := range got.Environment {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{
		"AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
		"AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_GROUP_NAME",
		"AWS_LAMBDA_LOG_LEVEL", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "LAMBDA_RUNTIME_DIR",
		"LAMBDA_TASK_ROOT", "LANG", "ONEDOOR_REGION", "PATH", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("variables mismatch (-want +got):\n%s", diff)
	}
	for _, variable := range []string{
		"ONEDOOR_REGION=eu-central-1", "AWS_LAMBDA_FUNCTION_NAME=probe", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDLOCAL", "_HANDLER=bootstrap", "AWS_LAMBDA_LOG_FORMAT=JSON",
	} {
		if !slices.Contains(got.Environment, variable) {
			t.Errorf("environment lacks %s", variable)
		}
	}
}

func TestEachInvocationHasItsContext(t *testing.T) {
	f, _ := probe(t, `"Timeout": 7,`)
	before := time.Now()
	first, second := invoke(t, f, `{}`), invoke(t, f, `{}`)
	if first.RequestID == "" || first.RequestID == second.RequestID {
		t.Errorf("request IDs %q and %q; want two different ones", first.RequestID, second.RequestID)
	}
	if first.ARN != probeARN {
		t.Errorf("function ARN = %q; want %q", first.ARN, probeARN)
	}
	if left := first.Deadline.Sub(before); left < 6*time.Second || left > 8*time.Second {
		t.Errorf("deadline in %s; want about 7 s", left)
	}
	if first.Pid != second.Pid {
		t.Errorf("processes %d and %d; want one that is used again", first.Pid, second.Pid)
	}
}

func TestConcurrentInvocationsRunInProcessesOfTheirOwn(t *testing.T) {
	f, _ := probe(t, `"Timeout": 10,`)
	pids := make(chan int, 4)
	for range 4 {
		go func() {
			payload, err := f.Invoke(context.Background(), []byte(`{"Sleep": 500000000}`))
			var a answer
			if err == nil {
				err = json.Unmarshal(payload, &a)
			}
			if err != nil {
				t.Error(err)
			}
			pids <- a.Pid
		}()
	}
	seen := map[int]bool{}
	for range 4 {
		seen[<-pids] = true
	}
	if len(seen) != 4 {
		t.Errorf("4 invocations at a time ran in %d processes; want 4", len(seen))
	}
}

func TestMoreInvocationsThanProcessesWait(t *testing.T) {
	f, _ := probe(t, `"Timeout": 20,`)
	var wait sync.WaitGroup
	for range 60 {
		wait.Go(func() {
			if _, err := f.Invoke(context.Background(), []byte(`{"Sleep": 10000000}`)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	f, _ := probe(t, `"ReservedConcurrentExecutions": 1, "Timeout": 10,`)
	done := make(chan error, 1)
	go func() {
		_, err := f.Invoke(context.Background(), []byte(`{"Sleep": 700000000}`))
		done <- err
	}()
	time.Sleep(300 * time.Millisecond)
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, runtime.ErrThrottled) {
		t.Errorf("second invocation: %v; want ErrThrottled", err)
	}
	if err := <-done; err != nil {
		t.Errorf("first invocation: %v", err)
	}
	invoke(t, f, `{}`)
}

func TestFailuresOfAFunction(t *testing.T) {
	f, _ := probe(t, `"Timeout": 1,`)
	for _, test := range []struct{ event, wantType, wantMessage string }{
		{`{"Do": "fail"}`, "errorString", "not today"},
		{`{"Do": "panic"}`, "string", "at the disco"},
		{`{"Do": "exit"}`, "Runtime.ExitError", "exit status 3"},
		{`{"Sleep": 3000000000}`, "Sandbox.Timedout", "Task timed out after 1.00 seconds"},
		{`{"Do": "large"}`, "Function.ResponseSizeTooLarge", "6291456"},
		{`"no object"`, "UnmarshalTypeError", "cannot unmarshal"},
	} {
		failure := invokeError(t, f, test.event)
		if failure.Type != test.wantType || !strings.Contains(failure.Message, test.wantMessage) {
			t.Errorf("%s failed with %v; want type %s and %q", test.event, failure, test.wantType, test.wantMessage)
		}
		invoke(t, f, `{}`) // the next invocation has a process again
	}
}

func TestAProcessKilledBetweenInvocationsIsReplaced(t *testing.T) {
	f, _ := probe(t, ``)
	for range 5 {
		pid := invoke(t, f, `{}`).Pid
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		if next := invoke(t, f, `{}`).Pid; next == pid {
			t.Errorf("process %d answered after it was killed", pid)
		}
	}
}

func TestAProcessKilledInAnInvocationFailsIt(t *testing.T) {
	f, _ := probe(t, `"Timeout": 10,`)
	pid := invoke(t, f, `{}`).Pid
	time.AfterFunc(200*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGKILL) })
	failure := invokeError(t, f, `{"Sleep": 5000000000}`)
	if failure.Type != "Runtime.ExitError" || !strings.Contains(failure.Message, "signal: killed") {
		t.Errorf("failure = %v; want Runtime.ExitError by signal", failure)
	}
}

func TestInvokeGivesUpWithItsContextButTheFunctionRunsOn(t *testing.T) {
	f, log := probe(t, `"Timeout": 10,`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.Invoke(ctx, []byte(`{"Do": "log", "Sleep": 300000000}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Invoke = %v; want context.DeadlineExceeded", err)
	}
	waitFor(t, log, "hello from the function")
}

func TestLogLinesNameTheFunction(t *testing.T) {
	f, log := probe(t, ``)
	invoke(t, f, `{"Do": "log"}`)
	waitFor(t, log, "probe | hello from the function\n")
}

func waitFor(t *testing.T, log *logs, text string) {
	t.Helper()
	for range 100 {
		if strings.Contains(log.String(), text) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("log = %q; want %q in it", log, text)
}

func TestCloseLeavesNoProcess(t *testing.T) {
	f := load(t, ``)
	function, err := f.Use(probeARN)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Build(t.Context(), binaries); err != nil {
		t.Fatal(err)
	}
	if err := f.Start(nil, &logs{}); err != nil {
		t.Fatal(err)
	}
	pid := invoke(t, function, `{}`).Pid
	f.Close()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d after Close: %v; want no such process", pid, err)
	}
	if _, err := function.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("Invoke after Close: %v; want ErrClosed", err)
	}
}

func TestStartReportsAFunctionThatCannotStart(t *testing.T) {
	f := load(t, `"Environment": {"Variables": {"PROBE_FAILS": "yes"}},`)
	if _, err := f.Use(probeARN); err != nil {
		t.Fatal(err)
	}
	if err := f.Build(t.Context(), binaries); err != nil {
		t.Fatal(err)
	}
	log := &logs{}
	err := f.Start(nil, log)
	if err == nil || !strings.Contains(err.Error(), "start function probe") || !strings.Contains(err.Error(), "exit status 4") {
		t.Errorf("Start = %v; want the function's name and end", err)
	}
	waitFor(t, log, "probe | no settings\n")
}

func TestUseNamesWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ properties, arn, want string }{
		{``, "arn:aws:lambda:eu-central-1:000000000000:function:other", "no function arn:aws:lambda:eu-central-1:000000000000:function:other"},
		{``, "arn:aws:lambda:eu-central-1:000000000000:function:app-Stranger", `resource Stranger (AWS::Lambda::Function): property Runtime: want provided.`},
		{`"Layers": ["x"],`, probeARN, "resource Probe (AWS::Lambda::Function): property Layers: not understood"},
		{`"Environment": {"Variables": {"A": {"Fn::If": []}}},`, probeARN, "property Environment.Variables.A: Fn::If"},
	} {
		_, err := load(t, test.properties).Use(test.arn)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Use(%s) = %v; want an error that says %q", test.arn, err, test.want)
		}
	}
}

func TestBuildReportsTheCompilersWords(t *testing.T) {
	f, err := runtime.Load(templatetest.Load(t, map[string]string{"app": `{"Resources": {"F": {"Type": "AWS::Lambda::Function",
		"Metadata": {"onedoor:package": "./testdata/nothing"}, "Properties": {"Runtime": "provided.al2023"}}}}`}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Use("arn:aws:lambda:eu-central-1:000000000000:function:app-F"); err != nil {
		t.Fatal(err)
	}
	err = f.Build(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(fmt.Sprint(err), "build function ./testdata/nothing") || !strings.Contains(err.Error(), "directory") {
		t.Errorf("Build = %v; want the compiler's words", err)
	}
}
