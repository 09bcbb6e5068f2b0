package objects

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm     = "AWS4-HMAC-SHA256"
	dateFormat    = "20060102T150405Z"
	maxExpires    = 7 * 24 * 60 * 60 // seconds
	allowedSkew   = 15 * time.Minute
	sha256Header  = "X-Amz-Content-Sha256"
	unsignedBody  = "UNSIGNED-PAYLOAD"
	signatureName = "X-Amz-Signature"
)

// presigned are the query parameters of a presigned request.
type presigned struct {
	credential, date, expires, signedHeaders, signature string
}

// verify checks a presigned request as S3 does. versitygw does so too, but
// takes what S3 wouldn't: signed headers in other letters or without a header
// of the name, a second signature, dates in the future.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func (s *Store) verify(r *http.Request, path string, query []parameter, now time.Time) *s3Error {
	p, ok := readPresigned(query)
	if !ok {
		return badParameters("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, " +
			"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
	}
	at, err := time.Parse(dateFormat, p.date)
	if err != nil {
		return badParameters(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
	}
	accessKey, scope, _ := strings.Cut(p.credential, "/")
	if accessKey != s.credentials.AccessKeyID {
		return &s3Error{
			status: http.StatusForbidden, Code: "InvalidAccessKeyId",
			Message:        "The AWS Access Key Id you provided does not exist in our records.",
			AWSAccessKeyId: accessKey,
		}
	}
	if want := at.Format("20060102") + "/" + s.region + "/s3/aws4_request"; scope != want {
		return badParameters(fmt.Sprintf("Error parsing the X-Amz-Credential parameter; expecting %q", want))
	}
	seconds, err := strconv.Atoi(p.expires)
	if err != nil || seconds < 1 || seconds > maxExpires {
		return badParameters("X-Amz-Expires must be between 1 and 604800 seconds")
	}
	switch {
	case at.After(now.Add(allowedSkew)):
		return denied("Request is not valid yet")
	case now.After(at.Add(time.Duration(seconds) * time.Second)):
		return denied("Request has expired")
	}
	if missing := unsigned(r.Header, strings.Split(p.signedHeaders, ";")); missing != "" {
		e := denied("There were headers present in the request which were not signed")
		e.HeadersNotSigned = missing
		return e
	}
	if !hmac.Equal([]byte(p.signature), []byte(s.sign(canonical(r, path, query, p.signedHeaders), p.date, scope))) {
		return &s3Error{
			status: http.StatusForbidden, Code: "SignatureDoesNotMatch",
			Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		}
	}
	return nil
}

// readPresigned takes the parameters of a presigned request; each must be
// there once.
func readPresigned(query []parameter) (p presigned, ok bool) {
	var signedBy string
	for name, field := range map[string]*string{
		"X-Amz-Algorithm": &signedBy, "X-Amz-Credential": &p.credential, "X-Amz-Date": &p.date,
		"X-Amz-Expires": &p.expires, "X-Amz-SignedHeaders": &p.signedHeaders, signatureName: &p.signature,
	} {
		var found int
		for _, q := range query {
			if q.name == name {
				*field = q.value
				found++
			}
		}
		if found != 1 {
			return presigned{}, false
		}
	}
	return p, signedBy == algorithm
}

// unsigned names the headers that S3 wants to be signed and that aren't.
func unsigned(h http.Header, signed []string) string {
	var missing []string
	if !slices.Contains(signed, "host") {
		missing = append(missing, "host")
	}
	for name := range h {
		name = strings.ToLower(name)
		must := name == "content-md5" || strings.HasPrefix(name, "x-amz-")
		if must && name != strings.ToLower(sha256Header) && !slices.Contains(signed, name) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return strings.Join(missing, ", ")
}

// canonical is the canonical request.
func canonical(r *http.Request, path string, query []parameter, signedHeaders string) string {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	var headers strings.Builder
	for name := range strings.SplitSeq(signedHeaders, ";") {
		values := r.Header[textproto.CanonicalMIMEHeaderKey(name)]
		if name == "host" {
			values = []string{r.Host}
		}
		trimmed := make([]string, len(values))
		for i, value := range values {
			trimmed[i] = strings.Join(strings.Fields(value), " ")
		}
		headers.WriteString(name + ":" + strings.Join(trimmed, ",") + "\n")
	}
	payload := unsignedBody
	if sum := r.Header.Get(sha256Header); sum != "" {
		payload = sum
	}
	return strings.Join([]string{
		r.Method, escape(decoded, true), canonicalQuery(query), headers.String(), signedHeaders, payload,
	}, "\n")
}

// canonicalQuery is the query without the signature, ordered by encoded names
// and values.
func canonicalQuery(query []parameter) string {
	var escaped []parameter
	for _, q := range query {
		if q.name != signatureName {
			escaped = append(escaped, parameter{escape(q.name, false), escape(q.value, false)})
		}
	}
	slices.SortFunc(escaped, func(x, y parameter) int {
		return cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(x.value, y.value))
	})
	pairs := make([]string, len(escaped))
	for i, q := range escaped {
		pairs[i] = q.name + "=" + q.value
	}
	return strings.Join(pairs, "&")
}

// sign returns the signature of a canonical request.
func (s *Store) sign(canonical, date, scope string) string {
	key := []byte("AWS4" + s.credentials.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(mac(key, strings.Join([]string{algorithm, date, scope, hex.EncodeToString(sum[:])}, "\n")))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// escape percent-encodes everything but unreserved characters (RFC 3986) and,
// in a path, slashes.
func escape(text string, path bool) string {
	var escaped strings.Builder
	for _, b := range []byte(text) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', strings.IndexByte("-._~", b) >= 0, path && b == '/':
			escaped.WriteByte(b)
		default:
			fmt.Fprintf(&escaped, "%%%02X", b)
		}
	}
	return escaped.String()
}

func badParameters(message string) *s3Error {
	return &s3Error{status: http.StatusBadRequest, Code: "AuthorizationQueryParametersError", Message: message}
}

func denied(message string) *s3Error {
	return &s3Error{status: http.StatusForbidden, Code: "AccessDenied", Message: message}
}
