package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/link/linktest"
)

// testHandler returns a handler on a fake store, and its log.
func testHandler() (*handler, *linktest.Fake, *bytes.Buffer) {
	store, log := new(linktest.Fake), new(bytes.Buffer)
	return &handler{
		store:  store,
		domain: "files.example.com",
		limits: link.Limits{DefaultTTL: 24 * time.Hour, MaxTTL: 7 * 24 * time.Hour, MaxWindow: time.Hour, Retention: time.Hour},
		now:    func() time.Time { return linktest.Start },
		logger: slog.New(slog.NewJSONHandler(log, nil)),
	}, store, log
}

func event(method, path, body string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		HTTPMethod:        method,
		Path:              path,
		Body:              body,
		MultiValueHeaders: map[string][]string{"X-Forwarded-For": {"198.51.100.7, 203.0.113.9"}},
		RequestContext:    events.APIGatewayProxyRequestContext{Identity: events.APIGatewayRequestIdentity{SourceIP: "10.0.1.7"}},
	}
}

func handle(t *testing.T, h *handler, e events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	response, err := h.handle(t.Context(), e)
	if err != nil {
		t.Fatalf("handle returned an error, which fails the invocation: %v", err)
	}
	return response
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	return v
}

func TestCreateShowsTheURLOnceAndLogsNoToken(t *testing.T) {
	h, store, log := testHandler()
	response := handle(t, h, event("POST", "/presign/links", `{"key": "objects/a b", "uses": 3, "expiresIn": 60}`))
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("answer = %d %s; want 201", response.StatusCode, response.Body)
	}
	got := decode[created](t, response.Body)
	text, found := strings.CutPrefix(got.URL, "https://files.example.com/once/")
	token, ok := link.ParseToken(text)
	if !found || !ok {
		t.Fatalf("url = %q; want one with a token", got.URL)
	}
	want := created{ID: got.ID, URL: got.URL, Key: "objects/a b", Uses: 3, Remaining: 3, ExpiresAt: linktest.Start.Add(time.Minute)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer mismatch (-want +got):\n%s", diff)
	}
	if handle, ok := link.ParseHandle(got.ID); !ok || handle.ID != token.ID() {
		t.Errorf("id = %q; want a handle of the link", got.ID)
	}
	if location := response.Headers["Location"]; location != "/presign/links/"+got.ID {
		t.Errorf("Location = %q; want the link's state", location)
	}
	stored, err := store.Get(t.Context(), token.ID())
	if err != nil || fmt.Sprint(stored) == "" || strings.Contains(fmt.Sprint(stored), text) {
		t.Errorf("the store holds %v, %v; want the link without its token", stored, err)
	}
	if strings.Contains(log.String(), text) || strings.Contains(log.String(), got.ID) || !strings.Contains(log.String(), string(token.ID())) || !strings.Contains(log.String(), `"clientIp":"203.0.113.9"`) {
		t.Errorf("log = %s; want the row and the client, and neither token nor handle", log)
	}
}

func TestCreateTakesABase64Body(t *testing.T) {
	h, _, _ := testHandler()
	e := event("POST", "/presign/links", base64.StdEncoding.EncodeToString([]byte(`{"key": "objects/a"}`)))
	e.IsBase64Encoded = true
	if response := handle(t, h, e); response.StatusCode != http.StatusCreated {
		t.Errorf("answer = %d %s; want 201", response.StatusCode, response.Body)
	}
}

func TestCreateSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ body, says string }{
		{``, "JSON object"},
		{`[]`, "JSON object"},
		{`{"key": "objects/a"`, "JSON object"},
		{`{"key": "objects/a"} {}`, "nothing after it"},
		{`{"key": "objects/a", "use": 2}`, "use"},
		{`{"key": "objects/a", "uses": "2"}`, "uses"},
		{`{"key": "objects/a", "uses": 1.5}`, "uses"},
		{`{"key": "objects/a", "uses": 0}`, "uses is 0; allowed are 1 to 100"},
		{`{"key": "private/a"}`, "objects/"},
		{`{}`, "empty"},
		{`{"key": "objects/a\ud800"}`, "surrogate"},
		{"{\"key\": \"objects/a\xff\"}", "UTF-8"},
		{`{"` + strings.Repeat("<", 15<<10) + `": 1}`, "unknown field"},
		{`{"key": "` + strings.Repeat("a", 16<<10) + `"}`, "16384"},
	} {
		h, store, _ := testHandler()
		response := handle(t, h, event("POST", "/presign/links", test.body))
		problem := decode[struct{ Detail string }](t, response.Body)
		if response.StatusCode != 400 || !strings.Contains(problem.Detail, test.says) {
			t.Errorf("body %s: answer = %d %q; want 400 about %q", test.body, response.StatusCode, problem.Detail, test.says)
		}
		if store.Calls() != 0 || len(response.Body) > 2048 {
			t.Errorf("body %.40s: the store was called %d times, the answer has %d bytes", test.body, store.Calls(), len(response.Body))
		}
	}
}

func TestShowTellsTheStateWithoutConsuming(t *testing.T) {
	h, store, log := testHandler()
	token, owner, l := linktest.NewOwned()
	l.Uses, l.Remaining = 2, 2
	if err := store.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), l.ID, linktest.Start.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Claim(t.Context(), l.ID, link.Claim{Attempt: "a", At: linktest.Start.Add(2 * time.Second), ClientIP: netip.MustParseAddr("203.0.113.9")}, true); err != nil {
		t.Fatal(err)
	}
	want := state{
		ID: owner.String(), Key: string(l.Key), FileName: l.FileName, Uses: 2, Remaining: 1, Claim: link.ByAny, Window: 60,
		CreatedAt: linktest.Start, OpenedAt: linktest.Start.Add(time.Second), ExpiresAt: linktest.Start.Add(time.Hour),
		Claims: []claim{{At: linktest.Start.Add(2 * time.Second), ClientIP: "203.0.113.9"}},
	}
	for range 2 {
		response := handle(t, h, event("GET", "/presign/links/"+owner.String(), ""))
		if diff := cmp.Diff(want, decode[state](t, response.Body)); response.StatusCode != 200 || diff != "" {
			t.Errorf("answer = %d, mismatch (-want +got):\n%s", response.StatusCode, diff)
		}
		if strings.Contains(response.Body, string(token)) {
			t.Error("the state tells the token")
		}
	}
	h.now = func() time.Time { return l.ExpiresAt }
	if got := decode[state](t, handle(t, h, event("GET", "/presign/links/"+owner.String(), "")).Body); !got.Expired {
		t.Error("expired = false at expiresAt; want true")
	}
	if !strings.Contains(log.String(), `"action":"show link"`) {
		t.Errorf("log = %s", log)
	}
}

func TestRevokeIsForGoodAndRepeatable(t *testing.T) {
	h, store, _ := testHandler()
	_, owner, l := linktest.NewOwned()
	if err := store.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if response := handle(t, h, event("DELETE", "/presign/links/"+owner.String(), "")); response.StatusCode != http.StatusNoContent || response.Body != "" {
			t.Errorf("answer = %d %q; want 204", response.StatusCode, response.Body)
		}
	}
	got := decode[state](t, handle(t, h, event("GET", "/presign/links/"+owner.String(), "")).Body)
	if !got.Revoked || !got.RevokedAt.Equal(linktest.Start) {
		t.Errorf("state = %+v; want revoked at %s", got, linktest.Start)
	}
}

