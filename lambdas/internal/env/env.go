// Package env reads a function's settings from its environment and reports
// every problem at once. There are no defaults: what a function needs, its
// infrastructure states.
package env

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Reader reads variables through a lookup such as os.LookupEnv and collects the
// problems for Err.
type Reader struct {
	lookup func(name string) (string, bool)
	errs   []error
}

// NewReader returns a Reader over lookup.
func NewReader(lookup func(name string) (string, bool)) *Reader {
	return &Reader{lookup: lookup}
}

// String reads a variable that must be set and not empty.
func (r *Reader) String(name string) string {
	value, _ := r.lookup(name)
	if value == "" {
		r.problem(name, "is not set")
	}
	return value
}

// Optional reads a variable that may be unset.
func (r *Reader) Optional(name string) string {
	value, _ := r.lookup(name)
	return value
}

// Credentials reads the session of the execution role, which Lambda puts into
// the environment. Lambda replaces the process before that session ends, so no
// credential provider is needed:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (r *Reader) Credentials() aws.Credentials {
	return aws.Credentials{
		AccessKeyID:     r.String("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: r.String("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    r.Optional("AWS_SESSION_TOKEN"), // users have none
	}
}

// Host reads a lower-case DNS name without scheme, port or path.
func (r *Reader) Host(name string) string {
	host := r.String(name)
	if host != strings.ToLower(host) || strings.ContainsAny(host, "/:@?# ") {
		r.problem(name, "is %q; want a lower-case host name without scheme, port or path", host)
	}
	return host
}

// Int reads a whole number from low to high.
func (r *Reader) Int(name string, low, high int) int {
	text := r.String(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		r.problem(name, "is %q; want a whole number from %d to %d", text, low, high)
	}
	return n
}

// Seconds reads a whole number of seconds from low to high.
func (r *Reader) Seconds(name string, low, high int) time.Duration {
	return time.Duration(r.Int(name, low, high)) * time.Second
}

// TTLs reads a longest life of at least a second and at most limit, and a
// default that doesn't exceed it, both in seconds.
func (r *Reader) TTLs(defaultName, maxName string, limit time.Duration) (byDefault, longest time.Duration) {
	longest = r.Seconds(maxName, 1, int(limit/time.Second))
	return r.Seconds(defaultName, 1, int(max(longest, time.Second)/time.Second)), longest
}

// Bool reads "true" or "false".
func (r *Reader) Bool(name string) bool {
	text := r.String(name)
	if text != "" && text != "true" && text != "false" {
		r.problem(name, "is %q; want true or false", text)
	}
	return text == "true"
}

// URL reads the absolute http or https URL of a server, without a path.
func (r *Reader) URL(name string) *url.URL {
	text := r.String(name)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		if text != "" {
			r.problem(name, "is %q; want a URL such as https://s3.eu-central-1.amazonaws.com", text)
		}
		return &url.URL{}
	}
	return u
}

// OneOf reads a whole number that is one of allowed.
func (r *Reader) OneOf(name string, allowed ...int) int {
	text := r.String(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || !slices.Contains(allowed, n) {
		r.problem(name, "is %q; want one of %v", text, allowed)
	}
	return n
}

// Err returns all problems met so far, joined, or nil.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

func (r *Reader) problem(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("environment variable %s "+format, append([]any{name}, args...)...))
}
