package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestQueryTakesEffectOnTheObject(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		name := d.sample.key[strings.LastIndexByte(d.sample.key, '/')+1:]
		for _, test := range []struct{ query, header, want string }{
			{"download=report.pdf", "Content-Disposition", `attachment; filename="report.pdf"`},
			{"download=annual+report.pdf", "Content-Disposition", `attachment; filename="annual report.pdf"; filename*=UTF-8''annual%20report.pdf`},
			{"download=%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf", "Content-Disposition", `attachment; filename="___.pdf"; filename*=UTF-8''%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf`},
			{"download", "Content-Disposition", `attachment; filename="` + name + `"`},
			{"inline", "Content-Disposition", "inline"},
			{"inline=true", "Content-Disposition", "inline"},
			{"content-type=text/csv", "Content-Type", "text/csv"},
			{"content-type=text/html;%20charset=utf-8", "Content-Type", "text/html; charset=utf-8"},
			{"expires=60&inline&content-type=text/csv", "Content-Type", "text/csv"},
		} {
			t.Run(test.query, func(t *testing.T) {
				target := presignTarget(d.sample.key) + "?" + test.query
				got := d.get(t, d.presign(t, http.MethodGet, target))
				if got.status != http.StatusOK || got.sum() != d.sample.sha256 {
					t.Errorf("GET = %d %.200s; want the object", got.status, got.body)
				}
				requireHeaders(t, got, map[string]string{test.header: test.want})
				head := d.send(t, request{method: http.MethodHead, target: d.presign(t, http.MethodHead, target)})
				requireHeaders(t, head, map[string]string{test.header: test.want})
			})
		}
	})
}

func TestLifeOfAURL(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, test := range []struct{ query, want string }{
			{"?expires=1", "1"},
			{"?expires=60", "60"},
			{"", "900"},
		} {
			if test.query == "" && d.local == nil {
				continue // a stage may set another default
			}
			query := queryOf(t, d.presign(t, http.MethodGet, presignTarget(d.sample.key)+test.query))
			if got := query.Get("X-Amz-Expires"); got != test.want {
				t.Errorf("%q gives X-Amz-Expires %s; want %s", test.query, got, test.want)
			}
		}
	})
}

func TestSignedIsTheHostAlone(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			query := queryOf(t, d.presign(t, method, presignTarget(d.sample.key)))
			if got := query.Get("X-Amz-SignedHeaders"); got != "host" {
				t.Errorf("%s signs the headers %q; want host alone, or plain clients fail", method, got)
			}
		}
	})
}

func TestVersionIDLeadsToTheOlderBytes(t *testing.T) {
	throughEachLocalDoor(t, needsObjects, func(t *testing.T, d *door) {
		const key = "objects/versions/report.pdf"
		older := d.store.put(t, key, []byte("the older bytes"))
		newer := d.store.put(t, key, []byte("the newer bytes"))
		if older == "" || older == newer {
			t.Fatalf("two writes have the versions %q and %q; want two: the template asks for versioning", older, newer)
		}
		for versionID, want := range map[string]string{older: "the older bytes", newer: "the newer bytes"} {
			signed := d.presign(t, http.MethodGet, presignTarget(key)+"?version-id="+url.QueryEscape(versionID))
			if got := d.get(t, signed); got.status != http.StatusOK || string(got.body) != want {
				t.Errorf("version %s = %d %.200s; want %q", versionID, got.status, got.body, want)
			}
		}
		if got := d.get(t, d.presign(t, http.MethodGet, presignTarget(key))); string(got.body) != "the newer bytes" {
			t.Errorf("without version-id = %d %.200s; want the newer bytes", got.status, got.body)
		}
	})
}

