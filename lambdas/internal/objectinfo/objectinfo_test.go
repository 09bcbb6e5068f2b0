package objectinfo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"onedoor/lambdas/internal/objectinfo"
)

func newClient(t *testing.T, handler http.HandlerFunc) *objectinfo.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	endpoint, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return objectinfo.New(aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "token"}, "eu-central-1", endpoint, "files.example.com")
}

func TestSizeAsksWithASignedHEAD(t *testing.T) {
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead || r.RequestURI != "/files.example.com/objects/a%20b%2B" {
			t.Errorf("request = %s %s", r.Method, r.RequestURI)
		}
		authorization := r.Header.Get("Authorization")
		if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260524/eu-central-1/s3/aws4_request") ||
			!strings.Contains(authorization, "x-amz-security-token") {
			t.Errorf("Authorization = %q", authorization)
		}
		w.Header().Set("Content-Length", "1234567")
	})
	got, err := client.Size(t.Context(), "objects/a b+", time.Date(2026, 5, 24, 0, 0, 0, 0, time.UTC))
	if err != nil || got != 1234567 {
		t.Errorf("Size = %d, %v; want 1234567", got, err)
	}
}

func TestSizeFailsWhereS3DoesNotTell(t *testing.T) {
	client := newClient(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	if got, err := client.Size(t.Context(), "objects/a", time.Now()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("Size = %d, %v; want an error with the status", got, err)
	}
}
