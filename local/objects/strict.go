package objects

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var (
	errServer = s3Error{
		status: http.StatusServiceUnavailable, Code: "ServiceUnavailable",
		Message: "Reduce your request rate.",
	}
	errURI = s3Error{
		status: http.StatusBadRequest, Code: "InvalidURI",
		Message: "Couldn't parse the specified URI.",
	}
	errBucket = s3Error{
		status: http.StatusNotFound, Code: "NoSuchBucket",
		Message: "The specified bucket does not exist",
	}
	errDotSegment = s3Error{
		status: http.StatusForbidden, Code: "AccessDenied",
		Message: "Access Denied",
	}
)

// refuse returns the error for a request that S3 refuses and versitygw
// wouldn't, or not in the same way; nil for any other.
func (s *Store) refuse(r *http.Request) *s3Error {
	path, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	query := parameters(rawQuery)
	switch {
	case !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//"):
		return &errURI
	case hasDotSegment(path):
		// To S3 such a key is a name like any other, that nobody ever signs
		// here; versitygw would walk the file system.
		return &errDotSegment
	}
	if !strings.EqualFold(r.Host, s.host) {
		return &errBucket
	}
	if has(query, "X-Amz-Algorithm") || has(query, "X-Amz-Signature") || has(query, "Signature") {
		return s.refusePresigned(r, query)
	}
	return nil
}

func (s *Store) refusePresigned(r *http.Request, query map[string]string) *s3Error {
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		return &s3Error{
			status: http.StatusBadRequest, Code: "InvalidArgument",
			Message: "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, " +
				"Signature query string parameter or the Authorization header should be specified",
			ArgumentName: "Authorization", ArgumentValue: authorization,
		}
	}
	signed := strings.Split(strings.ToLower(query["X-Amz-SignedHeaders"]), ";")
	if r.Header.Get("Content-Md5") != "" && !slices.Contains(signed, "content-md5") {
		return &s3Error{
			status: http.StatusForbidden, Code: "AccessDenied",
			Message:          "There were headers present in the request which were not signed",
			HeadersNotSigned: "content-md5",
		}
	}
	accessKey, _, _ := strings.Cut(query["X-Amz-Credential"], "/")
	if accessKey != "" && accessKey != s.credentials.AccessKeyID {
		return &s3Error{
			status: http.StatusForbidden, Code: "InvalidAccessKeyId",
			Message:        "The AWS Access Key Id you provided does not exist in our records.",
			AWSAccessKeyId: accessKey,
		}
	}
	return nil
}

// parameters decodes a query; what can't be decoded is left as it came.
func parameters(rawQuery string) map[string]string {
	parsed := map[string]string{}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		parsed[unescape(name)] = unescape(value)
	}
	return parsed
}

func has(query map[string]string, name string) bool {
	_, ok := query[name]
	return ok
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
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
