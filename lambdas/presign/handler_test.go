package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/contract"
)

var testTime = time.Date(2026, time.May, 24, 0, 0, 0, 0, time.UTC)

func testEnvironment() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID":        "AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY":    "s3cret-key",
		"AWS_SESSION_TOKEN":        "s3ssion-token",
		"AWS_REGION":               "eu-central-1",
		contract.EnvDomain:         "files.example.com",
		contract.EnvS3Host:         "files.example.com",
		contract.EnvRedirectStatus: "301",
		contract.EnvTTLDefault:     "900",
		contract.EnvTTLMax:         "3600",
	}
}

func lookupIn(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// testHandler returns a handler that logs to the returned buffer.
func testHandler(t testing.TB, override map[string]string) (*handler, *bytes.Buffer) {
	t.Helper()
	vars := testEnvironment()
	maps.Copy(vars, override)
	log := new(bytes.Buffer)
	h, err := newHandler(lookupIn(vars), func() time.Time { return testTime }, slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return h, log
}

func recordedEvent(t testing.TB) events.APIGatewayProxyRequest {
	t.Helper()
	data, err := os.ReadFile("testdata/get.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.APIGatewayProxyRequest
	if err := json.Unmarshal(data, &event); err != nil {
		t.Fatal(err)
	}
	return event
}

func handle(t *testing.T, h *handler, event events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	response, err := h.handle(ctx, event)
	if err != nil {
		t.Fatalf("handle returned an error, which fails the invocation: %v", err)
	}
	return response
}

func TestGETRedirectsToTheObject(t *testing.T) {
	h, _ := testHandler(t, nil)
	response := handle(t, h, recordedEvent(t))
	if response.StatusCode != http.StatusMovedPermanently || response.Body != "" {
		t.Errorf("answer = %d %q; want 301 without a body", response.StatusCode, response.Body)
	}
	location, err := url.Parse(response.Headers["Location"])
	if err != nil {
		t.Fatal(err)
	}
	if got, want := location.Scheme+"://"+location.Host+location.EscapedPath(), "https://files.example.com/objects/2026/quarterly%20report.pdf"; got != want {
		t.Errorf("Location leads to %s; want %s", got, want)
	}
	query := location.Query()
	query.Del("X-Amz-Signature")
	want := url.Values{
		"X-Amz-Algorithm":      {"AWS4-HMAC-SHA256"},
		"X-Amz-Credential":     {"AKIDEXAMPLE/20260524/eu-central-1/s3/aws4_request"},
		"X-Amz-Date":           {"20260524T000000Z"},
		"X-Amz-Expires":        {"60"},
		"X-Amz-Security-Token": {"s3ssion-token"},
		"X-Amz-SignedHeaders":  {"host"},
	}
	if diff := cmp.Diff(want, query); diff != "" {
		t.Errorf("Location's query mismatch (-want +got):\n%s", diff)
	}
	if response.Headers["Cache-Control"] != "no-store" {
		t.Errorf("Cache-Control = %q; want no-store", response.Headers["Cache-Control"])
	}
}

func TestRedirectStatusComesFromTheSettings(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307} {
		h, _ := testHandler(t, map[string]string{contract.EnvRedirectStatus: strconv.Itoa(status)})
		if got := handle(t, h, recordedEvent(t)).StatusCode; got != status {
			t.Errorf("status = %d; want %d", got, status)
		}
	}
}

func TestHEADSignsHEAD(t *testing.T) {
	h, _ := testHandler(t, nil)
	get := recordedEvent(t)
	head := recordedEvent(t)
	head.HTTPMethod = http.MethodHead
	response := handle(t, h, head)
	if response.StatusCode != 301 || response.Headers["Location"] == "" {
		t.Fatalf("HEAD = %d %v; want a redirect", response.StatusCode, response.Headers)
	}
	if response.Headers["Location"] == handle(t, h, get).Headers["Location"] {
		t.Error("HEAD and GET got the same URL; each method needs its own signature")
	}
}

func TestJSONForClientsThatAskForItOrAuthorize(t *testing.T) {
	for name, header := range map[string]map[string][]string{
		"Accept":                  {"Accept": {"application/json"}},
		"accept in lower case":    {"accept": {"application/json"}},
		"Authorization":           {"Authorization": {"Bearer abc"}, "Accept": {"*/*"}},
		"Authorization of HTTP/2": {"authorization": {"Basic abc"}},
	} {
		h, log := testHandler(t, nil)
		event := recordedEvent(t)
		event.MultiValueHeaders = header
		response := handle(t, h, event)
		var got signed
		if err := json.Unmarshal([]byte(response.Body), &got); err != nil || response.StatusCode != 200 {
			t.Errorf("%s: answer = %d %s; want 200 with JSON", name, response.StatusCode, response.Body)
			continue
		}
		if !strings.HasPrefix(got.URL, "https://files.example.com/objects/") || got.Method != "GET" || got.Headers == nil {
			t.Errorf("%s: answer = %+v", name, got)
		}
		if want := testTime.Add(time.Minute); !got.ExpiresAt.Equal(want) {
			t.Errorf("%s: expiresAt = %s; want %s", name, got.ExpiresAt, want)
		}
		if response.Headers["Location"] != "" {
			t.Errorf("%s: the answer redirects too", name)
		}
		if strings.Contains(log.String(), "abc") || strings.Contains(log.String(), "X-Amz") {
			t.Errorf("%s: the log holds a secret: %s", name, log)
		}
	}
}

func TestQueryShapesTheURL(t *testing.T) {
	h, _ := testHandler(t, nil)
	event := recordedEvent(t)
	event.MultiValueQueryStringParameters = map[string][]string{
		"download": {"보고서.pdf"}, "content-type": {"application/pdf"}, "version-id": {"v/1+="},
	}
	location, err := url.Parse(handle(t, h, event).Headers["Location"])
	if err != nil {
		t.Fatal(err)
	}
	query := location.Query()
	for name, want := range map[string]string{
		"response-content-disposition": `attachment; filename="___.pdf"; filename*=UTF-8''%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf`,
		"response-content-type":        "application/pdf",
		"versionId":                    "v/1+=",
		"X-Amz-Expires":                "900",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s = %q; want %q", name, got, want)
		}
	}
}

func TestMistakesAreAnsweredWithTheReason(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*events.APIGatewayProxyRequest)
		status int
		says   string
	}{
		{"key outside objects/", func(e *events.APIGatewayProxyRequest) { e.Path = "/presign/private/a" }, 400, "objects/"},
		{"empty key", func(e *events.APIGatewayProxyRequest) { e.Path = "/presign/" }, 400, "empty"},
		{"dot segment", func(e *events.APIGatewayProxyRequest) { e.Path = "/presign/objects/%2e%2e/a" }, 400, ".."},
		{"expires too long", func(e *events.APIGatewayProxyRequest) {
			e.MultiValueQueryStringParameters = map[string][]string{"expires": {"3601"}}
		}, 400, "3600"},
		{"unknown parameter", func(e *events.APIGatewayProxyRequest) {
			e.MultiValueQueryStringParameters = map[string][]string{"ttl": {"1"}}
		}, 400, "ttl"},
		{"method", func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "DELETE" }, 405, "method"},
		{"path of another resource", func(e *events.APIGatewayProxyRequest) { e.Path = "/objects/a" }, 404, "nothing is served"},
	} {
		h, log := testHandler(t, nil)
		event := recordedEvent(t)
		test.change(&event)
		response := handle(t, h, event)
		if response.StatusCode != test.status || response.Headers["Content-Type"] != "application/problem+json" {
			t.Errorf("%s: answer = %d %s; want %d problem+json", test.name, response.StatusCode, response.Headers["Content-Type"], test.status)
		}
		var problem struct{ Detail, RequestID string }
		if err := json.Unmarshal([]byte(response.Body), &problem); err != nil {
			t.Fatalf("%s: body %q: %v", test.name, response.Body, err)
		}
		if !strings.Contains(problem.Detail, test.says) || problem.RequestID != "request-1" {
			t.Errorf("%s: problem = %+v; want detail about %q and request-1", test.name, problem, test.says)
		}
		if !strings.Contains(log.String(), `"outcome":"refused"`) {
			t.Errorf("%s: log = %s; want a refusal", test.name, log)
		}
	}
}

