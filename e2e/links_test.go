package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const linksPath = "/presign/links"

// link is what the creator of a one-time link gets.
type link struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Key       string    `json:"key"`
	Uses      int       `json:"uses"`
	Remaining int       `json:"remaining"`
	ExpiresAt time.Time `json:"expiresAt"`

	// target is the URL in origin form.
	target string
}

// token is the secret in the link.
func (l link) token() string { return strings.TrimPrefix(l.target, "/once/") }

// hash names the link in the log and in the table: the token's SHA-256, which
// gives no rights.
func (l link) hash() string {
	sum := sha256.Sum256([]byte(l.token()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// secret is the part of the id that the hash doesn't tell.
func (l link) secret() string { return strings.TrimPrefix(l.ID, l.hash()) }

// linkState is what the owner of a link sees.
type linkState struct {
	ID        string     `json:"id"`
	Key       string     `json:"key"`
	FileName  string     `json:"filename"`
	Uses      int        `json:"uses"`
	Remaining int        `json:"remaining"`
	Claim     string     `json:"claim"`
	Window    int        `json:"window"`
	CreatedAt time.Time  `json:"createdAt"`
	OpenedAt  *time.Time `json:"openedAt"`
	ExpiresAt time.Time  `json:"expiresAt"`
	Expired   bool       `json:"expired"`
	RevokedAt *time.Time `json:"revokedAt"`
	Revoked   bool       `json:"revoked"`
	Claims    []struct {
		At       time.Time `json:"at"`
		ClientIP string    `json:"clientIp"`
	} `json:"claims"`
}

// order is what a link is asked to be. Its key is the sample's unless given.
type order map[string]any

// newLink creates a link.
func (d *door) newLink(t *testing.T, o order) link {
	t.Helper()
	wanted := order{"key": d.sample.key}
	for name, value := range o {
		wanted[name] = value
	}
	body, err := json.Marshal(wanted)
	if err != nil {
		t.Fatal(err)
	}
	answer := d.orderLink(t, string(body))
	var l link
	if err := json.Unmarshal(answer.body, &l); err != nil || answer.status != http.StatusCreated {
		t.Fatalf("POST %s %s = %d %.300s; want 201 and JSON", linksPath, body, answer.status, answer.body)
	}
	requireHeaders(t, answer, map[string]string{"Cache-Control": "no-store", "Location": linksPath + "/" + l.ID})
	l.target = d.targetOf(t, l.URL)
	return l
}

func (d *door) orderLink(t *testing.T, body string) response {
	t.Helper()
	return d.send(t, request{
		method: http.MethodPost, target: linksPath, body: body, header: http.Header{"Content-Type": {"application/json"}},
	})
}

// stateOf asks for the state of a link, as its owner does.
func (d *door) stateOf(t *testing.T, l link) linkState {
	t.Helper()
	answer := d.get(t, linksPath+"/"+l.ID)
	var s linkState
	if err := json.Unmarshal(answer.body, &s); err != nil || answer.status != http.StatusOK {
		t.Fatalf("the state of link %s = %d %.300s; want 200 and JSON", l.ID, answer.status, answer.body)
	}
	return s
}

// requireClaims fails unless the link counts that many claims, and remembers as
// many.
func (d *door) requireClaims(t *testing.T, l link, want int) {
	t.Helper()
	if s := d.stateOf(t, l); len(s.Claims) != want || s.Remaining != l.Uses-want {
		t.Errorf("the link has %d claims and %d of %d uses left; want %d claims", len(s.Claims), s.Remaining, l.Uses, want)
	}
}

func (d *door) revoke(t *testing.T, l link) {
	t.Helper()
	if answer := d.send(t, request{method: http.MethodDelete, target: linksPath + "/" + l.ID}); answer.status != http.StatusNoContent {
		t.Fatalf("revoke = %d %.300s; want 204", answer.status, answer.body)
	}
}

// claim uses a link once and returns the request target that it leads to.
func (d *door) claim(t *testing.T, l link) string {
	t.Helper()
	return d.requireClaimed(t, d.get(t, l.target))
}

// requireClaimed fails unless the answer is that to a claim, and returns the
// request target of its redirect.
func (c client) requireClaimed(t *testing.T, answer response) string {
	t.Helper()
	if answer.status != http.StatusSeeOther {
		t.Fatalf("claim = %d %.300s; want 303", answer.status, answer.body)
	}
	requireHeaders(t, answer, map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
	})
	return c.targetOf(t, answer.header.Get("Location"))
}

// browser is what makes a request a browser's.
func browser() http.Header {
	return http.Header{"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}}
}

// unknownToken looks like a token and is none.
func unknownToken() string {
	b := make([]byte, 24)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func TestLinkWorksOnceWithCurl(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, nil)
		if got := shell(t, d.curl()+"-fsSL '"+l.URL+"'"); sha256Hex(got) != d.sample.sha256 {
			t.Fatalf("the first curl -L prints %.200q; want the sample", got)
		}
		if got := shell(t, d.curl()+"-sSL -o /dev/null -w '%{http_code}' '"+l.URL+"'"); string(got) != "403" {
			t.Errorf("the second curl -L ends with status %s; want 403", got)
		}
		d.requireClaims(t, l, 1)
	})
}

func TestLinkWorksAsOftenAsItHasUses(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, order{"uses": 3})
		for i := range 3 {
			d.requireClaims(t, l, i)
			d.requireSample(t, d.claim(t, l))
		}
		requireLinkRefused(t, d.get(t, l.target))
		d.requireClaims(t, l, 3)
	})
}

