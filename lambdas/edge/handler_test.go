package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/link/linktest"
	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
)

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

type fakeSizes struct {
	size int64
	err  error
}

func (f fakeSizes) Size(context.Context, objectkey.Key, time.Time) (int64, error) {
	return f.size, f.err
}

// testHandler returns a handler on store, and its log.
func testHandler(store link.Store) (*handler, *bytes.Buffer) {
	log := new(bytes.Buffer)
	credentials := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s3cret-key"}
	return &handler{
		store:  store,
		signer: presign.NewSigner(credentials, "eu-central-1", "files.example.com", "files.example.com"),
		sizes:  fakeSizes{size: 1_234_567},
		now:    func() time.Time { return linktest.Start },
		logger: slog.New(slog.NewJSONHandler(log, nil)),
	}, log
}

// newLink puts a link into a new store.
func newLink(t testing.TB, change func(*link.Link)) (*linktest.Fake, link.Token, link.Link) {
	t.Helper()
	store := new(linktest.Fake)
	token, l := linktest.New()
	if change != nil {
		change(&l)
	}
	if err := store.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	return store, token, l
}

func event(method, token string, header map[string][]string) events.ALBTargetGroupRequest {
	headers := map[string][]string{"x-forwarded-for": {"198.51.100.7, 203.0.113.9"}, "accept": {"*/*"}}
	for name, values := range header {
		headers[strings.ToLower(name)] = values
	}
	return events.ALBTargetGroupRequest{HTTPMethod: method, Path: "/once/" + token, MultiValueHeaders: headers}
}

var invocations int

func handle(t testing.TB, h *handler, e events.ALBTargetGroupRequest) events.ALBTargetGroupResponse {
	t.Helper()
	invocations++
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: fmt.Sprint("request-", invocations)})
	response, err := h.handle(ctx, e)
	if err != nil {
		t.Fatalf("handle returned an error, which fails the invocation: %v", err)
	}
	return response
}

func remaining(t *testing.T, store link.Store, id link.ID) int {
	t.Helper()
	l, err := store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return l.Remaining
}

func TestOneClaimGetsThrough(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		store, token, l := newLink(t, nil)
		h, log := testHandler(store)
		response := handle(t, h, event(method, string(token), nil))
		if response.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: first claim = %d %s; want 303", method, response.StatusCode, response.Body)
		}
		location, err := url.Parse(response.MultiValueHeaders["Location"][0])
		if err != nil {
			t.Fatal(err)
		}
		query := location.Query()
		if location.Host != "files.example.com" || location.Path != "/"+string(l.Key) || query.Get("X-Amz-Expires") != "60" ||
			query.Get("X-Amz-SignedHeaders") != "host" || !strings.HasPrefix(query.Get("response-content-disposition"), "attachment") {
			t.Errorf("%s: Location = %s", method, location)
		}
		if got := response.MultiValueHeaders["Cache-Control"]; len(got) != 1 || got[0] != "no-store" {
			t.Errorf("%s: Cache-Control = %q; want no-store", method, got)
		}
		if second := handle(t, h, event(method, string(token), nil)); second.StatusCode != http.StatusForbidden {
			t.Errorf("%s: second claim = %d; want 403", method, second.StatusCode)
		}
		got, err := store.Get(t.Context(), l.ID)
		if err != nil || len(got.Claims) != 1 || got.Claims[0].ClientIP != netip.MustParseAddr("203.0.113.9") {
			t.Errorf("%s: claims = %v, %v; want one by 203.0.113.9", method, got.Claims, err)
		}
		for _, want := range []string{`"action":"claim link","outcome":"done"`, `"reason":"link refused: used up"`, string(l.ID)} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: log misses %s: %s", method, want, log)
			}
		}
		for _, secret := range []string{string(token), "X-Amz", "s3cret"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s: log holds %q: %s", method, secret, log)
			}
		}
	}
}

