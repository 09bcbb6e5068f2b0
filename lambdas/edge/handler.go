package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/answer"
	"onedoor/lambdas/internal/audit"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
	"onedoor/lambdas/internal/request"
)

// methods are those that the function answers; only GET and POST claim.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions}

type handler struct {
	store       link.Store
	signer      *presign.Signer
	sizes       sizer
	bindAddress bool
	now         func() time.Time
	logger      *slog.Logger
}

// sizer tells the size of an object in bytes.
type sizer interface {
	Size(ctx context.Context, key objectkey.Key, now time.Time) (int64, error)
}

// result is what a request came to: an answer to give and what the log should
// say of it. An empty action is not worth a line.
type result struct {
	answer answer.Answer
	action string
	key    objectkey.Key
	id     link.ID
}

// handle answers one request. It never returns an error: a fault of ours is an
// answer too.
func (h *handler) handle(ctx context.Context, event events.ALBTargetGroupRequest) (events.ALBTargetGroupResponse, error) {
	header := request.Header(event.MultiValueHeaders)
	clientIP := request.ClientIP(header["X-Forwarded-For"], "")
	r, err := h.route(ctx, event, header, clientIP)
	decision := audit.Decision{
		Action:   r.action,
		Method:   event.HTTPMethod,
		Key:      string(r.key),
		LinkID:   string(r.id),
		ClientIP: clientIP,
	}
	if err != nil {
		decision.Reason, decision.Failed = answer.Reason(err)
		r.answer = answer.Problem(err, request.ID(ctx), answer.ParseAccept(header["Accept"]))
	}
	if r.action != "" {
		audit.Log(ctx, h.logger, decision)
	}
	return r.answer.WithoutBody(event.HTTPMethod).LoadBalancer(), nil
}

// route decides what a request is. What must not claim is answered without a
// look at the token, so that it tells nothing of it either.
func (h *handler) route(ctx context.Context, event events.ALBTargetGroupRequest, header http.Header, clientIP netip.Addr) (result, error) {
	switch {
	case event.HTTPMethod == http.MethodOptions:
		return result{answer: answer.Answer{Status: http.StatusNoContent, Header: map[string]string{"Allow": strings.Join(methods, ", ")}}}, nil
	case event.HTTPMethod == http.MethodHead:
		return result{answer: answer.Answer{Status: http.StatusOK}}, nil
	case event.HTTPMethod != http.MethodGet && event.HTTPMethod != http.MethodPost:
		return result{}, answer.MethodNotAllowed(methods)
	case isPrefetch(header):
		// Browsers drop a speculative answer that isn't a success and ask again
		// when the person follows the link.
		return result{answer: answer.Answer{Status: http.StatusServiceUnavailable}}, nil
	}
	byPOST := event.HTTPMethod == http.MethodPost
	if !byPOST && answer.ParseAccept(header["Accept"]).NamesHTML() {
		return h.open(ctx, event.Path)
	}
	return h.claim(ctx, event.Path, clientIP, header["X-Forwarded-For"], byPOST)
}

// idOf returns the id of the link that a path leads to. A path without a token
// is that of no link, and costs no call of the store.
func idOf(path string) (link.ID, error) {
	text, found := strings.CutPrefix(path, contract.OnceRoot)
	token, ok := link.ParseToken(text)
	if !found || !ok {
		return "", link.ErrUnknown
	}
	return token.ID(), nil
}

// isPrefetch reports whether a browser fetches what nobody has followed yet:
// https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header,
// Purpose of older Chromium and Safari, X-Moz of older Firefox.
func isPrefetch(header http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		for _, value := range header[name] {
			value = strings.ToLower(value)
			if strings.Contains(value, "prefetch") || strings.Contains(value, "prerender") || strings.Contains(value, "preview") {
				return true
			}
		}
	}
	return false
}

// open shows the page with the button that claims.
func (h *handler) open(ctx context.Context, path string) (result, error) {
	r := result{action: "open link"}
	var err error
	if r.id, err = idOf(path); err != nil {
		return r, err
	}
	now := h.now()
	l, err := h.store.Open(ctx, r.id, now)
	if err != nil {
		return r, err
	}
	r.key = l.Key
	size, err := h.sizes.Size(ctx, l.Key, now)
	if err != nil {
		h.logger.WarnContext(ctx, "size not shown", "linkId", string(r.id), "error", err.Error())
		size = -1
	}
	r.answer = landingPage(l, size)
	return r, nil
}

// errNoClient means that the load balancer names no client. Then its settings are
// not those that the address of a claim, and its binding, rely on.
var errNoClient = fmt.Errorf("%w: the event names no client", link.ErrUnavailable)

// claim uses the link once and redirects to the object. Between the two, nothing
// depends on the network.
func (h *handler) claim(ctx context.Context, path string, clientIP netip.Addr, forwardedFor []string, byPOST bool) (result, error) {
	r := result{action: "claim link"}
	var err error
	if r.id, err = idOf(path); err != nil {
		return r, err
	}
	if !clientIP.IsValid() {
		return r, errNoClient
	}
	now := h.now()
	l, err := h.store.Claim(ctx, r.id, link.Claim{
		Attempt:  request.ID(ctx),
		At:       now.UTC().Truncate(time.Millisecond),
		ClientIP: clientIP,
	}, byPOST)
	if err != nil {
		return r, err
	}
	r.key = l.Key
	signedRequest := presign.Request{Method: http.MethodGet, Key: l.Key, TTL: l.Window}
	if l.FileName != "" {
		if signedRequest.Response.ContentDisposition, err = presign.Attachment(l.FileName); err != nil {
			return r, err
		}
	}
	if h.bindAddress {
		// The load balancer appends the client's address to whatever the client
		// sends and removes nothing, so nobody else can make it write this.
		signedRequest.ForwardedFor = strings.Join(forwardedFor, ",")
	}
	signedURL, err := h.signer.Presign(ctx, signedRequest, now)
	if err != nil {
		return r, err
	}
	r.answer = answer.Redirect(http.StatusSeeOther, signedURL.URL)
	return r, nil
}
