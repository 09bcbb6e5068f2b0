package presign

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxFileName is the length limit of a download's file name in UTF-8 bytes,
// that of common file systems.
const MaxFileName = 255

// ErrFileName is wrapped by the errors of Attachment. Their text is fit for
// clients.
var ErrFileName = errors.New("file name refused")

// Inline is the Content-Disposition that has a browser show the object.
const Inline = "inline"

// Attachment returns the Content-Disposition that has a client save the object
// under name: an ASCII form for old clients and the exact one after RFC 6266 and
// RFC 8187. It refuses names that are empty, over MaxFileName, not UTF-8, or
// that hold control characters or path separators.
func Attachment(name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("%w: it is empty", ErrFileName)
	case len(name) > MaxFileName:
		return "", fmt.Errorf("%w: it has %d bytes; at most %d are allowed", ErrFileName, len(name), MaxFileName)
	case !utf8.ValidString(name):
		return "", fmt.Errorf("%w: it is not UTF-8", ErrFileName)
	case strings.IndexFunc(name, unicode.IsControl) >= 0:
		return "", fmt.Errorf("%w: it holds a control character", ErrFileName)
	case strings.ContainsAny(name, `/\`):
		return "", fmt.Errorf(`%w: it holds a path separator; "/" and "\" are not allowed`, ErrFileName)
	}
	header := `attachment; filename="` + asciiFallback(name) + `"`
	if exact := extValue(name); exact != name {
		header += "; filename*=UTF-8''" + exact
	}
	return header, nil
}

// asciiFallback replaces what a quoted-string can't hold on all clients: other
// than ASCII, quotes, and the percent sign, which some decode.
func asciiFallback(name string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || r == '"' || r == '%' {
			return '_'
		}
		return r
	}, name)
}

// extValue encodes the value-chars of RFC 8187, section 3.2.1.
func extValue(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
