package objects

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	s.connect(upstream, aws.Credentials{AccessKeyID: "AKIDLOCAL"})
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
		"/objects/a?", "/objects/a?&&X-Amz-Signature=%2f&x",
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
	const signed = "/objects/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDLOCAL%2F20261122%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
	bearer := http.Header{"Authorization": {"Bearer <t>"}}
	onlyOne := `<Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified</Message><ArgumentName>Authorization</ArgumentName><ArgumentValue>Bearer &lt;t&gt;</ArgumentValue>`
	for _, test := range []struct {
		name   string
		target string
		header http.Header
		host   string
		want   int
		body   string
	}{
		{"presigned", signed, nil, "", 200, ""},
		{"presigned for Host in capitals", signed, nil, "FILES.example.com", 200, ""},
		{"unsigned", "/objects/a", bearer, "", 200, ""},
		{"presigned and Authorization", signed, bearer, "", 400, onlyOne},
		{"algorithm alone and Authorization", "/objects/a?X-Amz-Algorithm=", bearer, "", 400, onlyOne},
		{"signature alone and Authorization", "/objects/a?x=1&X-Amz-Signature", bearer, "", 400, onlyOne},
		{"escaped name and Authorization", "/objects/a?X%2DAmz%2DSignature=1", bearer, "", 400, onlyOne},
		{"older signature and Authorization", "/objects/a?Signature=x", bearer, "", 400, onlyOne},
		{"unsigned Content-MD5", signed, http.Header{"Content-Md5": {"x"}}, "", 403, `<Code>AccessDenied</Code><Message>There were headers present in the request which were not signed</Message><HeadersNotSigned>content-md5</HeadersNotSigned>`},
		{"signed Content-MD5", strings.Replace(signed, "=host", "=content-md5%3Bhost", 1), http.Header{"Content-Md5": {"x"}}, "", 200, ""},
		{"other access key", strings.Replace(signed, "AKIDLOCAL", "AKIDOTHER", 1), nil, "", 403, `<Code>InvalidAccessKeyId</Code>`},
		{"other bucket", signed, nil, "other.example.com", 404, `<Code>NoSuchBucket</Code>`},
		{"dot segment", strings.Replace(signed, "/a", "/../a", 1), nil, "", 403, `<Code>AccessDenied</Code>`},
		{"encoded dot segment", strings.Replace(signed, "/a", "/%2e%2E/a", 1), nil, "", 403, `<Code>AccessDenied</Code>`},
		{"slash of a dot segment encoded", strings.Replace(signed, "/a", "/..%2Fa", 1), nil, "", 403, `<Code>AccessDenied</Code>`},
		{"dots in a name", strings.Replace(signed, "/a", "/a..b/...", 1), nil, "", 200, ""},
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
		if test.want == 200 {
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
		r := request("GET", "/"+target, http.Header{"Authorization": {authorization}})
		refused := s.refuse(r)
		if path, _, _ := strings.Cut("/"+target, "?"); refused == nil && (strings.Contains(path+"/", "/../") || strings.HasPrefix(path, "//")) {
			t.Errorf("path %q passes", path)
		}
		_, rawQuery, _ := strings.Cut(target, "?")
		if query, err := url.ParseQuery(rawQuery); err == nil && refused == nil && authorization != "" && query.Has("X-Amz-Signature") {
			t.Errorf("%q passes with two ways to authorize", target)
		}
	})
}
