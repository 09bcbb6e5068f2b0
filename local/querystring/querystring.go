// Package querystring takes query strings apart without changing what it can't read,
// as the services of AWS do. net/url refuses semicolons and bad escapes.
package querystring

import (
	"iter"
	"net/url"
	"strings"
)

// Pairs yields the names and values of a query in order, undecoded. A name
// without "=" has an empty value; empty pairs are passed over.
func Pairs(raw string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for pair := range strings.SplitSeq(raw, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if pair != "" && !yield(name, value) {
				return
			}
		}
	}
}

// Unescape decodes a name or a value; what can't be decoded is left as it came.
func Unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}
