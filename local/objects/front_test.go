package objects

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
)

// server is an S3 server that answers with a fixed response and keeps the
// bytes of the last request's head.
type server struct {
	url  *url.URL
	head chan string
}

func newServer(t *testing.T, response string) server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := server{url: &url.URL{Scheme: "http", Host: listener.Addr().String()}, head: make(chan string, 1)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.answer(conn, response)
		}
	}()
	return s
}

func (s server) answer(conn net.Conn, response string) {
	defer conn.Close()
	var head strings.Builder
	for r := bufio.NewReader(conn); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		head.WriteString(line)
	}
	s.head <- head.String()
	io.WriteString(conn, response)
}

const okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"e\"\r\n\r\nhi"

func newFront(upstream *url.URL) *Store {
	s := &Store{buckets: []bucket{{name: "files.example.com"}}, transport: newTransport(), region: "eu-central-1"}
	s.connect(upstream, credentials)
	if err := s.Serve([]string{"files.example.com"}); err != nil {
		panic(err)
	}
	return s
}

func request(method, target string, header http.Header) *http.Request {
	r := httptest.NewRequest(method, "/", nil)
	r.RequestURI, r.URL = target, nil
	r.Host = "files.example.com"
	r.Header = header
	if header == nil {
		r.Header = http.Header{}
	}
	return r
}

func do(s *Store, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestTheServerGetsExactlyWhatTheDoorSent(t *testing.T) {
	upstream := newServer(t, okay)
	s := newFront(upstream.url)
	for _, target := range []string{
		"/objects/a", "/objects/a%2Fb%20c//d/", "/objects/[]{}|\\^\"<>`", "/objects/%zz", "/objects/한#x", "/objects/a+b;c=d:@!*'()~",
		"/objects/a?", "/objects/a?&&versionId=%2f&x",
	} {
		do(s, request("GET", target, http.Header{"Range": {"bytes=0-1"}}))
		want := "GET " + target + " HTTP/1.1\r\nHost: files.example.com\r\nRange: bytes=0-1\r\n\r\n"
		if diff := cmp.Diff(want, <-upstream.head); diff != "" {
			t.Errorf("GET %s mismatch (-want +got):\n%s", target, diff)
		}
	}
}

func TestTheClientGetsExactlyWhatTheServerSent(t *testing.T) {
	upstream := newServer(t, "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/9\r\nX-Amz-Meta-A: b\r\nConnection: close\r\n\r\nhi")
	response := do(newFront(upstream.url), request("GET", "/objects/a", nil))
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 206 || string(body) != "hi" {
		t.Errorf("answer = %d %q, %v; want 206 hi", response.StatusCode, body, err)
	}
	want := http.Header{"Content-Length": {"2"}, "Content-Range": {"bytes 0-1/9"}, "X-Amz-Meta-A": {"b"}, "Content-Type": nil}
	if diff := cmp.Diff(want, response.Header); diff != "" {
		t.Errorf("headers mismatch (-want +got):\n%s", diff)
	}
}

func TestACutOffBodyIsCutOffForTheClient(t *testing.T) {
	upstream := newServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi")
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the response ended as if it were whole")
		}
	}()
	do(newFront(upstream.url), request("GET", "/objects/a", nil))
}

func TestAServerThatIsGoneIs503(t *testing.T) {
	response := do(newFront(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}), request("GET", "/objects/a", nil))
	if response.StatusCode != 503 {
		t.Errorf("status = %d; want 503", response.StatusCode)
	}
}