func TestWhoHoldsTheTokenOwnsNothing(t *testing.T) {
	h, store, _ := testHandler()
	token, _, l := linktest.NewOwned()
	if err := store.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	for _, guess := range []string{string(token.ID()), link.NewHandle(token.ID()).String()} {
		for _, method := range []string{"GET", "DELETE"} {
			if response := handle(t, h, event(method, "/presign/links/"+guess, "")); response.StatusCode != 404 {
				t.Errorf("%s by %s = %d %s; want 404", method, guess, response.StatusCode, response.Body)
			}
		}
	}
	if got, err := store.Get(t.Context(), l.ID); err != nil || !got.RevokedAt.IsZero() {
		t.Errorf("the link is revoked at %s, %v; want never", got.RevokedAt, err)
	}
}

func TestUnknownLinksAndRoutes(t *testing.T) {
	h, store, _ := testHandler()
	unknown := link.NewHandle(link.NewToken().ID()).String()
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
		calls        int
	}{
		{"GET", "/presign/links/" + unknown, 404, "", 1},
		{"DELETE", "/presign/links/" + unknown, 404, "", 1},
		{"GET", "/presign/links/nonsense", 404, "", 0},
		{"GET", "/presign/links/" + unknown + "/x", 404, "", 0},
		{"GET", "/presign/links/", 404, "", 0},
		{"GET", "/presign/other", 404, "", 0},
		{"GET", "/presign/links", 405, "POST", 0},
		{"PUT", "/presign/links/" + unknown, 405, "GET, DELETE", 0},
	} {
		before := store.Calls()
		response := handle(t, h, event(test.method, test.path, ""))
		if response.StatusCode != test.status || response.Headers["Allow"] != test.allow {
			t.Errorf("%s %s = %d, Allow %q; want %d, %q", test.method, test.path, response.StatusCode, response.Headers["Allow"], test.status, test.allow)
		}
		if calls := store.Calls() - before; calls != test.calls {
			t.Errorf("%s %s called the store %d times; want %d", test.method, test.path, calls, test.calls)
		}
	}
}

func TestStoreDownIsToldWithRetryAfter(t *testing.T) {
	h, store, log := testHandler()
	store.Err = fmt.Errorf("%w: dial tcp 10.0.0.1", link.ErrUnavailable)
	for _, e := range []events.APIGatewayProxyRequest{
		event("POST", "/presign/links", `{"key": "objects/a"}`),
		event("GET", "/presign/links/"+link.NewHandle(link.NewToken().ID()).String(), ""),
		event("DELETE", "/presign/links/"+link.NewHandle(link.NewToken().ID()).String(), ""),
	} {
		response := handle(t, h, e)
		if response.StatusCode != 503 || response.Headers["Retry-After"] == "" || strings.Contains(response.Body, "10.0.0.1") {
			t.Errorf("%s = %d %v %s; want 503 with Retry-After", e.HTTPMethod, response.StatusCode, response.Headers, response.Body)
		}
	}
	if !strings.Contains(log.String(), "10.0.0.1") {
		t.Errorf("log = %s; want the fault", log)
	}
}

func TestWrongEnvironmentIsReportedAtOnce(t *testing.T) {
	vars := map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1",
		contract.EnvTable: "links", contract.EnvDomain: "files.example.com",
		contract.EnvLinkTTLDefault: "86400", contract.EnvLinkTTLMax: "604800", contract.EnvTTLMax: "3600", contract.EnvLinkRetention: "7776000",
	}
	build := func(change map[string]string) error {
		all := maps.Clone(vars)
		maps.Copy(all, change)
		_, err := newHandler(func(name string) (string, bool) { value, ok := all[name]; return value, ok }, time.Now, slog.New(slog.DiscardHandler))
		return err
	}
	if err := build(nil); err != nil {
		t.Fatalf("newHandler error = %v; want none", err)
	}
	err := build(map[string]string{contract.EnvTable: "", contract.EnvLinkTTLDefault: "604801", contract.EnvLinkRetention: "-1"})
	if err == nil {
		t.Fatal("newHandler took a wrong environment")
	}
	for _, name := range []string{contract.EnvTable, contract.EnvLinkTTLDefault, contract.EnvLinkRetention} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error does not name %s: %v", name, err)
		}
	}
}
