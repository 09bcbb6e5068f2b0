package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// awkwardKeys are what people really name their objects, and what breaks
// gateways. The local store keeps objects as files, which is why no key here
// ends in a slash, has a segment over 255 bytes, or differs from another one in
// slashes only.
var awkwardKeys = []string{
	"two words", "two+words", "two%20words",
	"100%", "100%25",
	"in%2Fside", "in/side", "in%252Fside",
	"#1", "really?", "really?a=b&c#d", "you&me", "a=b", "a;b", "a:b", "a,b", "a@b", "$a",
	"!*'()~", `[]{}|^"<>` + "`", `back\slash`, `\`,
	"/double//slash", " leading space", "trailing space ", " ",
	"...", "..a", "a..", ".hidden", "%2e%2e", "-_.~",
	"X-Amz-Signature=0", "presign/objects/a", "https://example.com",
	"보고서 2026.pdf", "🎉", "عربى", "\u202etxt.exe", "\ufeffa",
	"caf\u00e9", "cafe\u0301", // composed (NFC) and decomposed (NFD): two objects
	// With the prefix, 1,024 bytes: the most that S3 allows.
	strings.Repeat("long/", 250)[:1024-len(awkwardPrefix)],
}

const awkwardPrefix = "objects/awkward/"

// encodings are how clients write a key in a path.
var encodings = []struct {
	name string
	keep string // what they leave unescaped
}{
	{"unreserved bytes only", unreserved + "/"},
	{"as few escapes as RFC 3986 allows", unreserved + "/!$&'()*+,;=:@"},
	{"as browsers do", unreserved + "/!$&'()*+,;=:@[]|^"},
	{"every byte escaped", "/"},
}

// longestPath is the longest escaped path to present to the API: the ARN by
// which API Gateway authorizes a call holds it, and may have 1,600 bytes.
const longestPath = 1400

func TestAwkwardKeysReachTheirObjects(t *testing.T) {
	throughEachLocalDoor(t, needsObjects, func(t *testing.T, d *door) {
		for _, name := range awkwardKeys {
			d.store.put(t, awkwardPrefix+name, contentOf(awkwardPrefix+name))
		}
		for _, name := range awkwardKeys {
			for _, encoding := range encodings {
				key := awkwardPrefix + name
				target := "/presign/" + escape(key, encoding.keep)
				if len(target) > longestPath {
					continue
				}
				t.Run(fmt.Sprintf("%.40q/%s", name, encoding.name), func(t *testing.T) {
					requireObject(t, d, target, key)
				})
			}
		}
	})
}

// requireObject fails unless GET, HEAD and Range through target lead to the
// object of the key.
func requireObject(t *testing.T, d *door, target, key string) {
	t.Helper()
	want := contentOf(key)
	signed := d.presign(t, http.MethodGet, target)
	path, query, _ := strings.Cut(signed, "?")
	if decoded, err := url.PathUnescape(path); err != nil || decoded != "/"+key {
		t.Errorf("%s leads to %s; want the key %q", target, path, key)
	}
	for _, encoding := range encodings {
		// Proxies and libraries re-encode paths; the signature covers what they mean.
		reencoded := "/objects/" + escape(strings.TrimPrefix(key, "objects/"), encoding.keep) + "?" + query
		if got := d.get(t, reencoded); got.status != http.StatusOK || !bytes.Equal(got.body, want) {
			t.Errorf("GET with %s = %d %.200s; want the object", encoding.name, got.status, got.body)
		}
	}
	part := d.send(t, request{target: signed, header: http.Header{"Range": {"bytes=3-6"}}})
	if part.status != http.StatusPartialContent || !bytes.Equal(part.body, want[3:7]) {
		t.Errorf("Range = %d %.200q; want 206 and %q", part.status, part.body, want[3:7])
	}
	if got, want := part.header.Get("Content-Range"), fmt.Sprintf("bytes 3-6/%d", len(want)); got != want {
		t.Errorf("Content-Range = %q; want %q", got, want)
	}
	head := d.send(t, request{method: http.MethodHead, target: d.presign(t, http.MethodHead, target)})
	if head.status != http.StatusOK || head.header.Get("Content-Length") != strconv.Itoa(len(want)) {
		t.Errorf("HEAD = %d with Content-Length %q; want 200 with %d", head.status, head.header.Get("Content-Length"), len(want))
	}
}

// contentOf is the content of the object of a key, unlike any other's.
func contentOf(key string) []byte { return []byte("object " + sha256Hex([]byte(key))) }

func TestRefusedKeysGetA400ThatSaysWhy(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for name, target := range map[string]string{
			"a . segment":             "/presign/objects/./a",
			"a .. segment":            "/presign/objects/a/../b",
			"a .. segment to outside": "/presign/objects/../a",
			"a .. segment at the end": "/presign/objects/a/..",
			"an escaped .":            "/presign/objects/%2e/a",
			"an escaped ..":           "/presign/objects/%2E%2e/a",
			"a half escaped ..":       "/presign/objects/.%2e/a",
			".. between escaped /":    "/presign/objects%2F..%2Fa",
			"NUL":                     "/presign/objects/a%00",
			"a line break":            "/presign/objects/a%0D%0Ab",
			"DEL":                     "/presign/objects/a%7F",
			"a C1 control":            "/presign/objects/a%C2%85b",
			"a byte outside UTF-8":    "/presign/objects/%FF",
			"an overlong slash":       "/presign/objects/a%C0%AFb",
			"a surrogate":             "/presign/objects/%ED%A0%80",
			"a cut rune":              "/presign/objects/%E2%82",
			"no key":                  "/presign/",
			"1,025 bytes":             "/presign/objects/" + strings.Repeat("a", 1025-len("objects/")),
			"a key outside objects/":  "/presign/private/a",
			"a key beside objects/":   "/presign/objects-a",
			"the folder's bare name":  "/presign/objects",
			"a folder in other case":  "/presign/Objects/a",
			"a slash too many":        "/presign//objects/a",
		} {
			t.Run(name, func(t *testing.T) {
				requireProblem(t, d.get(t, target), http.StatusBadRequest)
				head := d.send(t, request{method: http.MethodHead, target: target})
				if head.status != http.StatusBadRequest || len(head.body) != 0 {
					t.Errorf("HEAD = %d %q; want 400 without a body", head.status, head.body)
				}
			})
		}
	})
}

// Nobody promises who refuses a path that isn't one: the load balancer, API
// Gateway or the function.
func TestBrokenEscapesGetA400(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, path := range []string{"/presign/objects/100%", "/presign/objects/%4", "/presign/objects/%zz", "/presign/objects/%%20"} {
			answer := d.raw(t, d.lines("GET "+path+" HTTP/1.1"))
			d.requireRefused(t, path, answer)
			if answer.status != http.StatusBadRequest {
				t.Errorf("%s = %d %.200s; want 400", path, answer.status, answer.body)
			}
		}
	})
}