func TestBrowserGetsAPageForAMistake(t *testing.T) {
	h, _ := testHandler(t, nil)
	event := recordedEvent(t)
	event.Path = "/presign/private"
	event.MultiValueHeaders = map[string][]string{"accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}
	response := handle(t, h, event)
	if response.StatusCode != 400 || !strings.HasPrefix(response.Body, "<!doctype html>") {
		t.Errorf("answer = %d %.60q; want 400 with a page", response.StatusCode, response.Body)
	}
}

func TestFaultIsAnsweredWithoutItsText(t *testing.T) {
	h, log := testHandler(t, nil)
	h.bounds.Default = 0 // can't come from newHandler
	event := recordedEvent(t)
	event.MultiValueQueryStringParameters = nil
	response := handle(t, h, event)
	if response.StatusCode != 500 || strings.Contains(response.Body, "TTL") {
		t.Errorf("answer = %d %s; want 500 without the fault's text", response.StatusCode, response.Body)
	}
	if !strings.Contains(log.String(), "TTL") || !strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("log = %s; want the fault's text", log)
	}
}

func TestLogHoldsTheKeyAndTheClientButNoSecretAndNoQuery(t *testing.T) {
	h, log := testHandler(t, nil)
	event := recordedEvent(t)
	event.MultiValueQueryStringParameters = map[string][]string{"download": {"private-name"}}
	handle(t, h, event)
	event.MultiValueQueryStringParameters = map[string][]string{"token": {"private-token"}}
	handle(t, h, event)
	for _, want := range []string{`"key":"objects/2026/quarterly report.pdf"`, `"clientIp":"203.0.113.9"`, `"action":"presign"`, `"outcome":"done"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log misses %s: %s", want, log)
		}
	}
	for _, secret := range []string{"X-Amz", "s3cret", "s3ssion", "private-", "198.51.100.7"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("log holds %q: %s", secret, log)
		}
	}
}

func TestWrongEnvironmentIsReportedAtOnceWithoutSecrets(t *testing.T) {
	vars := testEnvironment()
	vars[contract.EnvDomain] = "https://files.example.com/"
	vars[contract.EnvRedirectStatus] = "308"
	vars[contract.EnvTTLMax] = "43201"
	delete(vars, "AWS_ACCESS_KEY_ID")
	_, err := newHandler(lookupIn(vars), time.Now, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Fatal("newHandler took a wrong environment")
	}
	for _, name := range []string{contract.EnvDomain, contract.EnvRedirectStatus, contract.EnvTTLMax, "AWS_ACCESS_KEY_ID"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error does not name %s: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "s3ssion") {
		t.Errorf("error holds a secret: %v", err)
	}
}

func TestDefaultTTLMayNotExceedTheLongest(t *testing.T) {
	vars := testEnvironment()
	vars[contract.EnvTTLDefault] = "3601"
	if _, err := newHandler(lookupIn(vars), time.Now, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("newHandler took a default TTL over the longest")
	}
}

// Without an SDK client or a credential provider in the binary, only Go's own
// default client could dial, and that one is watched here.
func TestHandlerMakesNoNetworkCall(t *testing.T) {
	transport := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = transport })
	http.DefaultTransport = roundTripFunc(func(r *http.Request) (*http.Response, error) {
		t.Errorf("the handler called %s", r.URL.Host)
		return nil, http.ErrNotSupported
	})
	h, _ := testHandler(t, nil)
	handle(t, h, recordedEvent(t))

	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		for _, client := range []string{"/aws-sdk-go-v2/config", "/aws-sdk-go-v2/credentials", "/aws-sdk-go-v2/service/", "/aws-sdk-go-v2/feature/", "/aws-sdk-go-v2/aws/transport/http"} {
			if strings.Contains(dep, client) {
				t.Errorf("presign links %s", strings.TrimSpace(dep))
			}
		}
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzHandle sends arbitrary paths and queries: whatever comes, there is one
// answer, and a URL is signed only for a path that decodes to its own path.
func FuzzHandle(f *testing.F) {
	f.Add("/presign/objects/a%20b", "expires", "60", "*/*")
	f.Add("/presign/objects/%2e%2e/b", "download", "\x00", "text/html")
	f.Add("/presign", "inline", "", "application/json;q=1")
	f.Fuzz(func(t *testing.T, path, name, value, accept string) {
		h, _ := testHandler(t, nil)
		response := handle(t, h, events.APIGatewayProxyRequest{
			HTTPMethod:                      "GET",
			Path:                            path,
			MultiValueHeaders:               map[string][]string{"Accept": {accept}},
			MultiValueQueryStringParameters: map[string][]string{name: {value}},
		})
		switch location := response.Headers["Location"]; {
		case response.StatusCode == 301:
			u, err := url.Parse(location)
			if err != nil {
				t.Fatalf("Location %q: %v", location, err)
			}
			asked, err := url.PathUnescape(strings.TrimPrefix(path, "/presign"))
			if err != nil || u.Path != asked || u.Host != "files.example.com" || !strings.HasPrefix(u.Path, "/objects/") {
				t.Errorf("path %q is redirected to %s", path, location)
			}
		case response.StatusCode != 200 && response.StatusCode != 400 && response.StatusCode != 404:
			t.Errorf("path %q, query %q=%q: status %d", path, name, value, response.StatusCode)
		}
	})
}

func BenchmarkHandle(b *testing.B) {
	h, _ := testHandler(b, map[string]string{"AWS_SESSION_TOKEN": strings.Repeat("IQoJb3JpZ2luX2VjE", 50)})
	h.logger = slog.New(slog.NewJSONHandler(io.Discard, nil))
	event := recordedEvent(b)
	b.ReportAllocs()
	for b.Loop() {
		if response, err := h.handle(b.Context(), event); err != nil || response.StatusCode != 301 {
			b.Fatal(response, err)
		}
	}
}
