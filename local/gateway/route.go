package gateway

import (
	"cmp"
	"slices"
	"strings"
)

// route is one resource of an API: a path template and its methods.
type route struct {
	path     string
	segments []segment
	methods  map[string]Invoker
}

// segment is one segment of a path template.
type segment struct {
	kind kind
	text string // the literal, or the parameter's name
}

// kind orders segments from the most to the least specific.
type kind int

const (
	literal kind = iota
	parameter
	greedy
)

func newRoute(path string) route {
	r := route{path: path, methods: map[string]Invoker{}}
	for _, text := range split(path) {
		r.segments = append(r.segments, newSegment(text))
	}
	return r
}

func newSegment(text string) segment {
	name, isParameter := strings.CutPrefix(text, "{")
	if !isParameter {
		return segment{literal, text}
	}
	name = strings.TrimSuffix(name, "}")
	if name, isGreedy := strings.CutSuffix(name, "+"); isGreedy {
		return segment{greedy, name}
	}
	return segment{parameter, name}
}

// method returns the function that serves the method.
func (r route) method(name string) (Invoker, bool) {
	if function, ok := r.methods[name]; ok {
		return function, true
	}
	function, ok := r.methods[strings.ToUpper(anyMethod)]
	return function, ok
}

// match returns the path parameters when the path fits the template. Values
// stay percent-encoded.
func (r route) match(path []string) (parameters map[string]string, ok bool) {
	parameters = map[string]string{}
	for i, s := range r.segments {
		if len(path) <= i {
			return nil, false
		}
		switch {
		case s.kind == greedy:
			parameters[s.text] = strings.Join(path[i:], "/")
			return parameters, true
		case s.kind == parameter && path[i] != "":
			parameters[s.text] = path[i]
		case s.kind == literal && s.text == path[i]:
		default:
			return nil, false
		}
	}
	return parameters, len(path) == len(r.segments)
}

// find returns the most specific route for the path: literals go before
// parameters, parameters before greedy ones, segment by segment. A slash at
// the end doesn't count.
func (a *api) find(path string) (found route, parameters map[string]string, ok bool) {
	segments := split(strings.TrimRight(path, "/"))
	for _, r := range a.routes {
		if p, matches := r.match(segments); matches && (!ok || r.compare(found) < 0) {
			found, parameters, ok = r, p, true
		}
	}
	return found, parameters, ok
}

func (r route) compare(other route) int {
	return slices.CompareFunc(r.segments, other.segments, func(x, y segment) int {
		return cmp.Compare(x.kind, y.kind)
	})
}

// split returns the segments of an absolute path.
func split(path string) []string {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
