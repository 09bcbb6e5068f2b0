package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"onedoor/local/door"
	"onedoor/local/gateway"
	"onedoor/local/objects"
	"onedoor/local/process"
	"onedoor/local/runtime"
	"onedoor/local/tables"
	"onedoor/local/template"
)

const (
	// startLimit bounds how long everything may take to be ready, building the
	// functions with an empty cache included.
	startLimit = 5 * time.Minute
	// drainLimit is how long requests under way may take once stopping began.
	drainLimit = 5 * time.Second
)

// local is the app on this machine.
type local struct {
	options
	stderr io.Writer

	store     *objects.Store
	tables    *tables.Tables
	functions *runtime.Functions
	door      *door.Door

	// children are the programs that must not end before local does.
	children []*process.Process
}

// run serves the app until the context ends.
func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	l := &local{options: o, stderr: stderr}
	if err := l.load(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s is taken; choose another address with -addr", o.addr)
		}
		return err
	}
	defer listener.Close()
	unlock, err := lockData(o.data)
	if err != nil {
		return err
	}
	defer unlock()
	defer l.stop()
	if err := l.start(ctx); err != nil {
		return err
	}
	return l.serve(ctx, listener, stdout)
}

// load reads the templates: whatever local doesn't understand is an error
// before anything runs.
func (l *local) load() error {
	app, err := template.Load(l.cdkOut)
	if err != nil {
		return err
	}
	served := slices.Concat(door.Types, gateway.Types, []string{runtime.FunctionType, objects.BucketType, tables.TableType})
	if err := app.Check(served); err != nil {
		return err
	}
	if l.store, err = objects.Load(app); err != nil {
		return err
	}
	if l.tables, err = tables.Load(app); err != nil {
		return err
	}
	if l.functions, err = runtime.Load(app); err != nil {
		return err
	}
	api, err := gateway.New(app, func(arn string) (gateway.Invoker, error) { return l.functions.Use(arn) })
	if err != nil {
		return err
	}
	l.door, err = door.New(app, door.Targets{
		Services: map[string]http.Handler{"execute-api": api, "s3": l.store},
		Function: func(arn string) (door.Invoker, error) { return l.functions.Use(arn) },
	})
	if err != nil {
		return err
	}
	return l.store.Serve(l.door.HostsOf(l.store))
}

// start readies everything behind the door.
func (l *local) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	credentials := l.credentials()
	built := make(chan error, 1)
	go func() { built <- l.functions.Build(ctx, filepath.Join(l.data, "bin")) }()
	err := errors.Join(l.startStore(ctx, credentials), l.startTables(ctx, credentials), <-built)
	if err != nil {
		return err
	}
	environment := map[string]string{
		"AWS_ACCESS_KEY_ID":     credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY": credentials.SecretAccessKey,
		"AWS_ENDPOINT_URL_S3":   l.store.Endpoint(),
	}
	if endpoint := l.tables.Endpoint(); endpoint != "" {
		environment["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
	}
	return l.functions.Start(environment, l.stderr)
}

// credentials are fixed, since they only open what lies on this machine; those
// of another server come from the environment.
func (l *local) credentials() aws.Credentials {
	if id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"); (l.s3 != nil || l.dynamodb != nil) && id != "" {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}
	}
	return aws.Credentials{AccessKeyID: "AKIALOCALDOOR", SecretAccessKey: "local-secret-that-opens-nothing-else"}
}

const (
	sampleKey  = "objects/hello.txt"
	sampleText = "Hello from behind the one door.\n"
)

func (l *local) startStore(ctx context.Context, credentials aws.Credentials) error {
	if err := l.runStore(ctx, credentials); err != nil {
		return err
	}
	return l.store.Seed(ctx, sampleKey, "text/plain; charset=utf-8", strings.NewReader(sampleText))
}

func (l *local) runStore(ctx context.Context, credentials aws.Credentials) error {
	if l.s3 != nil {
		return l.store.Use(ctx, l.s3, credentials)
	}
	program, err := find(l.versitygw)
	if err != nil {
		return err
	}
	p, err := l.store.StartVersitygw(ctx, program, filepath.Join(l.data, "s3"), credentials)
	return l.adopt(p, err)
}

func (l *local) startTables(ctx context.Context, credentials aws.Credentials) error {
	switch {
	case l.tables.None():
		return nil
	case l.dynamodb != nil:
		return l.tables.Use(ctx, l.dynamodb, credentials)
	}
	program, err := find(l.dynalite)
	if err != nil {
		return err
	}
	p, err := l.tables.StartDynalite(ctx, program, filepath.Join(l.data, "dynamodb"), credentials)
	return l.adopt(p, err)
}

// adopt takes a program that may have been started even though it isn't ready.
func (l *local) adopt(p *process.Process, err error) error {
	if p != nil {
		l.children = append(l.children, p)
	}
	return err
}

// find returns the absolute path of a program.
func find(program string) (string, error) {
	found, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s isn't there: run `make setup`, or name another program with its flag", program)
	}
	return filepath.Abs(found)
}

// stop ends every program.
func (l *local) stop() {
	l.functions.Close()
	for _, p := range l.children {
		p.Stop()
	}
}
