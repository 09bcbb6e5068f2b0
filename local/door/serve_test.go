package door

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve serves the door and returns its address and a client's trust in it.
func serve(t *testing.T, d *Door) (address string, trust *tls.Config) {
	t.Helper()
	certificate, authority, err := NewCertificate(d.Hosts(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatal("the authority isn't PEM")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(d, listener, certificate)
	done := make(chan error, 1)
	go func() { done <- server.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		server.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Errorf("Serve = %v; want nil after Shutdown", err)
		}
	})
	return listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "files.example.com"}
}

// exchange sends the bytes over TLS and returns the response.
func exchange(t *testing.T, address string, trust *tls.Config, raw string) *http.Response {
	t.Helper()
	conn, err := tls.Dial("tcp", address, trust)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return converse(t, conn, raw)
}

func converse(t *testing.T, conn net.Conn, raw string) *http.Response {
	t.Helper()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(raw, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestTheFirstByteDecidesTheListener(t *testing.T) {
	address, trust := serve(t, mustLoad(t).door)
	const get = "GET /named HTTP/1.1\r\nHost: files.example.com\r\n\r\n"
	if got := exchange(t, address, trust, get); got.StatusCode != 200 {
		t.Errorf("TLS: %d; want the HTTPS listener's 200", got.StatusCode)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := converse(t, conn, get); got.StatusCode != 301 || got.Header.Get("Location") != "https://files.example.com:443/named" {
		t.Errorf("plain: %d to %s; want the HTTP listener's redirect", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestTheDoorSpeaksHTTP2(t *testing.T) {
	address, trust := serve(t, mustLoad(t).door)
	client := &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: trust,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}}
	response, err := client.Get("https://files.example.com/named")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body := text(t, response); response.ProtoMajor != 2 || body != "named" {
		t.Errorf("answer by %s: %s; want HTTP/2", response.Proto, body)
	}
}

func TestTheCertificateIsForTheRulesHostsOnly(t *testing.T) {
	address, trust := serve(t, mustLoad(t).door)
	trust.ServerName = "other.example.com"
	if conn, err := tls.Dial("tcp", address, trust); err == nil {
		conn.Close()
		t.Error("a client that asks for another name trusts the door")
	}
}

func TestHTTP10WithoutHostGetsTheDefaultAction(t *testing.T) {
	address, trust := serve(t, mustLoad(t).door)
	if got := exchange(t, address, trust, "GET /named HTTP/1.0\r\n\r\n"); got.StatusCode != 404 {
		t.Errorf("HTTP/1.0 without Host: %d; want 404", got.StatusCode)
	}
	if got := exchange(t, address, trust, "GET /named HTTP/1.1\r\n\r\n"); got.StatusCode != 400 {
		t.Errorf("HTTP/1.1 without Host: %d; want 400", got.StatusCode)
	}
}

func TestOversizedRequestsGetTheLoadBalancersAnswer(t *testing.T) {
	address, trust := serve(t, mustLoad(t).door)
	header := func(size int) string {
		return "GET /named HTTP/1.1\r\nHost: files.example.com\r\nX-Big: " + strings.Repeat("x", size) + "\r\n\r\n"
	}
	for _, test := range []struct {
		name, raw string
		want      int
	}{
		{"long header", header(20_000), 400},
		{"very long header", header(200_000), 400},
		{"long request line", "GET /" + strings.Repeat("x", 20_000) + " HTTP/1.1\r\nHost: files.example.com\r\n\r\n", 414},
		{"unsupported transfer coding", "POST / HTTP/1.1\r\nHost: files.example.com\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
		{"two lengths", "POST / HTTP/1.1\r\nHost: files.example.com\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
		{"space in the target", "GET /a b HTTP/1.1\r\nHost: files.example.com\r\n\r\n", 400},
	} {
		if got := exchange(t, address, trust, test.raw).StatusCode; got != test.want {
			t.Errorf("%s: %d; want %d", test.name, got, test.want)
		}
	}
}

func TestTheDoorHangsUpAfterARequestOfUnclearLength(t *testing.T) {
	address, trust := serve(t, mustLoad(t).door)
	head := func(first string, more ...string) string {
		return first + " /named HTTP/1.1\r\nHost: files.example.com\r\n" + strings.Join(more, "\r\n") + "\r\n\r\n"
	}
	for _, test := range []struct {
		name, raw string
		want      bool
	}{
		{"GET", head("GET", "X-A: b"), false},
		{"GET of no length", head("GET", "Content-Length: 0"), false},
		{"POST with a length", head("POST", "Content-Length: 5") + "hello", false},
		{"GET with a length", head("GET", "Content-Length: 5") + "hello", true},
		{"both lengths", head("POST", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n", true},
		{"an underscore", head("GET", "Transfer_Encoding: chunked"), true},
		{"a folded header", head("GET", "X-A: a", " Transfer-Encoding: chunked"), true},
	} {
		if got := exchange(t, address, trust, test.raw).Close; got != test.want {
			t.Errorf("%s: hangs up %t; want %t", test.name, got, test.want)
		}
	}
}

func TestBodiesStreamBothWays(t *testing.T) {
	w := mustLoad(t, forward(1, "S3Targets", paths(`"*"`)))
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	w.s3.h = func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, w.s3.body) }
	address, trust := serve(t, w.door)
	raw := fmt.Sprintf("PUT /objects/a HTTP/1.1\r\nHost: files.example.com\r\nContent-Length: %d\r\n\r\n%s", len(large), large)
	if got := text(t, exchange(t, address, trust, raw)); got != string(large) {
		t.Errorf("%d bytes came back of %d", len(got), len(large))
	}
	chunked := "PUT /objects/a HTTP/1.1\r\nHost: files.example.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
	if got := text(t, exchange(t, address, trust, chunked)); got != "abc" {
		t.Errorf("chunked body came back as %q; want abc", got)
	}
}

func TestShutdownCutsOffWhatTakesTooLong(t *testing.T) {
	started := make(chan struct{})
	w := mustLoad(t, forward(1, "S3Targets", paths(`"*"`)))
	w.s3.h = func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
	}
	address, trust := serve(t, w.door)
	conn, err := tls.Dial("tcp", address, trust)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: files.example.com\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-started // and the cleanup of serve ends it
}
