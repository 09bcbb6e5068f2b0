package presign_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
)

var (
	// The credentials, time and region of AWS's published example.
	exampleCredentials = aws.Credentials{
		AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	}
	exampleTime = time.Date(2013, time.May, 24, 0, 0, 0, 0, time.UTC)
)

// The example signs test.txt in examplebucket for 86,400 s; our keys begin with
// objects/ and live 12 hours at most, so the key and the life differ from it and
// the signature was computed with another implementation of the algorithm (see
// knownSignature in signature_test.go).
func TestPresignMatchesAnIndependentSignature(t *testing.T) {
	signer := presign.NewSigner(exampleCredentials, "us-east-1", "examplebucket.s3.amazonaws.com", "examplebucket.s3.amazonaws.com")
	got, err := signer.Presign(t.Context(), presign.Request{Method: "GET", Key: "objects/test.txt", TTL: 12 * time.Hour}, exampleTime)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := "https://examplebucket.s3.amazonaws.com/objects/test.txt" +
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=43200&X-Amz-SignedHeaders=host"
	want := unsigned + "&X-Amz-Signature=" + knownSignature(t, "GET", unsigned, "examplebucket.s3.amazonaws.com")
	if got.URL != want {
		t.Errorf("Presign = %s\nwant      %s", got.URL, want)
	}
	if want := exampleTime.Add(12 * time.Hour); !got.ExpiresAt.Equal(want) {
		t.Errorf("ExpiresAt = %s; want %s", got.ExpiresAt, want)
	}
}

func TestPresignSignsTheS3HostAndShowsTheDomain(t *testing.T) {
	const s3Host = "bucket.s3.eu-central-1.amazonaws.com"
	signer := presign.NewSigner(exampleCredentials, "eu-central-1", "files.example.com", s3Host)
	request := presign.Request{Method: "HEAD", Key: "objects/a b", TTL: time.Minute}
	got, err := signer.Presign(t.Context(), request, exampleTime)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.URL, "https://files.example.com/objects/a%20b?") {
		t.Errorf("Presign = %s; want a URL on the domain", got.URL)
	}
	unsigned, signature, _ := strings.Cut(got.URL, "&X-Amz-Signature=")
	if want := knownSignature(t, "HEAD", unsigned, s3Host); signature != want {
		t.Errorf("signature = %s; want %s, over Host %s", signature, want, s3Host)
	}
}

func TestPresignBindsToTheForwardedAddress(t *testing.T) {
	signer := presign.NewSigner(exampleCredentials, "us-east-1", "d.example", "d.example")
	signatures := map[string]bool{}
	for _, client := range []string{"203.0.113.9", "203.0.113.10", "203.0.113.9, 203.0.113.10"} {
		got, err := signer.Presign(t.Context(), presign.Request{Method: "GET", Key: "objects/a", TTL: time.Minute, ForwardedFor: client}, exampleTime)
		if err != nil {
			t.Fatal(err)
		}
		query := queryOf(t, got.URL)
		if signed := query.Get("X-Amz-SignedHeaders"); signed != "host;x-forwarded-for" {
			t.Errorf("X-Amz-SignedHeaders = %q; want host;x-forwarded-for", signed)
		}
		if strings.Contains(got.URL, client) {
			t.Errorf("%s tells the address it is bound to", got.URL)
		}
		signatures[query.Get("X-Amz-Signature")] = true
	}
	if len(signatures) != 3 {
		t.Errorf("%d signatures for 3 clients", len(signatures))
	}
}

func TestPresignExpiresWhenS3Says(t *testing.T) {
	signer := presign.NewSigner(exampleCredentials, "us-east-1", "d.example", "d.example")
	now := time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.FixedZone("KST", 9*3600))
	got, err := signer.Presign(t.Context(), presign.Request{Method: "GET", Key: "objects/a", TTL: 1999 * time.Millisecond}, now)
	if err != nil {
		t.Fatal(err)
	}
	query := queryOf(t, got.URL)
	date, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	if query.Get("X-Amz-Expires") != "1" || !got.ExpiresAt.Equal(date.Add(time.Second)) {
		t.Errorf("X-Amz-Date %s, X-Amz-Expires %s, ExpiresAt %s; want ExpiresAt one second after the signed date",
			query.Get("X-Amz-Date"), query.Get("X-Amz-Expires"), got.ExpiresAt)
	}
}

func TestPresignRefusesTTLsOutsideItsBounds(t *testing.T) {
	signer := presign.NewSigner(exampleCredentials, "us-east-1", "d.example", "d.example")
	for _, ttl := range []time.Duration{-time.Second, 0, 999 * time.Millisecond, presign.MaxTTL + 1, 7 * 24 * time.Hour} {
		if got, err := signer.Presign(t.Context(), presign.Request{Method: "GET", Key: "objects/a", TTL: ttl}, exampleTime); err == nil {
			t.Errorf("Presign with TTL %s = %s; want an error", ttl, got.URL)
		}
	}
}