// requireLinkRefused fails unless the answer is the one 403 of all links that
// don't work.
func requireLinkRefused(t *testing.T, answer response) {
	t.Helper()
	if answer.status != http.StatusForbidden || answer.header.Get("Location") != "" {
		t.Errorf("a link that doesn't work = %d %.300s, Location %q; want 403", answer.status, answer.body, answer.header.Get("Location"))
	}
}

func TestNewLinkIsAsOrdered(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		before := time.Now()
		l := d.newLink(t, order{"uses": 2, "expiresIn": 600, "claim": "post", "filename": "보고서.pdf", "window": 30})
		if l.Key != d.sample.key || l.Uses != 2 || l.Remaining != 2 {
			t.Errorf("created = %+v; want key %s and 2 of 2 uses", l, d.sample.key)
		}
		if lasts := l.ExpiresAt.Sub(before); lasts < 590*time.Second || lasts > 610*time.Second {
			t.Errorf("the link lasts %s; want the 600 s of its order", lasts)
		}
		s := d.stateOf(t, l)
		if s.FileName != "보고서.pdf" || s.Claim != "post" || s.Window != 30 || s.Uses != 2 || s.Remaining != 2 || !s.ExpiresAt.Equal(l.ExpiresAt) {
			t.Errorf("state = %+v; want it as ordered", s)
		}
		if s.OpenedAt != nil || s.RevokedAt != nil || s.Expired || s.Revoked || len(s.Claims) != 0 {
			t.Errorf("state = %+v; want a link that nobody has touched", s)
		}
	})
}

func TestTokenIsAtLeast128RandomBitsAndNotTheID(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l, other := d.newLink(t, nil), d.newLink(t, nil)
		for _, x := range []link{l, other} {
			if b, err := base64.RawURLEncoding.DecodeString(x.token()); err != nil || len(b) < 16 {
				t.Errorf("token %s holds %d bytes (%v); want at least 16, in URL-safe base64", x.token(), len(b), err)
			}
		}
		if l.token() == other.token() || l.token()[:11] == other.token()[:11] {
			t.Errorf("two tokens are alike: %s, %s", l.token(), other.token())
		}
		requireLinkRefused(t, d.get(t, "/once/"+l.ID))
		requireLinkRefused(t, d.get(t, "/once/"+l.secret()))
		d.requireClaims(t, l, 0)
	})
}

