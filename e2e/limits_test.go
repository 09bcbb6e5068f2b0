package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// lines is an HTTP/1.1 request for the door, made of its lines.
func (d *door) lines(first string, headers ...string) string {
	all := append([]string{first, "Host: " + d.domain}, headers...)
	return strings.Join(all, "\r\n") + "\r\n\r\n"
}

// requireRawWorks fails unless a sound request, written by hand, is answered:
// else a refusal of others would mean nothing.
func (d *door) requireRawWorks(t *testing.T) {
	t.Helper()
	if got := d.raw(t, d.lines("GET "+d.signed(t)+" HTTP/1.1", "X-Filler: x")); got.status != http.StatusOK || got.sum() != d.sample.sha256 {
		t.Errorf("a sound request = %d %.200s; want the sample", got.status, got.body)
	}
}

func TestRequestsOverTheLimitsAreRefused(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		d.requireRawWorks(t)
		presign, signed := presignTarget(d.sample.key), d.signed(t)
		filler := func(n int) string { return strings.Repeat("x", n) }
		get := func(target string, headers ...string) string { return d.lines("GET "+target+" HTTP/1.1", headers...) }
		var many []string
		for i := range 9 {
			many = append(many, fmt.Sprintf("X-Filler-%d: %s", i, filler(8000)))
		}
		for name, text := range map[string]string{
			"request line over 16K":                     get(presign + "?download=" + filler(17<<10)),
			"request line over 16K, to the bucket":      get(signed + "&x=" + filler(17<<10)),
			"one header over 16K":                       get(presign, "X-Filler: "+filler(17<<10)),
			"one header over 16K, to the bucket":        get(signed, "X-Filler: "+filler(17<<10)),
			"headers over 64K":                          get(presign, many...),
			"headers over 64K, to the bucket":           get(signed, many...),
			"headers over the API's 8,000 bytes":        get(presign, "X-Filler: "+filler(8000)),
			"query over the API's 8,000 bytes":          get(presign + "?download=" + filler(8000)),
			"path over the API's 1,600 bytes":           get("/presign/objects/" + strings.Repeat("%EA%B0%80", 300)),
			"more than 30 addresses in X-Forwarded-For": get(presign, "X-Forwarded-For: "+strings.Repeat("203.0.113.1, ", 30)+"203.0.113.1"),
		} {
			t.Run(name, func(t *testing.T) { d.requireRefused(t, name, d.raw(t, text)) })
		}
	})
}

func TestLongRequestsWithinTheLimitsPass(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		answer := d.send(t, request{target: presignTarget(d.sample.key), header: http.Header{"Cookie": {strings.Repeat("x", 7000)}}})
		if !slices.Contains(d.redirects, answer.status) {
			t.Errorf("7,000 bytes of cookies = %d %.200s; want a redirect", answer.status, answer.body)
		}
		// Clients send their cookies along with the redirect.
		if got := d.send(t, request{target: d.signed(t), header: http.Header{"Cookie": {strings.Repeat("x", 7000)}}}); got.sum() != d.sample.sha256 {
			t.Errorf("the object with 7,000 bytes of cookies = %d %.200s; want the sample", got.status, got.body)
		}
	})
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		d.requireRawWorks(t)
		presign, signed := presignTarget(d.sample.key), d.signed(t)
		for _, target := range []string{presign, signed} {
			for name, text := range map[string]string{
				"HTTP/1.0 without Host":     "GET " + target + " HTTP/1.0\r\n\r\n",
				"HTTP/1.1 without Host":     "GET " + target + " HTTP/1.1\r\n\r\n",
				"an empty Host":             "GET " + target + " HTTP/1.1\r\nHost:\r\n\r\n",
				"two Hosts":                 d.lines("GET "+target+" HTTP/1.1", "Host: other."+d.domain),
				"a Host with a path":        "GET " + target + " HTTP/1.1\r\nHost: " + d.domain + "/a\r\n\r\n",
				"HTTP/0.9":                  "GET " + target + "\r\n\r\n",
				"an unknown version":        d.lines("GET " + target + " HTTP/3.7"),
				"a space in the target":     d.lines("GET " + target + " a HTTP/1.1"),
				"a NUL in the target":       d.lines("GET " + target + "\x00 HTTP/1.1"),
				"a control in the target":   d.lines("GET " + target + "\x01 HTTP/1.1"),
				"a NUL in a header":         d.lines("GET "+target+" HTTP/1.1", "X-A: a\x00b"),
				"a bare CR in a header":     d.lines("GET "+target+" HTTP/1.1", "X-A: a\rb"),
				"a header without a colon":  d.lines("GET "+target+" HTTP/1.1", "X-A"),
				"a method of other symbols": d.lines("GE(T " + target + " HTTP/1.1"),
				"a tunnel":                  d.lines("CONNECT " + d.domain + ":443 HTTP/1.1"),
				"no HTTP at all":            "\x16\x03\x01\x00\x05hello\r\n\r\n",
			} {
				t.Run(name+" to "+target[:9], func(t *testing.T) { d.requireRefused(t, name, d.raw(t, text)) })
			}
		}
	})
}

