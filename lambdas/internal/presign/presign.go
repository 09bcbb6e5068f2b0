// Package presign signs URLs with which anyone can make one kind of request for
// one S3 object until they expire. It makes no network call.
package presign

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"onedoor/lambdas/internal/objectkey"
)

// MaxTTL is the longest life that this package signs. S3 would take seven days,
// but a URL dies with the session that signed it, and a function's session
// lasts twelve hours at most:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
const MaxTTL = 12 * time.Hour

// Signer holds what stays the same between URLs. It is safe for concurrent use.
type Signer struct {
	credentials aws.Credentials
	region      string
	domain      string
	s3Host      string
	signer      *v4.Signer
}

// NewSigner returns a Signer of URLs on https://domain. S3 receives s3Host as
// Host, so that is the name signed: the domain itself, or the bucket's S3 host
// where a load balancer rewrites Host on the way.
func NewSigner(credentials aws.Credentials, region, domain, s3Host string) *Signer {
	return &Signer{
		credentials: credentials,
		region:      region,
		domain:      domain,
		s3Host:      s3Host,
		signer: v4.NewSigner(func(o *v4.SignerOptions) {
			o.DisableURIPathEscaping = true // S3 signs the path as it is sent
		}),
	}
}

// Request is what a URL will allow.
type Request struct {
	// Method is the only HTTP method that the URL is good for.
	Method string
	Key    objectkey.Key
	// TTL is counted in whole seconds, from 1 s to MaxTTL.
	TTL time.Duration
	// ForwardedFor binds the URL to the client for which the load balancer
	// writes this X-Forwarded-For; empty binds it to none.
	ForwardedFor string
	// Response asks S3 for headers of its answer, or for a version.
	Response Response
}

// Response selects what S3 answers. Empty fields are not signed.
type Response struct {
	ContentDisposition string
	ContentType        string
	VersionID          string
}

// URL is a presigned URL: a secret until it expires.
type URL struct {
	URL       string
	ExpiresAt time.Time
}

// Presign signs r as of now. Signed are the method, the host, the path and the
// whole query; the only signed header is Host, so that plain clients can follow
// the URL, and X-Forwarded-For where asked for, which they don't send. An error
// means that the credentials or the TTL can't be used.
func (s *Signer) Presign(ctx context.Context, r Request, now time.Time) (URL, error) {
	if r.TTL < time.Second || r.TTL > MaxTTL {
		return URL{}, fmt.Errorf("presign %s: TTL %s is not between 1 s and %s", r.Method, r.TTL, MaxTTL)
	}
	seconds := int64(r.TTL / time.Second)
	path := r.Key.Path()

	query := url.Values{"X-Amz-Expires": {strconv.FormatInt(seconds, 10)}}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	set("response-content-disposition", r.Response.ContentDisposition)
	set("response-content-type", r.Response.ContentType)
	set("versionId", r.Response.VersionID)

	request := &http.Request{
		Method: r.Method,
		Host:   s.s3Host,
		URL:    &url.URL{Scheme: "https", Opaque: "//" + s.s3Host + path, RawQuery: query.Encode()},
		Header: http.Header{},
	}
	if r.ForwardedFor != "" {
		request.Header.Set("X-Forwarded-For", r.ForwardedFor)
	}
	const unsignedPayload = "UNSIGNED-PAYLOAD"
	signed, _, err := s.signer.PresignHTTP(ctx, s.credentials, request, unsignedPayload, "s3", s.region, now)
	if err != nil {
		return URL{}, fmt.Errorf("presign %s: %w", r.Method, err)
	}
	_, signedQuery, _ := strings.Cut(signed, "?")
	return URL{
		URL:       "https://" + s.domain + path + "?" + signedQuery,
		ExpiresAt: now.UTC().Truncate(time.Second).Add(time.Duration(seconds) * time.Second),
	}, nil
}