// TestWhoHasTheURLOfALinkIsNotItsOwner asks for what only the id gives: whoever
// has the URL knows the token and its hash.
func TestWhoHasTheURLOfALinkIsNotItsOwner(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l, other := d.newLink(t, nil), d.newLink(t, nil)
		if b, err := base64.RawURLEncoding.DecodeString(l.secret()); err != nil || len(b) < 16 || l.secret() == l.ID {
			t.Errorf("id %s tells %d bytes (%v) more than the hash %s of the token; want at least 16", l.ID, len(b), err, l.hash())
		}
		for _, id := range []string{l.token(), l.hash(), l.hash() + other.secret(), other.hash() + l.secret(), l.secret()} {
			for _, method := range []string{http.MethodGet, http.MethodDelete} {
				requireProblem(t, d.send(t, request{method: method, target: linksPath + "/" + id}), http.StatusNotFound)
			}
		}
		d.requireSample(t, d.claim(t, l))
		d.requireSample(t, d.claim(t, other))
	})
}

func TestOrdersThatBreakARuleGetA400(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, body := range []string{
			"", "{", "[]", `"objects/a"`, "{}", `{"key": ""}`, `{"key": 1}`, `{"key": "private/a"}`, `{"key": "objects/../a"}`, `{"key": "objects/a\u0000"}`,
			`{"key": "objects/a", "uses": 0}`, `{"key": "objects/a", "uses": -1}`, `{"key": "objects/a", "uses": 101}`,
			`{"key": "objects/a", "uses": 1.5}`, `{"key": "objects/a", "uses": "1"}`,
			`{"key": "objects/a", "expiresIn": 0}`, `{"key": "objects/a", "expiresIn": 99999999999}`,
			`{"key": "objects/a", "window": 0}`, `{"key": "objects/a", "window": 43201}`,
			`{"key": "objects/a", "claim": "get"}`, `{"key": "objects/a", "claim": ""}`,
			`{"key": "objects/a", "filename": "a/b"}`, `{"key": "objects/a", "filename": "a\r\nSet-Cookie: a=b"}`,
			`{"key": "objects/a", "use": 1}`, `{"key": "objects/a"} {"key": "objects/b"}`, `{"key": "objects/a"`,
			`{"key": "objects/\ud800"}`, "{\"key\": \"objects/\xff\"}", `{"key": "objects/` + strings.Repeat("a", 1024) + `"}`,
			`{"key": "objects/a", "filename": "` + strings.Repeat("a", 20_000) + `"}`,
		} {
			requireProblem(t, d.orderLink(t, body), http.StatusBadRequest)
		}
		answer := d.orderLink(t, `{"key": "private/a", "uses": 0, "expiresIn": 0, "claim": "get", "filename": "a/b", "window": 0}`)
		detail := parseProblem(t, answer, http.StatusBadRequest).Detail
		for _, field := range []string{"key", "uses", "expiresIn", "claim", "filename", "window"} {
			if !strings.Contains(detail, field) {
				t.Errorf("the problem says %q and not that %s is wrong too", detail, field)
			}
		}
	})
}

func TestOwnersLearnThatAnIDIsUnknown(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		b := make([]byte, 32)
		rand.Read(b)
		known := d.newLink(t, nil)
		for _, id := range []string{base64.RawURLEncoding.EncodeToString(b) + known.secret(), known.ID + "A", "a", "%20", strings.Repeat("a", 200)} {
			for _, method := range []string{http.MethodGet, http.MethodDelete} {
				requireProblem(t, d.send(t, request{method: method, target: linksPath + "/" + id}), http.StatusNotFound)
			}
		}
	})
}

