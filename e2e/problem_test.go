package e2e

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"testing"
)

// problem is an error after RFC 9457, as the contract has it.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	RequestID string `json:"requestId"`
}

// requireProblem fails unless the answer is a whole problem of the API.
func requireProblem(t *testing.T, answer response, status int) {
	t.Helper()
	requireHeaders(t, answer, map[string]string{
		"Content-Type":  "application/problem+json",
		"Cache-Control": "no-store",
	})
	p := parseProblem(t, answer, status)
	if p.RequestID == "" {
		t.Errorf("problem %s has no requestId", answer.body)
	}
}

func parseProblem(t *testing.T, answer response, status int) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(answer.body, &p); err != nil || answer.status != status {
		t.Fatalf("answer = %d %.300s; want a problem with status %d", answer.status, answer.body, status)
	}
	if p.Status != status || p.Type == "" || p.Title == "" || p.Detail == "" {
		t.Errorf("problem = %s; want type, title, detail and status %d", answer.body, status)
	}
	return p
}

func requireHeaders(t *testing.T, answer response, want map[string]string) {
	t.Helper()
	for name, want := range want {
		if got := answer.header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s = %q; want %q once", name, got, want)
		}
	}
}

func TestBrowsersGetAPageThatSaysWhatIsWrong(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		answer := d.send(t, request{
			target: "/presign/private/%3Cscript%3E?expires=%3Cscript%3E",
			header: http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}},
		})
		mediaType, _, _ := mime.ParseMediaType(answer.header.Get("Content-Type"))
		page := string(answer.body)
		if answer.status != http.StatusBadRequest || mediaType != "text/html" || !strings.Contains(page, "objects/") {
			t.Errorf("a browser got %d %s %s; want 400 and a page that says what is allowed", answer.status, mediaType, page)
		}
		if strings.Contains(page, "<script") {
			t.Errorf("the page repeats markup of the request: %s", page)
		}
	})
}
