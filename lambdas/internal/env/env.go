// Package env reads a function's settings from its environment and reports
// every problem at once. There are no defaults: what a function needs, its
// infrastructure states.
package env

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// Secret reads a variable whose value never appears in an error. An optional
// one may be unset.
func (r *Reader) Secret(name string, optional bool) string {
	value, _ := r.lookup(name)
	if value == "" && !optional {
		r.problem(name, "is not set")
	}
	return value
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