func TestNothingButAClaimUsesTheLinkUp(t *testing.T) {
	for _, test := range []struct {
		name   string
		method string
		header map[string][]string
		post   bool
		status int
	}{
		{"HEAD", "HEAD", nil, false, 200},
		{"HEAD of a browser", "HEAD", map[string][]string{"Accept": {browser}}, false, 200},
		{"OPTIONS", "OPTIONS", nil, false, 204},
		{"another method", "PUT", nil, false, 405},
		{"browser", "GET", map[string][]string{"Accept": {browser}}, false, 200},
		{"browser that likes JSON better", "GET", map[string][]string{"Accept": {"application/json, text/html;q=0.9"}}, false, 200},
		{"browser with a broken preference", "GET", map[string][]string{"Accept": {"text/html;q=x"}}, false, 200},
		{"event without a client", "GET", map[string][]string{"X-Forwarded-For": nil}, false, 503},
		{"event with a broken client", "GET", map[string][]string{"X-Forwarded-For": {"203.0.113.9, unknown"}}, false, 503},
		{"prefetch", "GET", map[string][]string{"Sec-Purpose": {"prefetch"}}, false, 503},
		{"prerender", "GET", map[string][]string{"Sec-Purpose": {"prefetch;prerender"}, "Accept": {browser}}, false, 503},
		{"prefetch by POST", "POST", map[string][]string{"Sec-Purpose": {"prefetch"}}, false, 503},
		{"old prefetch", "GET", map[string][]string{"Purpose": {"Prefetch"}}, false, 503},
		{"old Firefox", "GET", map[string][]string{"X-Moz": {"prefetch"}}, false, 503},
		{"Safari's preview", "GET", map[string][]string{"X-Purpose": {"preview"}}, false, 503},
		{"GET on a link that wants POST", "GET", nil, true, 403},
	} {
		store, token, l := newLink(t, func(l *link.Link) {
			if test.post {
				l.ClaimBy = link.ByPOST
			}
		})
		h, _ := testHandler(store)
		response := handle(t, h, event(test.method, string(token), test.header))
		if response.StatusCode != test.status {
			t.Errorf("%s = %d; want %d", test.name, response.StatusCode, test.status)
		}
		if test.method == "HEAD" && response.Body != "" {
			t.Errorf("%s has a body", test.name)
		}
		if got := remaining(t, store, l.ID); got != 1 {
			t.Errorf("%s left %d uses; want 1", test.name, got)
		}
		if got := handle(t, h, event("POST", string(token), nil)).StatusCode; got != http.StatusSeeOther {
			t.Errorf("POST after %s = %d; want 303", test.name, got)
		}
	}
}

func TestWhatNeverClaimsTellsNothingOfTheToken(t *testing.T) {
	store, token, _ := newLink(t, nil)
	h, _ := testHandler(store)
	for _, e := range []func(string) events.ALBTargetGroupRequest{
		func(token string) events.ALBTargetGroupRequest { return event("HEAD", token, nil) },
		func(token string) events.ALBTargetGroupRequest { return event("OPTIONS", token, nil) },
		func(token string) events.ALBTargetGroupRequest {
			return event("GET", token, map[string][]string{"Sec-Purpose": {"prefetch"}})
		},
	} {
		known, unknown := handle(t, h, e(string(token))), handle(t, h, e("nonsense"))
		if diff := cmp.Diff(known, unknown); diff != "" {
			t.Errorf("answers differ:\n%s", diff)
		}
	}
	if calls := store.Calls(); calls != 1 {
		t.Errorf("the store was called %d times; want only by Create", calls)
	}
}

func TestDeadLinksAreAnsweredTheSameToTheByte(t *testing.T) {
	dead := map[string]func(*link.Link){
		"used up": func(l *link.Link) { l.Remaining = 0 },
		"expired": func(l *link.Link) { l.ExpiresAt = linktest.Start },
		"revoked": func(l *link.Link) { l.RevokedAt = linktest.Start.Add(-time.Minute) },
	}
	for _, accept := range []string{"*/*", browser} {
		header := map[string][]string{"Accept": {accept}}
		h, _ := testHandler(new(linktest.Fake))
		want := handle(t, h, event("GET", string(link.NewToken()), header))
		if want.StatusCode != http.StatusForbidden {
			t.Fatalf("unknown token = %d; want 403", want.StatusCode)
		}
		for reason, kill := range dead {
			store, token, _ := newLink(t, kill)
			h, log := testHandler(store)
			if diff := cmp.Diff(want, handle(t, h, event("GET", string(token), header))); diff != "" {
				t.Errorf("Accept %s: the answer for a link that is %s differs:\n%s", accept, reason, diff)
			}
			if !strings.Contains(log.String(), reason) {
				t.Errorf("Accept %s: log = %s; want the true reason %q", accept, log, reason)
			}
		}
		if diff := cmp.Diff(want, handle(t, h, event("GET", "malformed", header))); diff != "" {
			t.Errorf("Accept %s: the answer for a malformed token differs:\n%s", accept, diff)
		}
	}
}

