package door

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var everything = paths(`"*"`)

func TestServicesGetTheRequestByteForByte(t *testing.T) {
	w := mustLoad(t, forward(1, "S3Targets", everything))
	for _, target := range []string{
		"/objects/a", "/objects/a%2Fb%20c", "/objects//a", "/objects/a?", "/objects/a?X-Amz-Signature=a%2Fb&=&&c",
		"/objects/[]{}|\\^\"<>`", "/objects/%ed%95%9c", "/objects/한", "/objects/a+b;c=d:@!*'()~", "/objects/%zz", "/objects/a#b",
		"/objects/../a",
	} {
		w.s3.last = nil
		w.do(incoming("PUT", target, "body"))
		if w.s3.last == nil || w.s3.last.RequestURI != target || w.s3.last.Method != "PUT" || w.s3.body != "body" {
			t.Errorf("PUT %s arrived as %v", target, w.s3.last)
		}
	}
}

func TestServicesGetTheLoadBalancersHeaders(t *testing.T) {
	w := mustLoad(t, forward(1, "S3Targets", everything))
	r := incoming("GET", "/", "")
	r.Header = http.Header{
		"Accept":            {"*/*"},
		"Connection":        {"keep-alive, X-Hop"},
		"Cookie":            {"a=b"},
		"Expect":            {"100-continue"},
		"Keep-Alive":        {"5"},
		"Range":             {"bytes=0-1"},
		"Te":                {"trailers"},
		"Under_score":       {"dropped"},
		"Upgrade":           {"h2c"},
		"X-Amzn-Trace-Id":   {"Self=1-old;Root=1-67891233-abcdef012345678912345678;CalledFrom=app"},
		"X-Forwarded-For":   {"1.2.3.4", "5.6.7.8"},
		"X-Forwarded-Port":  {"1"},
		"X-Forwarded-Proto": {"gopher"},
		"X-Hop":             {"dropped"},
	}
	w.do(r)
	got := w.s3.last.Header
	got.Set("X-Amzn-Trace-Id", regexp.MustCompile(`Self=1-[0-9a-f]{8}-[0-9a-f]{24}`).ReplaceAllString(got.Get("X-Amzn-Trace-Id"), "Self=(any)"))
	want := http.Header{
		"Accept":            {"*/*"},
		"Cookie":            {"a=b"},
		"Range":             {"bytes=0-1"},
		"X-Amzn-Trace-Id":   {"Self=(any);Root=1-67891233-abcdef012345678912345678;CalledFrom=app"},
		"X-Forwarded-For":   {"1.2.3.4, 5.6.7.8, 203.0.113.9"},
		"X-Forwarded-Port":  {"443"},
		"X-Forwarded-Proto": {"https"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers mismatch (-want +got):\n%s", diff)
	}
	if w.s3.last.RemoteAddr != balancerAddress {
		t.Errorf("service sees %s; want the load balancer", w.s3.last.RemoteAddr)
	}
}

func TestATraceBeginsAtTheDoor(t *testing.T) {
	w := mustLoad(t, forward(1, "S3Targets", everything))
	w.do(incoming("GET", "/", ""))
	if got := w.s3.last.Header.Get("X-Amzn-Trace-Id"); !regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$`).MatchString(got) {
		t.Errorf("X-Amzn-Trace-Id = %q; want a new Root", got)
	}
}

func TestRequestsThatTheLoadBalancerRefuses(t *testing.T) {
	w := mustLoad(t, forward(1, "S3Targets", everything))
	with := func(name, value string) *http.Request {
		r := incoming("GET", "/", "")
		r.Header.Set(name, value)
		return r
	}
	many := incoming("GET", "/", "")
	for _, c := range "abcde" {
		many.Header.Set("X-"+string(c), strings.Repeat("x", 14<<10))
	}
	for _, test := range []struct {
		name string
		r    *http.Request
		want int
	}{
		{"TRACE", incoming("TRACE", "/", ""), 405},
		{"CONNECT", incoming("CONNECT", "files.example.com:443", ""), 400},
		{"request line of 16 KB", incoming("GET", "/"+strings.Repeat("x", 16<<10-14), ""), 200},
		{"request line above 16 KB", incoming("GET", "/"+strings.Repeat("x", 16<<10), ""), 414},
		{"header of 16 KB", with("X-Big", strings.Repeat("x", 16<<10-7)), 200},
		{"header above 16 KB", with("X-Big", strings.Repeat("x", 16<<10)), 400},
		{"headers above 64 KB", many, 400},
		{"30 addresses in X-Forwarded-For", with("X-Forwarded-For", strings.Repeat("1.1.1.1, ", 29)+"1.1.1.1"), 200},
		{"31 addresses in X-Forwarded-For", with("X-Forwarded-For", strings.Repeat("1.1.1.1, ", 30)+"1.1.1.1"), 463},
	} {
		w.s3.last = nil
		response := w.do(test.r)
		if response.StatusCode != test.want || (w.s3.last != nil) != (test.want == 200) {
			t.Errorf("%s: status %d; want %d", test.name, response.StatusCode, test.want)
		}
		if test.want != 200 && response.Header.Get("Server") != "awselb/2.0" {
			t.Errorf("%s: headers %v; want the load balancer's answer", test.name, response.Header)
		}
	}
}

func TestFunctionsGetTheEventOfALoadBalancer(t *testing.T) {
	w := mustLoad(t, forward(1, "EdgeTargets", everything))
	r := incoming("POST", "/once/a%2Fb?key=hello%20you&flag&key=2&a%20b=c+d", `{"a":1}`)
	r.Header = http.Header{
		"Accept": {"*/*"}, "Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"curl/8.5.0"},
		"X-Forwarded-For": {"1.2.3.4"}, "X-Twice": {"first", "second"}, "Connection": {"keep-alive"},
	}
	w.do(r)
	recorded, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(recorded, &want); err != nil {
		t.Fatal(err)
	}
	trace := w.edge.event["multiValueHeaders"].(map[string]any)["x-amzn-trace-id"].([]any)
	trace[0] = regexp.MustCompile(`1-[0-9a-f]{8}-[0-9a-f]{24}`).ReplaceAllString(trace[0].(string), "(any)")
	if diff := cmp.Diff(want, w.edge.event); diff != "" {
		t.Errorf("event mismatch (-want +got):\n%s", diff)
	}
}

func TestWithoutMultiValueHeadersTheLastValueCounts(t *testing.T) {
	w := mustLoad(t, forward(1, "SingleTargets", everything))
	w.edge.payload = `{"statusCode": 200, "headers": {"A": "single"}, "multiValueHeaders": {"B": ["ignored"]}}`
	r := incoming("GET", "/?a=1&a=2", "")
	r.Header = http.Header{"X-Twice": {"first", "second"}}
	response := w.do(r)
	headers, _ := w.edge.event["headers"].(map[string]any)
	query, _ := w.edge.event["queryStringParameters"].(map[string]any)
	if headers["x-twice"] != "second" || query["a"] != "2" || w.edge.event["multiValueHeaders"] != nil {
		t.Errorf("event = %v; want last values only", w.edge.event)
	}
	if response.Header.Get("A") != "single" || response.Header.Get("B") != "" {
		t.Errorf("headers = %v; want those of the field headers", response.Header)
	}
}

func TestBodiesForFunctions(t *testing.T) {
	for _, test := range []struct {
		name       string
		header     http.Header
		body       string
		wantBody   string
		wantBase64 bool
	}{
		{"none", nil, "", "", false},
		{"text", http.Header{"Content-Type": {"text/csv"}}, "a,b", "a,b", false},
		{"JSON with a charset", http.Header{"Content-Type": {"Application/JSON;charset=utf-8"}}, "{}", "{}", false},
		{"form", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "a=b", "YT1i", true},
		{"no type", nil, "hi", "aGk=", true},
		{"compressed text", http.Header{"Content-Type": {"text/plain"}, "Content-Encoding": {"gzip"}}, "hi", "aGk=", true},
	} {
		w := mustLoad(t, forward(1, "EdgeTargets", everything))
		r := incoming("POST", "/", test.body)
		if test.header != nil {
			r.Header = test.header
		}
		w.do(r)
		if w.edge.event["body"] != test.wantBody || w.edge.event["isBase64Encoded"] != test.wantBase64 {
			t.Errorf("%s: body %v, base64 %v; want %q, %t", test.name, w.edge.event["body"], w.edge.event["isBase64Encoded"], test.wantBody, test.wantBase64)
		}
	}
}

func TestAnswersOfFunctions(t *testing.T) {
	for _, test := range []struct {
		name, payload string
		err           error
		wantStatus    int
		wantBody      string
		wantHeader    http.Header
	}{
		{"redirect", `{"statusCode": 303, "statusDescription": "303 See Other", "multiValueHeaders": {"location": ["https://x/%2F?a"], "set-cookie": ["a", "b"]}}`, nil, 303, "",
			http.Header{"Location": {"https://x/%2F?a"}, "Set-Cookie": {"a", "b"}, "Content-Length": {"0"}, "Server": {"awselb/2.0"}}},
		{"text", `{"statusCode": 200, "multiValueHeaders": {"Content-Type": ["text/html"], "Connection": ["close"], "Content-Length": ["99"]}, "body": "hi"}`, nil, 200, "hi",
			http.Header{"Content-Type": {"text/html"}, "Connection": nil, "Content-Length": {"2"}}},
		{"base64", `{"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}`, nil, 200, "hi", http.Header{"Content-Type": {"application/octet-stream"}}},
		{"headers in the wrong form", `{"statusCode": 200, "headers": {"X-A": "b"}}`, nil, 200, "", http.Header{"X-A": nil}},
		{"bad base64", `{"statusCode": 200, "body": "?", "isBase64Encoded": true}`, nil, 502, "", nil},
		{"no status", `{"body": "hi"}`, nil, 502, "", nil},
		{"status as text", `{"statusCode": "200"}`, nil, 502, "", nil},
		{"no JSON", `hi`, nil, 502, "", nil},
		{"above 1 MB", `{"statusCode": 200, "body": "` + strings.Repeat("x", 1<<20) + `"}`, nil, 502, "", nil},
		{"failed", ``, errors.New("Runtime.ExitError"), 502, "", nil},
	} {
		w := mustLoad(t, forward(1, "EdgeTargets", everything))
		w.edge.payload, w.edge.err = test.payload, test.err
		response := w.do(incoming("GET", "/", ""))
		if body := text(t, response); response.StatusCode != test.wantStatus || test.wantStatus < 500 && body != test.wantBody {
			t.Errorf("%s: %d %.80q; want %d %q", test.name, response.StatusCode, body, test.wantStatus, test.wantBody)
		}
		for name, want := range test.wantHeader {
			if diff := cmp.Diff(want, response.Header[name]); diff != "" {
				t.Errorf("%s: header %s mismatch (-want +got):\n%s", test.name, name, diff)
			}
		}
	}
}

func TestLimitsOfFunctions(t *testing.T) {
	w := mustLoad(t, forward(1, "EdgeTargets", everything))
	if got := w.do(incoming("POST", "/", strings.Repeat("x", 1<<20))).StatusCode; got != 200 {
		t.Errorf("body of 1 MB: %d; want 200", got)
	}
	if got := w.do(incoming("POST", "/", strings.Repeat("x", 1<<20+1))).StatusCode; got != 413 {
		t.Errorf("body above 1 MB: %d; want 413", got)
	}
	r := incoming("GET", "/", "")
	r.Header.Set("Upgrade", "websocket")
	if got := w.do(r).StatusCode; got != 400 {
		t.Errorf("upgrade: %d; want 400", got)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add("/once/x?a=b&a=c", "text/plain", []byte("body"))
	f.Add("/%zz?%zz&=&&a", "", []byte{0xff, 0})
	f.Fuzz(func(t *testing.T, target, contentType string, body []byte) {
		w := mustLoad(t, forward(1, "EdgeTargets", paths(`"/*"`)))
		r := incoming("POST", "/"+target, string(body))
		r.Header.Set("Content-Type", contentType)
		if status := w.do(r).StatusCode; status >= 500 {
			t.Errorf("POST /%q = %d; want no failure", target, status)
		}
	})
}