func TestPresignDialsNothing(t *testing.T) {
	transport := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = transport })
	http.DefaultTransport = roundTripFunc(func(r *http.Request) (*http.Response, error) {
		t.Errorf("Presign called %s", r.URL)
		return nil, http.ErrUseLastResponse
	})
	signer := presign.NewSigner(exampleCredentials, "us-east-1", "d.example", "d.example")
	if _, err := signer.Presign(t.Context(), presign.Request{Method: "GET", Key: "objects/a", TTL: time.Minute}, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// FuzzPresign holds every URL against the one that the SDK's S3 presign client
// makes of the same request, down to the signature.
func FuzzPresign(f *testing.F) {
	f.Add("objects/report.pdf", false, int64(0), uint16(899), "AKIDEXAMPLE", "secret", "", "", "", "")
	f.Add("objects/ +%2F#?&=;:@!*'()~", true, int64(1790000000), uint16(59), "ASIA", "s/+=", "IQoJb3JpZ2luX2VjE/+==", `attachment; filename="a b"; filename*=UTF-8''%E2%82%AC`, "text/plain; charset=utf-8", "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")
	f.Add("objects//[]{}|\\^\"<>`//한국어/😀/e\u0301", false, int64(951782400), uint16(43199), "A", "\xff", "t ok", " ", "+", "null")
	f.Fuzz(func(t *testing.T, name string, head bool, unix int64, ttl uint16, id, secret, token, disposition, contentType, versionID string) {
		key, err := objectkey.New(name)
		if err != nil || id == "" || secret == "" {
			return // FuzzPath covers illegal keys; nobody signs without credentials
		}
		method := http.MethodGet
		if head {
			method, disposition, contentType = http.MethodHead, "", ""
		}
		const host = "bucket.s3.eu-west-1.amazonaws.com"
		now := time.Unix(unix&0x3ffffffff, 0).UTC()
		credentials := aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}
		request := presign.Request{
			Method:   method,
			Key:      key,
			TTL:      time.Duration(int(ttl)%43200+1) * time.Second,
			Response: presign.Response{ContentDisposition: disposition, ContentType: contentType, VersionID: versionID},
		}
		got, err := presign.NewSigner(credentials, "eu-west-1", host, host).Presign(t.Context(), request, now)
		if err != nil {
			t.Fatal(err)
		}
		want := sdkPresign(t, credentials, host, request, now)
		gotQuery, wantQuery := queryOf(t, got.URL), queryOf(t, want)
		for _, name := range []string{"X-Amz-Signature", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Credential", "X-Amz-Security-Token"} {
			if gotQuery.Get(name) != wantQuery.Get(name) {
				t.Errorf("%s = %q; the SDK's is %q\nURL %s\nSDK %s", name, gotQuery.Get(name), wantQuery.Get(name), got.URL, want)
			}
		}
		if signed := gotQuery.Get("X-Amz-SignedHeaders"); signed != "host" {
			t.Errorf("X-Amz-SignedHeaders = %q; want host", signed)
		}
	})
}

// sdkPresign is the oracle: s3.PresignClient at the given time, without x-id,
// which that client adds for its own routing.
func sdkPresign(t *testing.T, credentials aws.Credentials, host string, r presign.Request, now time.Time) string {
	t.Helper()
	client := s3.New(s3.Options{
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		EndpointResolverV2:         hostResolver(host),
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	presigner := s3.NewPresignClient(client, func(o *s3.PresignOptions) {
		o.Expires = r.TTL
		o.Presigner = &presignerAt{now: now, next: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })}
	})
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return aws.String(s)
	}
	var signed *v4.PresignedHTTPRequest
	var err error
	if r.Method == http.MethodHead {
		signed, err = presigner.PresignHeadObject(t.Context(), &s3.HeadObjectInput{
			Bucket: aws.String("bucket"), Key: aws.String(string(r.Key)), VersionId: optional(r.Response.VersionID),
		})
	} else {
		signed, err = presigner.PresignGetObject(t.Context(), &s3.GetObjectInput{
			Bucket: aws.String("bucket"), Key: aws.String(string(r.Key)), VersionId: optional(r.Response.VersionID),
			ResponseContentDisposition: optional(r.Response.ContentDisposition), ResponseContentType: optional(r.Response.ContentType),
		})
	}
	if err != nil {
		t.Fatalf("the SDK refuses to presign: %v", err)
	}
	return signed.URL
}

type presignerAt struct {
	now  time.Time
	next s3.HTTPPresignerV4
}

func (p *presignerAt) PresignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) (string, http.Header, error) {
	query := r.URL.Query()
	query.Del("x-id")
	r.URL.RawQuery = query.Encode()
	return p.next.PresignHTTP(ctx, credentials, r, hash, service, region, p.now, options...)
}

type hostResolver string

func (h hostResolver) ResolveEndpoint(context.Context, s3.EndpointParameters) (smithyendpoints.Endpoint, error) {
	return smithyendpoints.Endpoint{URI: url.URL{Scheme: "https", Host: string(h)}}, nil
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func queryOf(t *testing.T, rawURL string) url.Values {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	return query
}

func BenchmarkPresign(b *testing.B) {
	credentials := exampleCredentials
	credentials.SessionToken = strings.Repeat("IQoJb3JpZ2luX2VjE", 50)
	signer := presign.NewSigner(credentials, "us-east-1", "files.example.com", "files.example.com")
	request := presign.Request{Method: "GET", Key: "objects/2026/November/quarterly report.pdf", TTL: 15 * time.Minute}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signer.Presign(b.Context(), request, exampleTime); err != nil {
			b.Fatal(err)
		}
	}
}