func TestMalformedTokenReachesNoTable(t *testing.T) {
	store := new(linktest.Fake)
	h, _ := testHandler(store)
	for _, token := range []string{"", "x", strings.Repeat("A", 31), strings.Repeat("A", 33), strings.Repeat("=", 32), strings.Repeat("%41", 32), string(link.NewToken()) + "/", "%2e%2e/x"} {
		for _, method := range []string{"GET", "POST"} {
			if got := handle(t, h, event(method, token, nil)).StatusCode; got != http.StatusForbidden {
				t.Errorf("%s of token %q = %d; want 403", method, token, got)
			}
		}
	}
	if calls := store.Calls(); calls != 0 {
		t.Errorf("the store was called %d times; want 0", calls)
	}
}

func TestStoreDownClaimsNothingAndWorksAgainLater(t *testing.T) {
	store, token, l := newLink(t, nil)
	h, log := testHandler(store)
	store.Err = fmt.Errorf("%w: dial tcp 10.0.0.1", link.ErrUnavailable)
	for _, header := range []map[string][]string{nil, {"Accept": {browser}}} {
		response := handle(t, h, event("GET", string(token), header))
		if response.StatusCode != 503 || len(response.MultiValueHeaders["Retry-After"]) != 1 || strings.Contains(response.Body, "10.0.0.1") {
			t.Errorf("answer = %d %v %s; want 503 with Retry-After", response.StatusCode, response.MultiValueHeaders, response.Body)
		}
	}
	if !strings.Contains(log.String(), "10.0.0.1") {
		t.Errorf("log = %s; want the fault", log)
	}
	store.Err = nil
	if got := remaining(t, store, l.ID); got != 1 {
		t.Errorf("%d uses remain; want 1", got)
	}
	if got := handle(t, h, event("GET", string(token), nil)).StatusCode; got != http.StatusSeeOther {
		t.Errorf("claim after the store is back = %d; want 303", got)
	}
}

func TestClaimIsBoundToTheClientWhereAskedFor(t *testing.T) {
	store, token, l := newLink(t, nil)
	h, _ := testHandler(store)
	h.bindAddress = true
	response := handle(t, h, event("GET", string(token), nil))
	got := response.MultiValueHeaders["Location"][0]
	want, err := h.signer.Presign(t.Context(), presign.Request{
		Method: "GET", Key: l.Key, TTL: l.Window, ForwardedFor: "198.51.100.7, 203.0.113.9",
		Response: presign.Response{ContentDisposition: `attachment; filename="___.pdf"; filename*=UTF-8''%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf`},
	}, linktest.Start)
	if err != nil || got != want.URL {
		t.Errorf("Location = %s; want %s, %v", got, want.URL, err)
	}
}

func TestLandingPage(t *testing.T) {
	store, token, l := newLink(t, func(l *link.Link) { l.FileName = `<b>"&.pdf` })
	h, log := testHandler(store)
	response := handle(t, h, event("GET", string(token), map[string][]string{"Accept": {browser}}))
	if response.StatusCode != 200 || response.MultiValueHeaders["Content-Type"][0] != "text/html; charset=utf-8" {
		t.Fatalf("answer = %d %v", response.StatusCode, response.MultiValueHeaders)
	}
	for _, want := range []string{"&lt;b&gt;&#34;&amp;.pdf", "1.23 MB", "This link works once.", `<form method="post">`, `<button type="submit">`, `<html lang="en">`, "<main>", "<h1>"} {
		if !strings.Contains(response.Body, want) {
			t.Errorf("the page misses %s:\n%s", want, response.Body)
		}
	}
	for _, unwanted := range []string{"<b>", "<script", "http:", "https:", string(token)} {
		if strings.Contains(response.Body, unwanted) {
			t.Errorf("the page holds %s:\n%s", unwanted, response.Body)
		}
	}
	policy := response.MultiValueHeaders["Content-Security-Policy"][0]
	for _, want := range []string{"default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy = %q; want %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy = %q", policy)
	}
	if got, err := store.Get(t.Context(), l.ID); err != nil || !got.OpenedAt.Equal(linktest.Start) {
		t.Errorf("opened at %s, %v; want %s", got.OpenedAt, err, linktest.Start)
	}
	if !strings.Contains(log.String(), `"action":"open link","outcome":"done"`) {
		t.Errorf("log = %s", log)
	}
}