func TestOwnerSeesWhoClaimedAndWhen(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, order{"uses": 3})
		d.claim(t, l)
		d.claim(t, l)
		s := d.stateOf(t, l)
		if len(s.Claims) != 2 || s.Remaining != 1 {
			t.Fatalf("state = %+v; want two claims, one left", s)
		}
		if first, second := s.Claims[0], s.Claims[1]; first.At.Before(s.CreatedAt) || second.At.Before(first.At) || first.ClientIP == "" {
			t.Errorf("claims = %+v; want the times in order and the addresses", s.Claims)
		}
		if d.local != nil && s.Claims[0].ClientIP != "127.0.0.1" {
			t.Errorf("claimed by %s; want 127.0.0.1", s.Claims[0].ClientIP)
		}
	})
}

// TestNothingButAClaimUsesALinkUp sends what scanners, previews, browsers and
// mistaken clients send. The link still works once afterwards.
func TestNothingButAClaimUsesALinkUp(t *testing.T) {
	with := func(name, value string) http.Header { return http.Header{name: {value}} }
	flipCase := func(target string) string {
		token := strings.TrimPrefix(target, "/once/")
		return "/once/" + strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z':
				return r - 'a' + 'A'
			case 'A' <= r && r <= 'Z':
				return r - 'A' + 'a'
			}
			return r
		}, token)
	}
	tests := []struct {
		name string
		request
		// target changes the link's request target; nil leaves it.
		target func(string) string
		want   int
	}{
		{name: "HEAD", request: request{method: http.MethodHead}, want: 200},
		{name: "HEAD by a browser", request: request{method: http.MethodHead, header: browser()}, want: 200},
		{name: "OPTIONS", request: request{method: http.MethodOptions}, want: 404},
		{name: "a preflight", request: request{method: http.MethodOptions, header: http.Header{
			"Origin": {"https://www.example.com"}, "Access-Control-Request-Method": {"POST"}}}, want: 404},
		{name: "PUT", request: request{method: http.MethodPut}, want: 404},
		{name: "PATCH", request: request{method: http.MethodPatch}, want: 404},
		{name: "DELETE", request: request{method: http.MethodDelete}, want: 404},
		{name: "TRACE", request: request{method: http.MethodTrace}, want: 405},
		{name: "a method in lower case", request: request{method: "get"}, want: 404},
		{name: "Sec-Purpose: prefetch", request: request{header: with("Sec-Purpose", "prefetch")}, want: 503},
		{name: "Sec-Purpose: prefetch;prerender", request: request{header: with("Sec-Purpose", "prefetch;prerender")}, want: 503},
		{name: "Sec-Purpose in a POST", request: request{method: http.MethodPost, header: with("Sec-Purpose", "prefetch")}, want: 503},
		{name: "Purpose: prefetch", request: request{header: with("Purpose", "prefetch")}, want: 503},
		{name: "Purpose: prefetch by a browser", request: request{header: http.Header{"Purpose": {"prefetch"}, "Accept": browser()["Accept"]}}, want: 503},
		{name: "X-Purpose: preview", request: request{header: with("X-Purpose", "preview")}, want: 503},
		{name: "X-Moz: prefetch", request: request{header: with("X-Moz", "prefetch")}, want: 503},
		{name: "GET by a browser", request: request{header: browser()}, want: 200},
		{name: "GET for HTML alone", request: request{header: with("Accept", "text/html")}, want: 200},
		{name: "GET that names HTML last", request: request{header: with("Accept", "application/json, */*;q=0.5, text/html;q=0.1")}, want: 200},
		{name: "a longer token", target: func(s string) string { return s + "A" }, want: 403},
		{name: "a shorter token", target: func(s string) string { return s[:len(s)-1] }, want: 403},
		{name: "the token in the other case", target: flipCase, want: 403},
		{name: "the token with another byte", target: func(s string) string { return "/once/" + unknownToken()[:1] + "-_" + s[len("/once/")+3:] }, want: 403},
		{name: "the token padded", target: func(s string) string { return s + "=" }, want: 403},
		{name: "a slash behind the token", target: func(s string) string { return s + "/" }, want: 403},
		{name: "the token escaped", target: func(s string) string { return "/once/" + escape(s[len("/once/"):], "") }, want: 403},
		{name: "the token in the query", target: func(s string) string { return "/once/?" + s[len("/once/"):] }, want: 403},
	}
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				l := d.newLink(t, nil)
				r := test.request
				r.target = l.target
				if test.target != nil {
					r.target = test.target(l.target)
				}
				answer := d.send(t, r)
				if answer.status != test.want || answer.header.Get("Location") != "" {
					t.Errorf("= %d %.200s; want %d and no redirect", answer.status, answer.body, test.want)
				}
				if test.method == http.MethodHead && len(answer.body) > 0 {
					t.Errorf("HEAD has a body: %q", answer.body)
				}
				d.requireClaims(t, l, 0)
				d.requireSample(t, d.claim(t, l))
			})
		}
	})
}