func TestBadQueriesGetA400ThatSaysWhy(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, query := range []string{
			"expires=0", "expires=-1", "expires=1.5", "expires=", "expires=%2B60", "expires=1e3", "expires=43201", "expires=99999999999999999999",
			"expires=60&expires=60", "expire=60", "Expires=60", "download=a&inline", "inline=no",
			"download=a/b", "download=a%5Cb", "download=a%0D%0ASet-Cookie:%20a=b", "download=" + strings.Repeat("x", 256),
			"content-type=", "content-type=text", "content-type=text/plain%0D%0Aa:b", "version-id=", "version-id=%00",
			"X-Amz-Expires=60", "response-content-type=text/html",
		} {
			t.Run(query[:min(len(query), 40)], func(t *testing.T) {
				requireProblem(t, d.get(t, presignTarget(d.sample.key)+"?"+query), http.StatusBadRequest)
			})
		}
	})
}

// grant is the JSON form of a presigned request.
type grant struct {
	URL       string            `json:"url"`
	Method    string            `json:"method"`
	Headers   map[string]string `json:"headers"`
	ExpiresAt time.Time         `json:"expiresAt"`
}

// grant asks for the JSON form.
func (d *door) grant(t *testing.T, target string, header http.Header) grant {
	t.Helper()
	answer := d.send(t, request{target: target, header: header})
	var g grant
	if err := json.Unmarshal(answer.body, &g); err != nil || answer.status != http.StatusOK {
		t.Fatalf("GET %s = %d %s; want 200 and JSON", target, answer.status, answer.body)
	}
	requireHeaders(t, answer, map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
	})
	if answer.header.Get("Location") != "" {
		t.Errorf("GET %s redirects as well", target)
	}
	return g
}

func TestJSONForProgramsAndForRequestsWithAuthorization(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for name, header := range map[string]http.Header{
			"Accept":        {"Accept": {"application/json"}},
			"Authorization": {"Authorization": {"Bearer e2e-not-a-secret"}},
			"both":          {"Authorization": {"Basic YTpi"}, "Accept": {"application/json, */*;q=0.1"}},
		} {
			t.Run(name, func(t *testing.T) {
				g := d.grant(t, presignTarget(d.sample.key), header)
				target := d.targetOf(t, g.URL)
				if g.Method != http.MethodGet || g.Headers == nil {
					t.Errorf("method %q, headers %v; want GET and an object", g.Method, g.Headers)
				}
				if got := d.get(t, target); got.status != http.StatusOK || got.sum() != d.sample.sha256 {
					t.Errorf("its URL = %d %.200s; want the object", got.status, got.body)
				}
				query := queryOf(t, target)
				if got, want := g.ExpiresAt, endOf(t, query); !got.Equal(want) {
					t.Errorf("expiresAt = %s, the signature ends at %s", got, want)
				}
			})
		}
	})
}

func TestURLWorksUntilExpiresAtAndIsDeadAfterIt(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		g := d.grant(t, presignTarget(d.sample.key)+"?expires=2", http.Header{"Accept": {"application/json"}})
		target := d.targetOf(t, g.URL)
		before := d.get(t, target)
		if time.Now().Before(g.ExpiresAt) && before.sum() != d.sample.sha256 {
			t.Errorf("before expiresAt = %d %.200s; want the object", before.status, before.body)
		}
		// S3 counts whole seconds, and the clocks need not be the same.
		time.Sleep(time.Until(g.ExpiresAt) + 1500*time.Millisecond)
		after := d.get(t, target)
		if after.status != http.StatusForbidden || bytes.Equal(after.body, before.body) {
			t.Errorf("after expiresAt = %d %.200s; want 403", after.status, after.body)
		}
	})
}

func queryOf(t *testing.T, target string) url.Values {
	t.Helper()
	_, raw, _ := strings.Cut(target, "?")
	query, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return query
}

// endOf is when the signature in a query ends.
func endOf(t *testing.T, query url.Values) time.Time {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil {
		t.Fatal(err)
	}
	return at.Add(time.Duration(seconds) * time.Second)
}
