package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// store is the S3 server behind a local door, reached past the door, as an
// administrator would.
type store struct {
	url    string // scheme, host and port
	bucket string
	// host is the Host by which the server knows the bucket when the door asks.
	host        string
	region      string
	credentials aws.Credentials
}

// signer returns a new signer: the SDK's keep keys by access key id alone, so
// that one would sign for two secrets with the first.
func signer() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
}

// put writes an object and returns its version.
func (s *store) put(t *testing.T, key string, body []byte) (versionID string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	path := "/" + s.bucket + "/" + escape(key, unreserved+"/")
	r.URL.Opaque = "//" + r.Host + path // as the signer wants it
	sum := sha256Hex(body)
	r.Header.Set("X-Amz-Content-Sha256", sum)
	if err := signer().SignHTTP(t.Context(), s.credentials, r, sum, "s3", s.region, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = path
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		t.Fatalf("put %q = %d %s", key, answer.StatusCode, text)
	}
	return answer.Header.Get("X-Amz-Version-Id")
}

// presign signs a request with the function's own credentials, which no client
// has: what the door must refuse even then. It returns the request target.
func (s *store) presign(t *testing.T, method, host, key string, ttl time.Duration, at time.Time) string {
	t.Helper()
	path := "/" + escape(key, unreserved+"/")
	query := url.Values{"X-Amz-Expires": {strconv.Itoa(int(ttl / time.Second))}}
	r := &http.Request{
		Method: method, Host: host, Header: http.Header{},
		URL: &url.URL{Scheme: "https", Opaque: "//" + host + path, RawQuery: query.Encode()},
	}
	signed, _, err := signer().PresignHTTP(t.Context(), s.credentials, r, "UNSIGNED-PAYLOAD", "s3", s.region, at)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(signed, "https://"+host)
}
