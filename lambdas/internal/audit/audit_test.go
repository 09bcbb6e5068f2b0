package audit_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/internal/audit"
)

func TestLogWritesOneLineForEachDecision(t *testing.T) {
	for _, test := range []struct {
		name     string
		decision audit.Decision
		want     map[string]any
	}{
		{
			"done",
			audit.Decision{Action: "presign", Method: "GET", Key: "objects/a", ClientIP: netip.MustParseAddr("203.0.113.9")},
			map[string]any{"level": "INFO", "msg": "decision", "action": "presign", "outcome": "done", "method": "GET", "key": "objects/a", "clientIp": "203.0.113.9"},
		},
		{
			"refused",
			audit.Decision{Action: "claim link", LinkID: "id", Reason: "link refused: used up"},
			map[string]any{"level": "INFO", "msg": "decision", "action": "claim link", "outcome": "refused", "linkId": "id", "reason": "link refused: used up"},
		},
		{
			"failed",
			audit.Decision{Action: "presign", Reason: "no credentials", Failed: true},
			map[string]any{"level": "ERROR", "msg": "decision", "action": "presign", "outcome": "failed", "reason": "no credentials"},
		},
	} {
		var out bytes.Buffer
		audit.Log(t.Context(), slog.New(slog.NewJSONHandler(&out, nil)), test.decision)
		if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 {
			t.Errorf("%s: %d lines; want 1", test.name, n)
		}
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "time")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: line mismatch (-want +got):\n%s", test.name, diff)
		}
	}
}
