package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/answer"
	"onedoor/lambdas/internal/audit"
	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
	"onedoor/lambdas/internal/request"
)

type handler struct {
	signer *presign.Signer
	bounds presign.TTLBounds
	status int
	now    func() time.Time
	logger *slog.Logger
}

// signed is the JSON form of the answer: everything that a client needs to make
// the request.
type signed struct {
	URL       string            `json:"url"`
	Method    string            `json:"method"`
	Headers   map[string]string `json:"headers"`
	ExpiresAt time.Time         `json:"expiresAt"`
}

// handle answers one request. A client's mistake is an answer; so is a fault of
// ours, since the client deserves one: it never returns an error.
func (h *handler) handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	header := request.Header(event.MultiValueHeaders)
	accept := answer.ParseAccept(header["Accept"])

	key, signedURL, err := h.presign(ctx, event)
	decision := audit.Decision{
		Action:   "presign",
		Method:   event.HTTPMethod,
		Key:      string(key),
		ClientIP: request.ClientIP(header["X-Forwarded-For"], event.RequestContext.Identity.SourceIP),
	}
	var a answer.Answer
	switch {
	case err != nil:
		decision.Reason, decision.Failed = answer.Reason(err)
		a = answer.Problem(err, request.ID(ctx), accept)
	case accept.JSON() || header.Get("Authorization") != "":
		// Clients keep Authorization on a redirect to the same host, and S3
		// refuses a request that is authorized twice: so no redirect.
		a = answer.JSON(http.StatusOK, signed{URL: signedURL.URL, Method: event.HTTPMethod, Headers: map[string]string{}, ExpiresAt: signedURL.ExpiresAt})
	default:
		a = answer.Redirect(h.status, signedURL.URL)
	}
	audit.Log(ctx, h.logger, decision)
	return a.WithoutBody(event.HTTPMethod).Gateway(), nil
}

// presign signs what the event asks for. The key is empty where it was refused.
func (h *handler) presign(ctx context.Context, event events.APIGatewayProxyRequest) (objectkey.Key, presign.URL, error) {
	escaped, found := strings.CutPrefix(event.Path, contract.PresignRoot)
	if !found {
		return "", presign.URL{}, answer.ErrNotFound
	}
	if event.HTTPMethod != http.MethodGet && event.HTTPMethod != http.MethodHead {
		return "", presign.URL{}, answer.MethodNotAllowed{http.MethodGet, http.MethodHead}
	}
	key, err := objectkey.FromPath(escaped)
	if err != nil {
		return "", presign.URL{}, err
	}
	options, err := presign.ParseOptions(url.Values(event.MultiValueQueryStringParameters), key, h.bounds)
	if err != nil {
		return key, presign.URL{}, err
	}
	signedURL, err := h.signer.Presign(ctx, presign.Request{
		Method:   event.HTTPMethod,
		Key:      key,
		TTL:      options.TTL,
		Response: options.Response,
	}, h.now())
	return key, signedURL, err
}
