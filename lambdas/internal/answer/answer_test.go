package answer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/internal/answer"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
)

func TestEveryAnswerStaysOutOfCachesAndReferrers(t *testing.T) {
	for _, a := range []answer.Answer{
		answer.Redirect(301, "https://d.example/objects/a?X-Amz-Signature=b"),
		answer.JSON(200, map[string]string{"url": "x"}),
		answer.Problem(errors.New("boom"), "r-1", answer.Accept{}),
		answer.Problem(objectkey.ErrInvalid, "r-1", answer.ParseAccept([]string{"text/html"})),
	} {
		headers := a.Gateway().Headers
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
			if headers[name] != want {
				t.Errorf("status %d: %s = %q; want %q", a.Status, name, headers[name], want)
			}
		}
	}
}

func TestRedirectKeepsItsLocationByteForByte(t *testing.T) {
	const location = `https://d.example/objects//a%2F..%5C"?b=%20+#`
	if got := answer.Redirect(303, location).Gateway().Headers["Location"]; got != location {
		t.Errorf("Location = %q; want %q", got, location)
	}
}

func TestJSONKeepsURLsFitToBeCopied(t *testing.T) {
	const url = "https://d.example/objects/a?X-Amz-Date=1&X-Amz-Expires=<2>"
	if got, want := answer.JSON(200, map[string]string{"url": url}).Body, `{"url":"`+url+`"}`; got != want {
		t.Errorf("body = %s; want %s", got, want)
	}
}

func TestProblemMapsDomainErrorsToStatuses(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		detail string
	}{
		{fmt.Errorf("%w: it is empty", objectkey.ErrInvalid), 400, "object key refused: it is empty"},
		{fmt.Errorf("%w: expires is 0", presign.ErrParameter), 400, "query parameter refused: expires is 0"},
		{answer.ErrNotFound, 404, answer.ErrNotFound.Error()},
		{answer.MethodNotAllowed{"GET", "HEAD"}, 405, "the method is not allowed here; allowed are GET, HEAD"},
		{fmt.Errorf("%w: it is not JSON", answer.ErrBody), 400, "request body refused: it is not JSON"},
		{fmt.Errorf("%w: uses is 0", link.ErrInvalid), 400, "link order refused: uses is 0"},
	} {
		got := answer.Problem(test.err, "r-1", answer.Accept{})
		if got.Status != test.status || got.Header["Content-Type"] != "application/problem+json" {
			t.Errorf("Problem(%v) = %d %s; want %d problem+json", test.err, got.Status, got.Header["Content-Type"], test.status)
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
			t.Fatal(err)
		}
		delete(body, "type")
		delete(body, "title")
		if diff := cmp.Diff(map[string]any{"status": float64(test.status), "detail": test.detail, "requestId": "r-1"}, body); diff != "" {
			t.Errorf("Problem(%v) body mismatch (-want +got):\n%s", test.err, diff)
		}
	}
}

func TestOrderRefusedForItsKeyIsARefusedOrder(t *testing.T) {
	_, _, _, err := link.Order{Key: "private/a"}.Link(link.Limits{}, time.Time{})
	if reason, failed := answer.Reason(err); reason != "link-order" || failed {
		t.Errorf("Reason(%v) = %q, %t; want link-order", err, reason, failed)
	}
}

func TestMethodNotAllowedNamesTheAllowed(t *testing.T) {
	if got := answer.Problem(answer.MethodNotAllowed{"GET", "DELETE"}, "r-1", answer.Accept{}).Header["Allow"]; got != "GET, DELETE" {
		t.Errorf("Allow = %q; want GET, DELETE", got)
	}
}