func TestLandingPageWithoutASizeStillOpens(t *testing.T) {
	store, token, _ := newLink(t, func(l *link.Link) { l.FileName, l.Uses, l.Remaining = "", 3, 3 })
	h, _ := testHandler(store)
	h.sizes = fakeSizes{err: errors.New("no such object")}
	response := handle(t, h, event("GET", string(token), map[string][]string{"Accept": {browser}}))
	if response.StatusCode != 200 || !strings.Contains(response.Body, "a b.pdf") || !strings.Contains(response.Body, "3 more times") || strings.Contains(response.Body, "bytes") {
		t.Errorf("answer = %d %s", response.StatusCode, response.Body)
	}
}

func TestSizeText(t *testing.T) {
	for size, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 1536: "1.54 kB", 999_499: "999 kB", 999_500: "1 MB", 5_000_000_000: "5 GB", 50_000_000_000_000: "50 TB",
	} {
		if got := sizeText(size); got != want {
			t.Errorf("sizeText(%d) = %s; want %s", size, got, want)
		}
	}
}

func TestRacingClaimersGetAsManyWinnersAsUses(t *testing.T) {
	for _, uses := range []int{1, 3} {
		store, token, _ := newLink(t, func(l *link.Link) { l.Uses, l.Remaining = uses, uses })
		h, _ := testHandler(store)
		h.logger = slog.New(slog.DiscardHandler)
		statuses := make([]int, 50)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: fmt.Sprint("racer-", i)})
				response, _ := h.handle(ctx, event("GET", string(token), nil))
				statuses[i] = response.StatusCode
			})
		}
		wg.Wait()
		count := map[int]int{}
		for _, status := range statuses {
			count[status]++
		}
		if diff := cmp.Diff(map[int]int{303: uses, 403: 50 - uses}, count); diff != "" {
			t.Errorf("%d uses: statuses mismatch (-want +got):\n%s", uses, diff)
		}
	}
}

// FuzzHandle sends arbitrary events at a link that only POST claims: whatever
// comes, there is one answer, and the link is used up only by a POST of exactly
// its token.
func FuzzHandle(f *testing.F) {
	f.Add("GET", "/once/nonsense", "Accept", "text/html")
	f.Add("POST", "/once/TOKEN", "Sec-Purpose", "prefetch")
	f.Add("POST", "/once/TOKEN", "X-Forwarded-For", "\x00,")
	f.Add("POST", "/once/TOKEN?x=y", "accept", "application/json;q=\xff")
	f.Add("HEAD", "/once/../once/TOKEN", "Purpose", "prefetch")
	f.Fuzz(func(t *testing.T, method, path, name, value string) {
		store, token, l := newLink(t, func(l *link.Link) { l.ClaimBy = link.ByPOST })
		h, log := testHandler(store)
		e := events.ALBTargetGroupRequest{
			HTTPMethod:        method,
			Path:              strings.ReplaceAll(path, "TOKEN", string(token)),
			MultiValueHeaders: map[string][]string{"x-forwarded-for": {"203.0.113.9"}, name: {value}},
		}
		response := handle(t, h, e)
		claimed := remaining(t, store, l.ID) == 0
		exact := method == http.MethodPost && e.Path == "/once/"+string(token)
		if claimed != (response.StatusCode == http.StatusSeeOther) || claimed && !exact {
			t.Errorf("%s %s: status %d, claimed %t", method, path, response.StatusCode, claimed)
		}
		if response.StatusCode < 200 || response.StatusCode >= 500 && response.StatusCode != 503 {
			t.Errorf("%s %s: status %d", method, path, response.StatusCode)
		}
		if strings.Contains(log.String(), string(token)) && !strings.Contains(method+name+value, string(token)) {
			t.Errorf("the log holds the token: %s", log)
		}
	})
}
