// Package runtime runs the app's Lambda functions: the real programs, compiled
// for this machine, under the Lambda Runtime API on loopback.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"onedoor/local/template"
)

// FunctionType is the resource type that this package serves.
const FunctionType = "AWS::Lambda::Function"

// packageMetadata is the entry of a function's resource metadata that names
// its Go package.
const packageMetadata = "onedoor:package"

// Functions are the Lambda functions of the app.
type Functions struct {
	byARN map[string]*Function
	used  []*Function
}

// properties are the properties of AWS::Lambda::Function.
type properties struct {
	Environment                  struct{ Variables map[string]string }
	FunctionName                 string
	Handler                      string
	LoggingConfig                loggingConfig
	MemorySize                   int
	ReservedConcurrentExecutions int
	Runtime                      string
	Timeout                      int

	Architectures, Code, DeadLetterConfig, Description, EphemeralStorage template.Ignored
	KmsKeyArn, RecursiveLoop, Role, Tags, TracingConfig, VpcConfig       template.Ignored
}

type loggingConfig struct {
	LogFormat, ApplicationLogLevel string
	LogGroup, SystemLogLevel       template.Ignored
}

// Load reads the app's functions.
func Load(a *template.Assembly) (*Functions, error) {
	functions := &Functions{byARN: map[string]*Function{}}
	for _, r := range a.Resources(FunctionType) {
		arn, err := r.ARN()
		if err != nil {
			return nil, err
		}
		if functions.byARN[arn] != nil {
			return nil, r.Errorf("another function has the name %s", arn)
		}
		functions.byARN[arn] = &Function{arn: arn, resource: r}
	}
	return functions, nil
}

// Use returns the function with the ARN. Only functions in use are built.
func (f *Functions) Use(arn string) (*Function, error) {
	function := f.byARN[arn]
	if function == nil {
		return nil, fmt.Errorf("no function %s in the app", arn)
	}
	if slices.Contains(f.used, function) {
		return function, nil
	}
	if err := function.load(); err != nil {
		return nil, err
	}
	f.used = append(f.used, function)
	return function, nil
}

// load reads what the template says of the function.
func (f *Function) load() error {
	f.properties = properties{MemorySize: 128, ReservedConcurrentExecutions: -1, Timeout: 3}
	if err := f.resource.Decode(&f.properties); err != nil {
		return err
	}
	if !strings.HasPrefix(f.properties.Runtime, "provided.") {
		return f.resource.Errorf("property Runtime: want provided.…, a program of its own, got %q", f.properties.Runtime)
	}
	f.pkg = f.resource.Metadata(packageMetadata)
	if f.pkg == "" {
		return f.resource.Errorf("no metadata %q that names its Go package", packageMetadata)
	}
	name, err := f.resource.Name()
	if err != nil {
		return err
	}
	f.name = name
	f.limit(f.properties.ReservedConcurrentExecutions)
	return nil
}

// Build compiles the functions in use for this machine into dir.
func (f *Functions) Build(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	programs := map[string]string{} // by package
	for _, function := range f.used {
		function.program = filepath.Join(dir, path.Base(function.pkg))
		programs[function.pkg] = function.program
	}
	for _, pkg := range slices.Sorted(maps.Keys(programs)) {
		if err := build(ctx, pkg, programs[pkg]); err != nil {
			return err
		}
	}
	return nil
}

// build compiles one package the way the CDK app does, but for this machine.
func build(ctx context.Context, pkg, program string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-tags", "lambda.norpc", "-ldflags=-s -w -buildid=", "-o", program, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build function %s: %w\n%s", pkg, err, output)
	}
	return nil
}

// Start runs one process of each function in use and waits until it asks for
// its first event, so that a function that can't start is known before the
// first request. Local is what Lambda would set and only this machine knows:
// credentials, and the endpoints of local services. What functions write goes
// to log, each line behind the function's name.
func (f *Functions) Start(local map[string]string, log io.Writer) error {
	shared := &lockedWriter{to: log}
	problems := make([]error, len(f.used))
	var wait sync.WaitGroup
	for i, function := range f.used {
		function.local, function.log = local, shared
		wait.Go(func() { problems[i] = function.warm() })
	}
	wait.Wait()
	return errors.Join(problems...)
}

// Close ends every process of every function.
func (f *Functions) Close() {
	var wait sync.WaitGroup
	for _, function := range f.used {
		wait.Go(function.close)
	}
	wait.Wait()
}

// timeout is how long an invocation may take.
func (p properties) timeout() time.Duration {
	return time.Duration(p.Timeout) * time.Second
}