func TestTheFrontIsAsStrictAsS3(t *testing.T) {
	upstream := newServer(t, okay)
	s := newFront(upstream.url)
	now := time.Now().UTC()
	signed := presignAt(t, "GET", "files.example.com", "/objects/a", "60", now)
	replace := func(old, new string) string { return strings.Replace(signed, old, new, 1) }
	signature := signed[strings.Index(signed, "X-Amz-Signature"):]
	bearer := http.Header{"Authorization": {"Bearer <t>"}}
	const (
		onlyOne    = `<Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified</Message><ArgumentName>Authorization</ArgumentName><ArgumentValue>Bearer &lt;t&gt;</ArgumentValue>`
		notSigned  = `<Code>AccessDenied</Code><Message>There were headers present in the request which were not signed</Message><HeadersNotSigned>`
		mismatch   = `<Code>SignatureDoesNotMatch</Code>`
		parameters = `<Code>AuthorizationQueryParametersError</Code>`
	)
	for _, test := range []struct {
		name   string
		target string
		header http.Header
		host   string
		want   int
		body   string
	}{
		{"presigned", signed, nil, "", 200, ""},
		{"presigned, parameters in another order", "/objects/a?" + signature + "&" + strings.TrimSuffix(strings.TrimPrefix(signed, "/objects/a?"), "&"+signature), nil, "", 200, ""},
		{"presigned, path in another encoding", replace("/a", "/%61"), nil, "", 200, ""},
		{"unsigned", "/objects/a", bearer, "", 200, ""},

		{"presigned and Authorization", signed, bearer, "", 400, onlyOne},
		{"algorithm alone and Authorization", "/objects/a?X-Amz-Algorithm=", bearer, "", 400, onlyOne},
		{"signature alone and Authorization", "/objects/a?x=1&X-Amz-Signature", bearer, "", 400, onlyOne},
		{"escaped name and Authorization", "/objects/a?X%2DAmz%2DSignature=1", bearer, "", 400, onlyOne},
		{"older signature and Authorization", "/objects/a?Signature=x", bearer, "", 400, onlyOne},

		{"unsigned Content-MD5", signed, http.Header{"Content-Md5": {"x"}}, "", 403, notSigned + "content-md5<"},
		{"unsigned headers of Amazon's", signed, http.Header{"X-Amz-Meta-B": {"x"}, "X-Amz-Acl": {"x"}}, "", 403, notSigned + "x-amz-acl, x-amz-meta-b<"},
		{"Host unsigned", replace("=host", "=range"), nil, "", 403, notSigned + "host<"},
		{"unsigned payload hash", signed, http.Header{"X-Amz-Content-Sha256": {"x"}}, "", 403, mismatch},

		{"other path", replace("/a", "/b"), nil, "", 403, mismatch},
		{"one slash more", replace("/a", "//a"), nil, "", 403, mismatch},
		{"one parameter more", signed + "&a", nil, "", 403, mismatch},
		{"one signed header more", replace("=host", "=host%3Brange"), nil, "", 403, mismatch},
		{"signed headers in capitals", replace("=host", "=Host"), nil, "", 403, notSigned + "host<"},
		{"signature in capitals", replace(signature, strings.ToUpper(signature)), nil, "", 400, parameters},
		{"longer life", replace("X-Amz-Expires=60", "X-Amz-Expires=61"), nil, "", 403, mismatch},
		{"Host in capitals", signed, nil, "FILES.example.com", 403, mismatch},

		{"two signatures", signed + "&" + signature, nil, "", 400, parameters},
		{"no date", replace("X-Amz-Date", "X-Amz-Dat"), nil, "", 400, parameters},
		{"no such date", replace("X-Amz-Date=", "X-Amz-Date=x"), nil, "", 400, parameters},
		{"other algorithm", replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), nil, "", 400, parameters},
		{"other region", replace("eu-central-1", "eu-central-2"), nil, "", 400, parameters},
		{"other access key", replace("AKIDLOCAL", "AKIDOTHER"), nil, "", 403, `<Code>InvalidAccessKeyId</Code>`},
		{"no life", presignAt(t, "GET", "files.example.com", "/objects/a", "0", now), nil, "", 400, parameters},
		{"life of more than a week", presignAt(t, "GET", "files.example.com", "/objects/a", "604801", now), nil, "", 400, parameters},
		{"expired", presignAt(t, "GET", "files.example.com", "/objects/a", "60", now.Add(-62*time.Second)), nil, "", 403, `<Message>Request has expired`},
		{"ahead of our clock", presignAt(t, "GET", "files.example.com", "/objects/a", "60", now.Add(14*time.Minute)), nil, "", 200, ""},
		{"from the future", presignAt(t, "GET", "files.example.com", "/objects/a", "60", now.Add(16*time.Minute)), nil, "", 403, `<Message>Request is not valid yet`},

		{"other bucket", signed, nil, "other.example.com", 404, `<Code>NoSuchBucket</Code>`},
		{"signed dot segment", presignAt(t, "GET", "files.example.com", "/objects/../a", "60", now), nil, "", 403, `<Code>AccessDenied</Code>`},
		{"unsigned dot segment, encoded", "/objects/%2e%2E/a", nil, "", 403, `<Code>AccessDenied</Code>`},
		{"unsigned dot segment, its slash encoded", "/objects/..%2Fa", nil, "", 403, `<Code>AccessDenied</Code>`},
		{"dots in a name", "/objects/a..b/...", nil, "", 200, ""},
		{"two slashes at the start", "//objects/a", nil, "", 400, `<Code>InvalidURI</Code>`},
		{"no path", "*", nil, "", 400, `<Code>InvalidURI</Code>`},
	} {
		r := request("GET", test.target, test.header)
		if test.host != "" {
			r.Host = test.host
		}
		response := do(s, r)
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != test.want || !strings.Contains(string(body), test.body) {
			t.Errorf("%s: %d %s; want %d with %s", test.name, response.StatusCode, body, test.want, test.body)
		}
		if response.StatusCode == 200 {
			<-upstream.head
		}
	}
}

