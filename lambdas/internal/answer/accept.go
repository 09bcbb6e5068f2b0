package answer

import (
	"strconv"
	"strings"
)

// Accept is what a client names in its Accept header (RFC 9110, section
// 12.5.1). Wildcards name nothing: curl and programs send */*, and get the
// redirect or the JSON of a problem.
type Accept struct {
	json, html float64
	namesHTML  bool
}

// ParseAccept reads all values of the header. What it can't read, it passes
// over.
func ParseAccept(values []string) Accept {
	var accept Accept
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		mediaType, params, _ := strings.Cut(item, ";")
		switch strings.ToLower(strings.TrimSpace(mediaType)) {
		case "application/json", "application/problem+json":
			accept.json = max(accept.json, quality(params))
		case "text/html":
			accept.namesHTML = true
			accept.html = max(accept.html, quality(params))
		}
	}
	return accept
}

// JSON reports whether the client names JSON, and HTML not before it.
func (a Accept) JSON() bool { return a.json > 0 && a.json >= a.html }

// HTML reports whether the client names HTML, and JSON not before it: it is a
// browser that shows the answer to a person.
func (a Accept) HTML() bool { return a.html > 0 && a.html > a.json }

// NamesHTML reports whether the client names HTML at all, as every browser that
// opens a page does, and most of what fetches pages for people.
func (a Accept) NamesHTML() bool { return a.namesHTML }

func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
