// Package audit writes one log line for each decision: who asked for what, and
// what became of it. A line never holds a presigned URL, a token, a credential
// or a query string.
package audit

import (
	"context"
	"log/slog"
	"net/netip"
)

// Decision is a line of the audit log. Empty fields are left out.
type Decision struct {
	// Action is what was asked for, such as "presign" or "claim link".
	Action string
	// Method is the HTTP method of the request.
	Method string
	Key    string
	// LinkID names a one-time link without giving its token away.
	LinkID string
	// ClientIP is the address that the load balancer saw.
	ClientIP netip.Addr
	// Reason is why it was refused or failed; empty means that it was done.
	Reason string
	// Failed says that Reason is a fault of ours rather than of the request.
	Failed bool
}

// Log writes d: at level Error where it failed, at level Info otherwise. The
// request id comes from the logger, which takes it from ctx.
func Log(ctx context.Context, logger *slog.Logger, d Decision) {
	level, outcome := slog.LevelInfo, "done"
	switch {
	case d.Failed:
		level, outcome = slog.LevelError, "failed"
	case d.Reason != "":
		outcome = "refused"
	}
	attrs := []slog.Attr{slog.String("action", d.Action), slog.String("outcome", outcome)}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("method", d.Method)
	add("key", d.Key)
	add("linkId", d.LinkID)
	if d.ClientIP.IsValid() {
		add("clientIp", d.ClientIP.String())
	}
	add("reason", d.Reason)
	logger.LogAttrs(ctx, level, "decision", attrs...)
}
