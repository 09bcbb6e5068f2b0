// Command local serves the synthesized app on this machine: the load balancer,
// the private REST API, the functions and the bucket of the very templates
// that `cdk deploy` would ship, without an AWS account.
//
// It knows the templates, the programs named in them and HTTP; nothing of how
// the app is written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"onedoor/local/process"
)

// options are the command line.
type options struct {
	addr      string
	cdkOut    string
	data      string
	s3        *url.URL
	dynamodb  *url.URL
	versitygw string
	dynalite  string
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go interrupt(cancel)
	err = run(ctx, o, os.Stdout, os.Stderr)
	process.KillAll()
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// interrupt cancels on the first signal and kills everything on the second.
func interrupt(cancel func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	<-signals
	cancel()
	<-signals
	process.KillAll()
	os.Exit(130)
}

func parse(args []string, output io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to serve on, loopback only; port 0 takes any free port")
	flags.StringVar(&o.cdkOut, "cdk-out", "cdk.out", "`folder` of the synthesized app")
	flags.StringVar(&o.data, "data", ".local", "`folder` for objects, tables, programs and the certificate")
	flags.Func("s3", "`URL` of an S3 server to use instead of versitygw", serverURL(&o.s3))
	flags.Func("dynamodb", "`URL` of a DynamoDB server to use instead of dynalite", serverURL(&o.dynamodb))
	flags.StringVar(&o.versitygw, "versitygw", "build/versitygw", "`program` that serves S3")
	flags.StringVar(&o.dynalite, "dynalite", "node_modules/.bin/dynalite", "`program` that serves DynamoDB")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err == nil {
		err = requireLoopback(o.addr)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(output, "local:", err)
	}
	return o, err
}

func serverURL(into **url.URL) func(string) error {
	return func(value string) error {
		u, err := url.Parse(value)
		if err != nil {
			return err
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return errors.New("want http://host:port or https://host:port")
		}
		*into = u
		return nil
	}
}

// requireLoopback refuses addresses that others can reach: the credentials of
// the local services are in the source for everyone to read.
func requireLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("-addr %s: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("-addr %s: only loopback addresses are served, since the local credentials are public; want 127.0.0.1:port", addr)
	}
	return nil
}