func TestLinkOverPlainHTTPOrForAnotherHostIsNotClaimed(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, nil)
		for _, method := range []string{"GET", "POST"} {
			answer := d.rawPlain(t, method+" "+l.target+" HTTP/1.1\r\nHost: "+d.domain+"\r\nContent-Length: 0\r\n\r\n")
			if answer.status != http.StatusMovedPermanently {
				t.Errorf("%s over plain HTTP = %d %.200s; want 301 to HTTPS", method, answer.status, answer.body)
			}
			d.requireRefused(t, method+" for another host", d.send(t, request{method: method, target: l.target, host: "other." + d.domain}))
		}
		d.requireClaims(t, l, 0)
	})
}

func TestOnlyPOSTClaimsALinkThatSaysSo(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, order{"claim": "post"})
		for _, header := range []http.Header{nil, {"Accept": {"*/*"}}, {"Accept": {"application/json"}}} {
			requireLinkRefused(t, d.send(t, request{target: l.target, header: header}))
		}
		if page := d.send(t, request{target: l.target, header: browser()}); page.status != http.StatusOK {
			t.Errorf("a browser gets %d %.200s; want the page", page.status, page.body)
		}
		d.requireClaims(t, l, 0)
		claimed := d.send(t, request{method: http.MethodPost, target: l.target})
		d.requireSample(t, d.requireClaimed(t, claimed))
		requireLinkRefused(t, d.send(t, request{method: http.MethodPost, target: l.target}))
	})
}

// TestLinksThatDoNotWorkAreAllRefusedAlike compares whole answers, but for their
// date.
func TestLinksThatDoNotWorkAreAllRefusedAlike(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		dead := d.deadLinks(t)
		for name, r := range map[string]request{
			"a program":            {},
			"*/*":                  {header: http.Header{"Accept": {"*/*"}}},
			"JSON":                 {header: http.Header{"Accept": {"application/json"}}},
			"JSON before HTML":     {header: http.Header{"Accept": {"application/json, text/html;q=0.1"}}},
			"a browser":            {header: browser()},
			"a program that POSTs": {method: http.MethodPost},
			"a browser that POSTs": {method: http.MethodPost, header: browser()},
		} {
			t.Run(name, func(t *testing.T) {
				want := d.requireAlike(t, r, dead)
				if want.status != http.StatusForbidden || len(want.body) == 0 {
					t.Errorf("a link that doesn't work = %d %q; want 403 that says so", want.status, want.body)
				}
				if r.method == "" && !strings.Contains(r.header.Get("Accept"), "text/html") {
					needsPOST := map[string]string{"unknown": dead["unknown"], "only POST claims": d.newLink(t, order{"claim": "post"}).target}
					d.requireAlike(t, r, needsPOST)
				}
			})
		}
	})
}

