// Package objectkey parses and escapes the S3 object keys that onedoor serves.
//
// A key is opaque: percent-decoded exactly once, encoded exactly once, never
// cleaned. It equals the path of its URL without the leading slash, so what
// HTTP clients would change in a path on the way (dot segments) is refused
// here rather than signed and lost there.
package objectkey

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"onedoor/lambdas/contract"
)

// MaxBytes is the length limit of a key in UTF-8 bytes, that of S3:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const MaxBytes = 1024

// ErrInvalid is wrapped by every error of this package. The text of an error
// says which rule the key breaks and what is allowed; it is fit for clients.
var ErrInvalid = errors.New("object key refused")

// Key is an object key that keeps all rules of this package. The zero value is
// not a legal key.
type Key string

// New checks a decoded key. Refused are the empty key, keys over MaxBytes, not
// UTF-8, with control characters (Unicode category Cc), with a "." or ".."
// segment, and keys that don't begin with contract.KeyPrefix.
func New(key string) (Key, error) {
	switch {
	case key == "":
		return "", refuse("it is empty; name an object under %q", contract.KeyPrefix)
	case len(key) > MaxBytes:
		return "", refuse("it has %d bytes; at most %d are allowed", len(key), MaxBytes)
	case !utf8.ValidString(key):
		return "", refuse("it is not UTF-8; percent-encode the bytes of the key's UTF-8 form")
	}
	if i := strings.IndexFunc(key, unicode.IsControl); i >= 0 {
		return "", refuse("it holds a control character at byte %d; only printable characters are allowed", i)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return "", refuse("it holds the segment %q, which HTTP clients remove from paths; rename the object", segment)
		}
	}
	if !strings.HasPrefix(key, contract.KeyPrefix) {
		return "", refuse("only keys that begin with %q are served", contract.KeyPrefix)
	}
	return Key(key), nil
}

// FromPath percent-decodes an escaped path without its leading slash and checks
// the key. A plus sign stands for itself (RFC 3986, not a form).
func FromPath(escaped string) (Key, error) {
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		return "", refuse(`a "%%" in the path is not followed by two hexadecimal digits; write a literal one as "%%25"`)
	}
	return New(decoded)
}

// Path returns the key as an absolute path: a slash, then the key with every
// byte percent-encoded but the unreserved ones of RFC 3986 and the slash. This
// is the canonical URI of S3's Signature Version 4:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func (k Key) Path() string {
	const upperHex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(k) + len(k)/2 + 1)
	b.WriteByte('/')
	for i := range len(k) {
		if c := k[i]; isUnreserved(c) || c == '/' {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}

// Name returns what follows the last slash; it is empty for a key that ends in
// one.
func (k Key) Name() string {
	return string(k[strings.LastIndexByte(string(k), '/')+1:])
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
