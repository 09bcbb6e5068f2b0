package presign

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"onedoor/lambdas/internal/objectkey"
)

// ErrParameter is wrapped by the errors of ParseOptions. Their text names the
// parameter, its value and what is allowed; it is fit for clients.
var ErrParameter = errors.New("query parameter refused")

// parameters are the names that ParseOptions knows, in the order of the
// contract.
var parameters = []string{"expires", "download", "inline", "content-type", "version-id"}

// TTLBounds are the life of a URL when the request names none, and the longest.
type TTLBounds struct {
	Default, Max time.Duration
}

// Options are what a request for a URL may ask for.
type Options struct {
	TTL      time.Duration
	Response Response
}

// ParseOptions reads the decoded query of a request for the URL of key:
// expires (whole seconds), download (file name; empty means the key's own),
// inline, content-type and version-id. Unknown and repeated parameters are
// refused, so that a misspelt one doesn't pass unnoticed.
func ParseOptions(query url.Values, key objectkey.Key, bounds TTLBounds) (Options, error) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(parameters, name) {
			return Options{}, parameterError("%.80q is unknown; allowed are %s", name, strings.Join(parameters, ", "))
		}
		if n := len(query[name]); n != 1 {
			return Options{}, parameterError("%s is given %d times; once is allowed", name, n)
		}
	}
	ttl, err := parseExpires(query, bounds)
	if err != nil {
		return Options{}, err
	}
	disposition, err := parseDisposition(query, key)
	if err != nil {
		return Options{}, err
	}
	contentType, err := parseContentType(query)
	if err != nil {
		return Options{}, err
	}
	versionID, err := parseVersionID(query)
	if err != nil {
		return Options{}, err
	}
	return Options{
		TTL:      ttl,
		Response: Response{ContentDisposition: disposition, ContentType: contentType, VersionID: versionID},
	}, nil
}

func parseExpires(query url.Values, bounds TTLBounds) (time.Duration, error) {
	if !query.Has("expires") {
		return bounds.Default, nil
	}
	text := query.Get("expires")
	maximum := int64(bounds.Max / time.Second)
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil || seconds < 1 || int64(seconds) > maximum {
		return 0, parameterError("expires is %.40q; allowed are whole seconds from 1 to %d", text, maximum)
	}
	return time.Duration(seconds) * time.Second, nil
}

func parseDisposition(query url.Values, key objectkey.Key) (string, error) {
	switch download, inline := query.Has("download"), query.Has("inline"); {
	case download && inline:
		return "", parameterError("download and inline exclude each other; give one of them")
	case inline:
		if value := query.Get("inline"); value != "" && value != "true" && value != "1" {
			return "", parameterError(`inline is %.40q; allowed are no value, "true" and "1"`, value)
		}
		return Inline, nil
	case !download:
		return "", nil
	}
	name := query.Get("download")
	if name == "" {
		name = strings.ReplaceAll(key.Name(), `\`, "_")
		if len(name) > MaxFileName || name == "" {
			return "", parameterError("download has no value and the key's last segment has %d bytes; give a file name of 1 to %d bytes", len(name), MaxFileName)
		}
	}
	disposition, err := Attachment(name)
	if err != nil {
		return "", parameterError("download is %.80q: %w", name, err)
	}
	return disposition, nil
}

// maxContentType bounds what goes into the URL; registered media types are far
// shorter (RFC 6838, section 4.2, allows 127 characters for each half).
const maxContentType = 255

func parseContentType(query url.Values) (string, error) {
	if !query.Has("content-type") {
		return "", nil
	}
	text := query.Get("content-type")
	mediaType, _, err := mime.ParseMediaType(text)
	if err != nil || !strings.Contains(mediaType, "/") || len(text) > maxContentType || !isPrintableASCII(text) {
		return "", parameterError(`content-type is %.80q; allowed is a media type such as "text/plain; charset=utf-8" of at most %d characters`, text, maxContentType)
	}
	return text, nil
}

// maxVersionID is the length limit of a version id, which is opaque, UTF-8 and
// URL-ready; "null" is the version of an object written without versioning:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
const maxVersionID = 1024

func parseVersionID(query url.Values) (string, error) {
	if !query.Has("version-id") {
		return "", nil
	}
	text := query.Get("version-id")
	if text == "" || len(text) > maxVersionID || !isPrintableASCII(text) {
		return "", parameterError("version-id is %.80q; allowed are 1 to %d characters as S3 gives them", text, maxVersionID)
	}
	return text, nil
}

func isPrintableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func parameterError(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrParameter}, args...)...)
}