// deadLinks returns the request targets of links that don't work, each for
// another reason.
func (d *door) deadLinks(t *testing.T) map[string]string {
	t.Helper()
	expired := d.newLink(t, order{"expiresIn": 1})
	usedUp := d.newLink(t, nil)
	d.claim(t, usedUp)
	revoked := d.newLink(t, nil)
	d.revoke(t, revoked)
	revokedWhileOpen := d.newLink(t, order{"uses": 2})
	d.claim(t, revokedWhileOpen)
	if page := d.send(t, request{target: revokedWhileOpen.target, header: browser()}); page.status != http.StatusOK {
		t.Fatalf("open = %d %.200s; want the page", page.status, page.body)
	}
	d.revoke(t, revokedWhileOpen)
	time.Sleep(time.Until(expired.ExpiresAt) + 100*time.Millisecond)
	for !d.stateOf(t, expired).Expired { // the clocks need not be the same
		time.Sleep(100 * time.Millisecond)
	}
	return map[string]string{
		"expired":                    expired.target,
		"used up":                    usedUp.target,
		"revoked":                    revoked.target,
		"revoked while it was open":  revokedWhileOpen.target,
		"unknown":                    "/once/" + unknownToken(),
		"malformed":                  "/once/not-a-token",
		"malformed, of other bytes":  "/once/%00%ff",
		"malformed, of right length": "/once/" + strings.Repeat("!", 32),
		"no token":                   "/once/",
		"a path":                     "/once/a/b/c",
	}
}

// requireAlike fails unless all targets are answered alike, and returns an
// answer.
func (d *door) requireAlike(t *testing.T, r request, targets map[string]string) response {
	t.Helper()
	var first *response
	var of string
	for reason, target := range targets {
		r.target = target
		answer := d.send(t, r)
		answer.header.Del("Date")
		if first == nil {
			first, of = &answer, reason
			continue
		}
		if diff := cmp.Diff(*first, answer, cmp.AllowUnexported(response{})); diff != "" {
			t.Errorf("%s is answered otherwise than %s:\n%s", reason, of, diff)
		}
	}
	return *first
}

func TestHEADTellsNothingOfALink(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		targets := d.deadLinks(t)
		targets["a link that works"] = d.newLink(t, nil).target
		d.requireAlike(t, request{method: http.MethodHead}, targets)
		d.requireAlike(t, request{method: http.MethodHead, header: browser()}, targets)
	})
}

// TestLinkDiesExactlyAtExpiresAt claims again and again around the instant.
func TestLinkDiesExactlyAtExpiresAt(t *testing.T) {
	throughEachLocalDoor(t, needsClock, func(t *testing.T, d *door) {
		l := d.newLink(t, order{"expiresIn": 2, "uses": 100})
		time.Sleep(time.Until(l.ExpiresAt) - 300*time.Millisecond)
		var before, after int
		for after < 10 {
			sentAt := time.Now()
			answer := d.get(t, l.target)
			switch answeredAt := time.Now(); {
			case answeredAt.Before(l.ExpiresAt):
				before++
				d.requireClaimed(t, answer)
			case !sentAt.Before(l.ExpiresAt):
				after++
				requireLinkRefused(t, answer)
			}
			time.Sleep(5 * time.Millisecond)
		}
		if before == 0 {
			t.Error("no claim was answered before expiresAt, so the test shows nothing")
		}
		if s := d.stateOf(t, l); !s.Expired {
			t.Errorf("the owner is told %+v; want it expired", s)
		}
	})
}

func TestRevokedLinkStaysRevoked(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, order{"uses": 2})
		d.claim(t, l)
		d.revoke(t, l)
		first := d.stateOf(t, l)
		d.revoke(t, l)
		second := d.stateOf(t, l)
		if !first.Revoked || first.RevokedAt == nil || second.RevokedAt == nil || !first.RevokedAt.Equal(*second.RevokedAt) {
			t.Errorf("revokedAt = %v, and %v after another revocation; want the first", first.RevokedAt, second.RevokedAt)
		}
		requireLinkRefused(t, d.get(t, l.target))
		requireLinkRefused(t, d.send(t, request{method: http.MethodPost, target: l.target}))
		d.requireClaims(t, l, 1)
	})
}
