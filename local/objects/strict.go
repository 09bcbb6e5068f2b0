package objects

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"onedoor/local/querystring"
)

// refuse returns the error for a request that S3 refuses and versitygw
// wouldn't, or not in the same way; nil for any other.
func (s *Store) refuse(r *http.Request) *s3Error {
	path, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return &s3Error{status: http.StatusBadRequest, Code: "InvalidURI", Message: "Couldn't parse the specified URI."}
	}
	if !strings.EqualFold(r.Host, s.host) {
		return &s3Error{status: http.StatusNotFound, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
	}
	if query := parameters(rawQuery); isPresigned(query) {
		if authorization := r.Header.Get("Authorization"); authorization != "" {
			return &s3Error{
				status: http.StatusBadRequest, Code: "InvalidArgument",
				Message: "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, " +
					"Signature query string parameter or the Authorization header should be specified",
				ArgumentName: "Authorization", ArgumentValue: authorization,
			}
		}
		if refused := s.verify(r, path, query, time.Now()); refused != nil {
			return refused
		}
	}
	if hasDotSegment(path) {
		// To S3 such a key is a name like any other, under which there is nothing;
		// versitygw would walk the file system.
		return denied("Access Denied")
	}
	return nil
}

// parameter is one parameter of a query, decoded.
type parameter struct{ name, value string }

// parameters decodes a query; what can't be decoded is left as it came.
func parameters(rawQuery string) []parameter {
	var parsed []parameter
	for name, value := range querystring.Pairs(rawQuery) {
		parsed = append(parsed, parameter{querystring.Unescape(name), querystring.Unescape(value)})
	}
	return parsed
}

// isPresigned reports whether a query holds what authorizes a request.
func isPresigned(query []parameter) bool {
	return slices.ContainsFunc(query, func(q parameter) bool {
		return q.name == "X-Amz-Algorithm" || q.name == signatureName || q.name == "Signature"
	})
}

// hasDotSegment reports whether the path, decoded, has a segment . or ..
func hasDotSegment(path string) bool {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	for segment := range strings.SplitSeq(decoded, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