// The load balancer's desync mitigation knows two classes of requests whose end
// is unclear; in its defensive mode it refuses the severe ones, and hangs up
// after any of both: https://github.com/aws/http-desync-guardian

func TestRequestsOfBrokenLengthAreRefused(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		d.requireRawWorks(t)
		get := "GET " + d.signed(t) + " HTTP/1.1"
		for name, text := range map[string]string{
			"two lengths":       d.lines(get, "Content-Length: 0", "Content-Length: 5") + "hello",
			"a signed length":   d.lines(get, "Content-Length: +5") + "hello",
			"a negative length": d.lines(get, "Content-Length: -5"),
			"no number":         d.lines(get, "Content-Length: five") + "hello",
			"an unknown coding": d.lines(get, "Transfer-Encoding: xchunked") + "0\r\n\r\n",
			"chunked twice":     d.lines(get, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "0\r\n\r\n",
		} {
			t.Run(name, func(t *testing.T) {
				answer := d.raw(t, text)
				d.requireRefused(t, name, answer)
				requireClosed(t, name, answer)
			})
		}
	})
}

func TestNothingIsReadAfterARequestOfUnclearLength(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		d.requireRawWorks(t)
		signed := d.signed(t)
		get, smuggled := "GET "+signed+" HTTP/1.1", d.lines("GET "+signed+" HTTP/1.1")
		for name, text := range map[string]string{
			"both lengths, POST":           d.lines("POST "+signed+" HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n" + smuggled,
			"both lengths":                 d.lines(get, "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n" + smuggled,
			"both lengths, swapped":        d.lines(get, "Transfer-Encoding: chunked", "Content-Length: 5") + "0\r\n\r\n" + smuggled,
			"GET with a body":              d.lines(get, "Content-Length: 5") + "hello" + smuggled,
			"GET with a chunked body":      d.lines(get, "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n" + smuggled,
			"HEAD with a body":             d.lines("HEAD "+signed+" HTTP/1.1", "Content-Length: 5") + "hello" + smuggled,
			"the same length twice":        d.lines(get, "Content-Length: 5", "Content-Length: 5") + "hello" + smuggled,
			"a list of lengths":            d.lines(get, "Content-Length: 5, 5") + "hello" + smuggled,
			"a space before the colon":     d.lines(get, "Transfer-Encoding : chunked") + "0\r\n\r\n" + smuggled,
			"an underscore for the hyphen": d.lines(get, "Transfer_Encoding: chunked") + "0\r\n\r\n" + smuggled,
			"a folded header":              d.lines(get, "X-A: a", " Transfer-Encoding: chunked") + smuggled,
			"a folded first header":        d.lines(get+"\r\n X-A: a") + smuggled,
			"chunked by HTTP/1.0":          d.lines("GET "+signed+" HTTP/1.0", "Transfer-Encoding: chunked") + "0\r\n\r\n" + smuggled,
		} {
			t.Run(name, func(t *testing.T) { requireClosed(t, name, d.raw(t, text)) })
		}
	})
}

func requireClosed(t *testing.T, what string, answer response) {
	t.Helper()
	if !answer.closed {
		t.Errorf("%s = %d and the connection lives on; want it closed, since nobody knows where the next request begins", what, answer.status)
	}
}
