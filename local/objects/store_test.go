package objects

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"onedoor/local/template/templatetest"
)

var credentials = aws.Credentials{AccessKeyID: "AKIDLOCAL", SecretAccessKey: "local-secret"}

const buckets = `{"Resources": {
	"Objects": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files.example.com", "VersioningConfiguration": {"Status": "Enabled"},
		"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}, "BucketEncryption": {"Ref": "Nobody"}}},
	"Other": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "other-bucket"}},
	"Logs": {"Type": "AWS::S3::Bucket"}
}}`

func versitygw(t *testing.T) string {
	t.Helper()
	program, err := filepath.Abs("../../build/versitygw")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run `make setup`", err)
	}
	return program
}

// start starts a store that is asked for the host, with its data in dir.
func start(t *testing.T, dir, host string) (s *Store, stop func()) {
	t.Helper()
	s, err := Load(templatetest.Load(t, map[string]string{"app": buckets}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve([]string{host}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := s.StartVersitygw(ctx, versitygw(t), dir, credentials)
	if p != nil {
		t.Cleanup(p.Kill)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, p.Stop
}

// presign signs a request to the host for the escaped path.
func presign(t *testing.T, method, host, path string) string {
	t.Helper()
	return presignAt(t, method, host, path, "60", time.Now())
}

func presignAt(t *testing.T, method, host, path, expires string, at time.Time) string {
	t.Helper()
	r := &http.Request{Method: method, Host: host, Header: http.Header{}, URL: &url.URL{
		Scheme: "https", Host: host, Opaque: "//" + host + path, RawQuery: "X-Amz-Expires=" + expires,
	}}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	signed, _, err := signer.PresignHTTP(t.Context(), credentials, r, unsignedBody, "s3", "eu-central-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(signed, "https://"+host)
}

var awkwardKeys = []string{
	"objects/plain.txt", "objects/a b", "objects/ leading", "objects/trailing ", "objects/a+b", "objects/100%", "objects/a%2Fb",
	"objects/#?&=;:@", "objects/!*'()~", "objects/[]{}|\\^\"<>`", "objects/a//b", "objects/한국어", "objects/🚪", "objects/e\u0301",
	"objects/" + strings.Repeat("0123456/", 127),
}

func TestAwkwardKeysInBothAddressingModes(t *testing.T) {
	for _, host := range []string{"files.example.com", "other-bucket.s3.eu-central-1.amazonaws.com"} {
		s, _ := start(t, t.TempDir(), host)
		for _, key := range awkwardKeys {
			key = strings.TrimSuffix(key, "/") // versitygw refuses such keys with a body
			path := "/" + escape(key, true)
			put := request("PUT", presign(t, "PUT", host, path), nil)
			put.Host, put.Body, put.ContentLength = host, io.NopCloser(strings.NewReader(key)), int64(len(key))
			if response := do(s, put); response.StatusCode != 200 {
				t.Errorf("%s: PUT %q = %d", host, key, response.StatusCode)
				continue
			}
			get := request("GET", presign(t, "GET", host, path), nil)
			get.Host = host
			response := do(s, get)
			if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 || string(body) != key {
				t.Errorf("%s: GET %q = %d %q, %v; want its key", host, key, response.StatusCode, body, err)
			}
		}
	}
}

func TestASignatureForAnotherMethodKeyOrHostIsRefused(t *testing.T) {
	const host = "files.example.com"
	s, _ := start(t, t.TempDir(), host)
	signed := presign(t, "GET", host, "/objects/a")
	for name, r := range map[string]*http.Request{
		"method":          request("HEAD", signed, nil),
		"key":             request("GET", strings.Replace(signed, "/objects/a", "/objects/b", 1), nil),
		"host":            request("GET", presign(t, "GET", "other.example.com", "/objects/a"), nil),
		"none":            request("GET", "/objects/a", nil),
		"unsigned header": request("GET", signed, http.Header{"X-Amz-Meta-A": {"b"}}),
	} {
		if got := do(s, r).StatusCode; got != 403 {
			t.Errorf("%s: %d; want 403", name, got)
		}
	}
}

func TestObjectsAndTheirVersionsOutliveAStart(t *testing.T) {
	const host = "files.example.com"
	dir := t.TempDir()
	s, stop := start(t, dir, host)
	seed := func(text string) {
		t.Helper()
		if err := s.Seed(t.Context(), "objects/hello.txt", "text/plain", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	seed("first")
	stop()
	s, _ = start(t, dir, host)
	seed("second")
	response := do(s, request("GET", presign(t, "GET", host, "/objects/hello.txt"), nil))
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "first" || response.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("sample = %q as %s, %v; want the first one", body, response.Header.Get("Content-Type"), err)
	}
	if response.Header.Get("X-Amz-Version-Id") == "" {
		t.Error("the bucket keeps no versions, though the template says so")
	}
	put := request("PUT", presign(t, "PUT", host, "/objects/hello.txt"), nil)
	put.Body, put.ContentLength = io.NopCloser(strings.NewReader("third")), 5
	if response := do(s, put); response.StatusCode != 200 {
		t.Fatalf("PUT = %d", response.StatusCode)
	}
	versions, err := s.client().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(host)})
	if err != nil || len(versions.Versions) != 2 {
		t.Errorf("versions = %v, %v; want 2", versions, err)
	}
}

func TestUseTakesAnotherServer(t *testing.T) {
	const host = "files.example.com"
	first, _ := start(t, t.TempDir(), host)
	second, err := Load(templatetest.Load(t, map[string]string{"app": buckets}))
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Serve([]string{host}); err != nil {
		t.Fatal(err)
	}
	if err := second.Use(t.Context(), first.upstream, credentials); err != nil {
		t.Fatal(err)
	}
	if err := second.Use(t.Context(), &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, credentials); err == nil || !strings.Contains(err.Error(), "S3 at http://127.0.0.1:1") {
		t.Errorf("Use of nothing: %v; want an error that names the server", err)
	}
}

func TestLoadAndServeNameWhatIsWrong(t *testing.T) {
	_, err := Load(templatetest.Load(t, map[string]string{"app": `{"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"WebsiteConfiguration": {}}}}}`}))
	if err == nil || !strings.Contains(err.Error(), "resource B (AWS::S3::Bucket): property WebsiteConfiguration: not understood") {
		t.Errorf("Load = %v; want the property's name", err)
	}
	s, err := Load(templatetest.Load(t, map[string]string{"app": buckets}))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{s.buckets[0].name, s.buckets[1].name, s.buckets[2].name}
	if diff := cmp.Diff([]string{"app-logs", "files.example.com", "other-bucket"}, got); diff != "" {
		t.Errorf("buckets mismatch (-want +got):\n%s", diff)
	}
	for _, hosts := range [][]string{nil, {"a.example.com"}, {"files.example.com", "other-bucket.s3.eu-central-1.amazonaws.com"}} {
		if err := s.Serve(hosts); err == nil {
			t.Errorf("Serve(%q) = nil; want an error", hosts)
		}
	}
}