func TestRefusedLinksLookTheSameToTheByte(t *testing.T) {
	for _, accept := range []string{"*/*", "text/html"} {
		want := answer.Problem(link.ErrUnknown, "r-0", answer.ParseAccept([]string{accept}))
		if want.Status != 403 || strings.Contains(want.Body, "unknown") {
			t.Errorf("Accept %s: answer = %d %s; want 403 that doesn't tell why", accept, want.Status, want.Body)
		}
		for i, err := range []error{link.ErrUsedUp, link.ErrExpired, link.ErrRevoked, link.ErrNeedsPOST} {
			got := answer.Problem(err, fmt.Sprint("r-", i+1), answer.ParseAccept([]string{accept}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Accept %s: answer for %v differs from that for an unknown link:\n%s", accept, err, diff)
			}
			if reason, failed := answer.Reason(err); reason != err.Error() || failed {
				t.Errorf("Reason(%v) = %q, %t; want the true reason for the log", err, reason, failed)
			}
		}
	}
}

func TestUnavailableStoreAsksToRetry(t *testing.T) {
	err := fmt.Errorf("claim: %w: dial tcp 10.0.0.1", link.ErrUnavailable)
	got := answer.Problem(err, "r-1", answer.Accept{})
	if got.Status != 503 || got.Header["Retry-After"] == "" || strings.Contains(got.Body, "10.0.0.1") {
		t.Errorf("answer = %d %v %s; want 503 with Retry-After and without the error's text", got.Status, got.Header, got.Body)
	}
	if reason, failed := answer.Reason(err); !failed || !strings.Contains(reason, "10.0.0.1") {
		t.Errorf("Reason = %q, %t; want the whole text of a fault", reason, failed)
	}
}

func TestProblemShowsNothingOfTheInside(t *testing.T) {
	for _, accept := range []string{"*/*", "text/html"} {
		got := answer.Problem(errors.New("dial tcp 10.0.0.1: secret"), "r-1", answer.ParseAccept([]string{accept}))
		if got.Status != 500 || strings.Contains(got.Body, "10.0.0.1") || !strings.Contains(got.Body, "r-1") {
			t.Errorf("Problem for Accept %s = %d %s; want 500 with the request id and without the error's text", accept, got.Status, got.Body)
		}
	}
}

func TestProblemPageEscapesWhatClientsSent(t *testing.T) {
	err := fmt.Errorf("%w: <script>alert(1)</script>", presign.ErrParameter)
	got := answer.Problem(err, "<r>", answer.ParseAccept([]string{"text/html,application/xhtml+xml,*/*;q=0.8"}))
	if got.Header["Content-Type"] != "text/html; charset=utf-8" || strings.Contains(got.Body, "<script>") || strings.Contains(got.Body, "<r>") {
		t.Errorf("Problem = %s %s; want an escaped page", got.Header["Content-Type"], got.Body)
	}
	if got.Header["Content-Security-Policy"] == "" {
		t.Error("the page has no Content-Security-Policy")
	}
}

func TestAcceptNamesHTMLWhateverItPrefers(t *testing.T) {
	for value, want := range map[string]bool{
		"text/html": true, "text/html, application/json": true, "application/json, Text/HTML;q=0.1": true, "text/html;q=x": true, "text/html;q=0": true,
		"*/*": false, "text/*": false, "application/json": false, "text/htmlx": false,
	} {
		if got := answer.ParseAccept([]string{value}).NamesHTML(); got != want {
			t.Errorf("ParseAccept(%q).NamesHTML() = %t; want %t", value, got, want)
		}
	}
}

func TestAccept(t *testing.T) {
	for _, test := range []struct {
		values     []string
		json, html bool
	}{
		{nil, false, false},
		{[]string{"*/*"}, false, false},
		{[]string{"application/*"}, false, false},
		{[]string{"application/json"}, true, false},
		{[]string{"Application/JSON; charset=utf-8"}, true, false},
		{[]string{"application/problem+json"}, true, false},
		{[]string{"application/json;q=0"}, false, false},
		{[]string{"application/json;q=2"}, false, false},
		{[]string{"text/html"}, false, true},
		{[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}, false, true},
		{[]string{"text/html, application/json"}, true, false},
		{[]string{"text/html", "application/json;q=0.9"}, false, true},
		{[]string{"text/html;q=0.5, application/json;level=1;q=0.9"}, true, false},
		{[]string{"application/jsonp"}, false, false},
	} {
		got := answer.ParseAccept(test.values)
		if got.JSON() != test.json || got.HTML() != test.html {
			t.Errorf("ParseAccept(%q): JSON %t, HTML %t; want %t, %t", test.values, got.JSON(), got.HTML(), test.json, test.html)
		}
	}
}
