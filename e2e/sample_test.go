package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

func TestRedirectLeadsToTheSample(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			answer := d.send(t, request{method: method, target: presignTarget(d.sample.key)})
			requireHeaders(t, answer, map[string]string{
				"Cache-Control":          "no-store",
				"Referrer-Policy":        "no-referrer",
				"X-Content-Type-Options": "nosniff",
			})
			if len(answer.body) != 0 {
				t.Errorf("%s has a body: %q", method, answer.body)
			}
			signed := d.presign(t, method, presignTarget(d.sample.key))
			if !strings.HasPrefix(signed, "/"+escape(d.sample.key, unreserved+"/")+"?") {
				t.Errorf("%s leads to %s; want the path of %s", method, signed, d.sample.key)
			}
			got := d.send(t, request{method: method, target: signed})
			if got.status != http.StatusOK || method == http.MethodGet && got.sum() != d.sample.sha256 {
				t.Errorf("%s through the redirect = %d %.200s; want 200 and the object", method, got.status, got.body)
			}
		}
	})
}

func TestHTTP2ClientsFollowTheRedirect(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		browser := &http.Client{Timeout: patience, Transport: &http.Transport{
			DialContext: d.dial, TLSClientConfig: d.tls.Clone(), ForceAttemptHTTP2: true,
		}}
		answer, err := browser.Get("https://" + d.domain + presignTarget(d.sample.key))
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, answer); got.status != http.StatusOK || got.sum() != d.sample.sha256 {
			t.Errorf("GET over %s = %d %.200s; want the sample", answer.Proto, got.status, got.body)
		}
		if answer.ProtoMajor != 2 {
			t.Errorf("the door speaks %s with a client that offers HTTP/2", answer.Proto)
		}
	})
}

func TestPrintedCurlLinesWork(t *testing.T) {
	throughEachLocalDoor(t, needsProcess, func(t *testing.T, d *door) {
		lines := curlLine.FindAllStringSubmatch(d.local.output.String(), -1)
		if len(lines) == 0 {
			t.Fatalf("the door prints no curl line:\n%s", d.local.output)
		}
		var worked bool
		for _, line := range lines {
			got := shell(t, line[1]+" -fsS")
			worked = worked || sha256Hex(got) == d.sample.sha256
			if len(got) == 0 {
				t.Errorf("%s prints nothing", line[1])
			}
		}
		if !worked {
			t.Errorf("none of the lines %q prints the sample", lines)
		}
	})
}

func TestCurlFollowsTheRedirect(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		curl := d.curl() + "-fsSL "
		target := "'https://" + d.domain + presignTarget(d.sample.key) + "'"
		whole := shell(t, curl+target)
		if sha256Hex(whole) != d.sample.sha256 {
			t.Fatalf("curl -L prints %.200q; want the sample", whole)
		}
		if got := shell(t, curl+"-C 6 "+target); !bytes.Equal(got, whole[6:]) {
			t.Errorf("curl -L -C 6 prints %.200q; want the rest of the sample", got)
		}
		if got := shell(t, curl+"-I "+target); !bytes.Contains(got, []byte(" 200")) {
			t.Errorf("curl -L -I prints %s; want a 200 at the end", got)
		}
	})
}

// curl is the beginning of a curl line for the door.
func (c client) curl() string {
	line := "curl --connect-to ::" + c.address + " "
	if c.caFile != "" {
		line += "--cacert '" + c.caFile + "' "
	}
	return line
}

// shell runs a line at the repository's root, as a reader of the README would.
func shell(t *testing.T, line string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", line, err, stderr.Bytes())
	}
	return got
}

func TestInterruptedDownloadResumes(t *testing.T) {
	throughEachLocalDoor(t, needsObjects, func(t *testing.T, d *door) {
		const key = "objects/large.bin"
		want := make([]byte, 8<<20)
		rand.Read(want)
		d.store.put(t, key, want)
		signed := d.presign(t, http.MethodGet, presignTarget(key))
		half := len(want) / 2
		first := d.send(t, request{target: signed, header: http.Header{"Range": {fmt.Sprintf("bytes=0-%d", half-1)}}})
		rest := d.send(t, request{target: signed, header: http.Header{
			"Range":    {fmt.Sprintf("bytes=%d-", half)},
			"If-Range": {first.header.Get("ETag")},
		}})
		if first.status != http.StatusPartialContent || rest.status != http.StatusPartialContent {
			t.Fatalf("the halves = %d and %d; want 206 for both", first.status, rest.status)
		}
		if !bytes.Equal(append(first.body, rest.body...), want) {
			t.Error("the halves don't make the object")
		}
	})
}
