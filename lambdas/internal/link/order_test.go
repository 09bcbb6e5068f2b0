package link_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/internal/link"
)

var (
	limits = link.Limits{DefaultTTL: 24 * time.Hour, MaxTTL: 7 * 24 * time.Hour, MaxWindow: time.Hour, Retention: 90 * 24 * time.Hour}
	now    = time.Date(2026, time.May, 24, 12, 0, 0, 123_456_789, time.FixedZone("KST", 9*3600))
)

func order(t *testing.T, body string) link.Order {
	t.Helper()
	var o link.Order
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOrderWithDefaults(t *testing.T) {
	token, handle, got, err := order(t, `{"key": "objects/a"}`).Link(limits, now)
	if err != nil {
		t.Fatal(err)
	}
	createdAt := time.Date(2026, time.May, 24, 3, 0, 0, 123_000_000, time.UTC)
	want := link.Link{
		ID: token.ID(), OwnerHash: handle.OwnerHash(), Key: "objects/a", Uses: 1, Remaining: 1, ClaimBy: link.ByAny, Window: time.Minute,
		CreatedAt: createdAt, ExpiresAt: createdAt.Add(24 * time.Hour),
		PurgeAt: time.Date(2026, time.August, 23, 3, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Link mismatch (-want +got):\n%s", diff)
	}
}

func TestOrderOfEverything(t *testing.T) {
	_, _, got, err := order(t, `{"key": "objects/a", "uses": 100, "expiresIn": 604800, "claim": "post", "filename": "보고서.pdf", "window": 3600}`).Link(limits, now)
	if err != nil {
		t.Fatal(err)
	}
	if got.Uses != 100 || got.Remaining != 100 || got.ExpiresAt.Sub(got.CreatedAt) != 7*24*time.Hour || got.ClaimBy != link.ByPOST ||
		got.FileName != "보고서.pdf" || got.Window != time.Hour {
		t.Errorf("Link = %+v", got)
	}
}

func TestDefaultWindowStaysWithinTheLimit(t *testing.T) {
	short := limits
	short.MaxWindow = 10 * time.Second
	_, _, got, err := order(t, `{"key": "objects/a"}`).Link(short, now)
	if err != nil || got.Window != 10*time.Second {
		t.Errorf("Window = %s, %v; want 10 s", got.Window, err)
	}
}

func TestOrderReportsAllProblemsAtOnce(t *testing.T) {
	_, _, _, err := order(t, `{"key": "private/a", "uses": 0, "expiresIn": 604801, "claim": "put", "filename": "a/b", "window": 0}`).Link(limits, now)
	if !errors.Is(err, link.ErrInvalid) {
		t.Fatalf("Link error = %v; want ErrInvalid", err)
	}
	for _, want := range []string{
		`key is "private/a"`, `"objects/"`, "uses is 0; allowed are 1 to 100", "expiresIn is 604801", "1 to 604800",
		`claim is "put"; allowed are "any" and "post"`, `filename is "a/b"`, "window is 0", "1 to 3600",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error = %q; want it to say %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has more than one line", err)
	}
}
