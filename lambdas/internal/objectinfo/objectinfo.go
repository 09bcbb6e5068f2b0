// Package objectinfo asks S3 what people like to know of an object before they
// download it.
package objectinfo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"onedoor/lambdas/internal/objectkey"
)

// timeout bounds a question: what it is for can do without the answer.
const timeout = time.Second

// Client asks about the objects of one bucket. It signs its one kind of request
// itself, since S3's SDK client would double the size of a function.
type Client struct {
	credentials aws.Credentials
	region      string
	bucket      string
	endpoint    *url.URL
	http        *http.Client
	signer      *v4.Signer
}

// New returns a Client of the bucket at endpoint, S3's of the region. The bucket
// goes into the path: a name with dots would not match S3's certificate.
func New(credentials aws.Credentials, region string, endpoint *url.URL, bucket string) *Client {
	return &Client{
		credentials: credentials,
		region:      region,
		bucket:      bucket,
		endpoint:    endpoint,
		http:        &http.Client{Timeout: timeout},
		signer:      v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
	}
}

// Size returns the size of an object in bytes. It takes one second at most.
func (c *Client) Size(ctx context.Context, key objectkey.Key, now time.Time) (int64, error) {
	const unsignedPayload = "UNSIGNED-PAYLOAD"
	r := (&http.Request{
		Method: http.MethodHead,
		URL:    &url.URL{Scheme: c.endpoint.Scheme, Host: c.endpoint.Host, Opaque: "/" + c.bucket + key.Path()},
		Host:   c.endpoint.Host,
		Header: http.Header{"X-Amz-Content-Sha256": {unsignedPayload}},
	}).WithContext(ctx)
	if err := c.signer.SignHTTP(ctx, c.credentials, r, unsignedPayload, "s3", c.region, now); err != nil {
		return 0, fmt.Errorf("size of %s: %w", key, err)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", key, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ContentLength < 0 {
		return 0, fmt.Errorf("size of %s: S3 answers %s", key, response.Status)
	}
	return response.ContentLength, nil
}
