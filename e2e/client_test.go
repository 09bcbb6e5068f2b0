package e2e

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// client talks to one door. It follows no redirect, adds no header but Host and
// User-Agent, and changes no byte of a request target.
type client struct {
	domain string
	// address and plainAddress are where TLS and plain HTTP are spoken.
	address, plainAddress string
	// caFile holds the certificates to trust, in PEM; empty for the system's.
	caFile string
	// redirects are the statuses that a presigned redirect may have.
	redirects []int
	// source is the address to connect from; nil leaves it to the system.
	source net.Addr
	tls    *tls.Config
	http   *http.Client
}

const patience = 20 * time.Second

func newClient(domain, address, plainAddress string, roots *x509.CertPool) client {
	c := client{
		domain: domain, address: address, plainAddress: plainAddress,
		redirects: []int{http.StatusMovedPermanently},
		tls:       &tls.Config{ServerName: domain, RootCAs: roots},
	}
	c.http = c.newHTTP()
	return c
}

// crowd is how many clients race for one link.
const crowd = 50

func (c client) newHTTP() *http.Client {
	return &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:         c.dial,
			TLSClientConfig:     c.tls,
			DisableCompression:  true,
			MaxIdleConnsPerHost: sideBySide * crowd,
		},
	}
}

// from is the same client at another address of this machine.
func (c client) from(ip string) client {
	c.source = &net.TCPAddr{IP: net.ParseIP(ip)}
	c.http = c.newHTTP()
	return c
}

func (c client) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{LocalAddr: c.source}).DialContext(ctx, network, c.address)
}

// request is one HTTP request. Its target goes over the wire as it is.
type request struct {
	method string // GET if empty
	target string // origin form
	host   string // the door's domain if empty
	header http.Header
	body   string
}

// response is a whole answer. Its status is 0 where the door hung up instead.
type response struct {
	status int
	header http.Header
	body   []byte
	// closed says that no other request is read from the connection.
	closed bool
}

// sum is the SHA-256 of the body in hexadecimal.
func (r response) sum() string { return sha256Hex(r.body) }

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// send makes the request and reads the whole answer. Answers that the public
// contract documents are checked against it.
func (c client) send(t *testing.T, r request) response {
	t.Helper()
	sent, answer, err := c.try(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %.200s: %v", r.method, r.target, err)
	}
	if sent.Host == c.domain && isDocumented(r.target) {
		checkContract(t, sent, answer)
	}
	return answer
}

// try is send for any goroutine: it judges nothing.
func (c client) try(ctx context.Context, r request) (*http.Request, response, error) {
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	sent, err := http.NewRequestWithContext(ctx, cmp.Or(r.method, http.MethodGet), "https://"+c.domain, body)
	if err != nil {
		return nil, response{}, err
	}
	sent.URL = &url.URL{Scheme: "https", Host: c.domain, Opaque: r.target}
	sent.Host = cmp.Or(r.host, c.domain)
	if r.header != nil {
		sent.Header = r.header
	}
	received, err := c.http.Do(sent)
	if err != nil {
		return sent, response{}, err
	}
	answer, err := readWhole(received)
	return sent, answer, err
}

// isDocumented reports whether a target leads to what the contract documents:
// the door's rules see the path without dot segments.
func isDocumented(target string) bool {
	asked, _, _ := strings.Cut(target, "?")
	under := func(root string) bool {
		return strings.HasPrefix(asked, root) && strings.HasPrefix(path.Clean(asked)+"/", root)
	}
	return under("/presign/") || under("/once/")
}

// get is send for a plain GET.
func (c client) get(t *testing.T, target string) response {
	t.Helper()
	return c.send(t, request{target: target})
}

// raw writes text over TLS, as it is, and reads one answer.
func (c client) raw(t *testing.T, text string) response {
	t.Helper()
	conn, err := (&tls.Dialer{Config: c.tls}).DialContext(t.Context(), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return exchange(t, conn, text)
}

// rawPlain is raw without TLS.
func (c client) rawPlain(t *testing.T, text string) response {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.plainAddress)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return exchange(t, conn, text)
}

func exchange(t *testing.T, conn net.Conn, text string) response {
	t.Helper()
	conn.SetDeadline(time.Now().Add(patience))
	// A door that refuses early may hang up while the rest is being written.
	go io.WriteString(conn, text)
	method, _, _ := strings.Cut(text, " ")
	received, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("no answer within %s to %.200q", patience, text)
	}
	if err != nil {
		return response{closed: true}
	}
	return readAll(t, received)
}

func readAll(t *testing.T, r *http.Response) response {
	t.Helper()
	answer, err := readWhole(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func readWhole(r *http.Response) (response, error) {
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return response{}, fmt.Errorf("read the answer's body: %w", err)
	}
	return response{status: r.StatusCode, header: r.Header, body: body, closed: r.Close}, nil
}

// presign asks for the URL of what the target names and returns the request
// target of the redirect, which must stay on the door's domain.
func (c client) presign(t *testing.T, method, target string) string {
	t.Helper()
	answer := c.send(t, request{method: method, target: target})
	if !slices.Contains(c.redirects, answer.status) {
		t.Fatalf("%s %.300s = %d %s; want one of %v", method, target, answer.status, answer.body, c.redirects)
	}
	return c.targetOf(t, answer.header.Get("Location"))
}

// targetOf cuts the door's origin off an absolute URL.
func (c client) targetOf(t *testing.T, location string) string {
	t.Helper()
	target, found := strings.CutPrefix(location, "https://"+c.domain+"/")
	if !found {
		t.Fatalf("URL %s isn't on https://%s/", location, c.domain)
	}
	return "/" + target
}

// signed returns the request target of a presigned GET for the sample.
func (d *door) signed(t *testing.T) string {
	t.Helper()
	return d.presign(t, http.MethodGet, presignTarget(d.sample.key))
}

// presignTarget is the API's path for a key, with every byte escaped that isn't
// unreserved.
func presignTarget(key string) string { return "/presign/" + escape(key, unreserved+"/") }

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// escape percent-encodes every byte of s that isn't in keep (RFC 3986).
func escape(s, keep string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(keep, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			b.Write([]byte{'%', digits[s[i]>>4], digits[s[i]&15]})
		}
	}
	return b.String()
}

// requireRefused fails unless the answer is a client error, or no answer at
// all, that leads nowhere and gives no object away.
func (d *door) requireRefused(t *testing.T, what string, answer response) {
	t.Helper()
	if !isRefusal(answer.status) {
		t.Errorf("%.300s = %d %.200s; want it refused", what, answer.status, answer.body)
	}
	if location := answer.header.Get("Location"); location != "" {
		t.Errorf("%.300s leads to %s; want it refused", what, location)
	}
	if answer.sum() == d.sample.sha256 {
		t.Errorf("%.300s gave the object away", what)
	}
}

// isRefusal knows client errors, and what load balancers answer to a transfer
// coding and to a version of HTTP that they don't know.
func isRefusal(status int) bool {
	return 400 <= status && status <= 499 ||
		status == 0 || status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported
}