func TestSignedHeadersAreCheckedByValue(t *testing.T) {
	upstream := newServer(t, okay)
	s := newFront(upstream.url)
	r := &http.Request{
		Method: "GET", Host: "files.example.com", URL: &url.URL{Scheme: "https", Host: "files.example.com", Path: "/objects/a", RawQuery: "X-Amz-Expires=60"},
		Header: http.Header{"X-Forwarded-For": {"203.0.113.9"}},
	}
	signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), credentials, r, unsignedBody, "s3", "eu-central-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signed = strings.TrimPrefix(signed, "https://files.example.com")
	for value, want := range map[string]int{"203.0.113.9": 200, " 203.0.113.9 ": 200, "203.0.113.8": 403, "1.2.3.4, 203.0.113.9": 403} {
		if got := do(s, request("GET", signed, http.Header{"X-Forwarded-For": {value}})).StatusCode; got != want {
			t.Errorf("X-Forwarded-For: %s = %d; want %d", value, got, want)
		} else if got == 200 {
			<-upstream.head
		}
	}
}

func TestErrorsForHEADHaveNoBody(t *testing.T) {
	response := do(newFront(newServer(t, okay).url), request("HEAD", "*", nil))
	body, err := io.ReadAll(response.Body)
	if err != nil || len(body) != 0 || response.StatusCode != 400 {
		t.Errorf("HEAD = %d %q, %v; want 400 without a body", response.StatusCode, body, err)
	}
}

func FuzzRefuse(f *testing.F) {
	f.Add("/objects/a?X-Amz-Signature=1", "Bearer x")
	f.Add("/objects/%2e./a?%zz", "")
	s := newFront(&url.URL{})
	f.Fuzz(func(t *testing.T, target, authorization string) {
		refused := s.refuse(request("GET", "/"+target, http.Header{"Authorization": {authorization}}))
		path, rawQuery, _ := strings.Cut("/"+target, "?")
		if refused == nil && (strings.Contains(path+"/", "/../") || strings.HasPrefix(path, "//")) {
			t.Errorf("path %q passes", path)
		}
		if query, err := url.ParseQuery(rawQuery); err == nil && refused == nil && query.Has("X-Amz-Signature") {
			t.Errorf("%q passes without a signature of ours", target)
		}
	})
}

// FuzzVerify asks the SDK's signer for signatures and the front for its
// opinion.
func FuzzVerify(f *testing.F) {
	f.Add("objects/a b+c%2F한//[]{}|^", "a=b&c=%20+")
	s := newFront(&url.URL{})
	f.Fuzz(func(t *testing.T, key, rawQuery string) {
		if _, err := url.ParseQuery(rawQuery); err != nil || isPresigned(parameters(rawQuery)) || strings.ContainsAny(rawQuery, ";#") || hasDotSegment("/"+key) || strings.HasPrefix(key, "/") {
			return
		}
		host := "files.example.com"
		r := &http.Request{Method: "GET", Host: host, Header: http.Header{}, URL: &url.URL{
			Scheme: "https", Host: host, Opaque: "//" + host + "/" + escape(key, true), RawQuery: "X-Amz-Expires=60&" + rawQuery,
		}}
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		signed, _, err := signer.PresignHTTP(context.Background(), credentials, r, unsignedBody, "s3", "eu-central-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		target := strings.TrimPrefix(signed, "https://"+host)
		if strings.Count(target, "X-Amz-Expires") != 1 {
			return
		}
		if refused := s.refuse(request("GET", target, nil)); refused != nil {
			t.Errorf("%s: %s %s", target, refused.Code, refused.Message)
		}
	})
}
