package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"onedoor/lambdas/contract"
	"onedoor/lambdas/internal/answer"
	"onedoor/lambdas/internal/audit"
	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/request"
)

type handler struct {
	store  link.Store
	domain string
	limits link.Limits
	now    func() time.Time
	logger *slog.Logger
}

// result is what an action came to: an answer to give and what the log should
// say of it.
type result struct {
	answer answer.Answer
	action string
	key    string
	id     link.ID
}

// handle answers one request. It never returns an error: a fault of ours is an
// answer too.
func (h *handler) handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	header := request.Header(event.MultiValueHeaders)
	r, err := h.route(ctx, event)
	decision := audit.Decision{
		Action:   r.action,
		Key:      r.key,
		LinkID:   string(r.id),
		ClientIP: request.ClientIP(header["X-Forwarded-For"], event.RequestContext.Identity.SourceIP),
	}
	if err != nil {
		decision.Reason, decision.Failed = answer.Reason(err)
		r.answer = answer.Problem(err, request.ID(ctx), answer.ParseAccept(header["Accept"]))
	}
	audit.Log(ctx, h.logger, decision)
	return r.answer.Gateway(), nil
}

func (h *handler) route(ctx context.Context, event events.APIGatewayProxyRequest) (result, error) {
	if event.Path == contract.LinksPath {
		if event.HTTPMethod != http.MethodPost {
			return result{action: "create link"}, answer.MethodNotAllowed{http.MethodPost}
		}
		return h.create(ctx, event)
	}
	text, found := strings.CutPrefix(event.Path, contract.LinksPath+"/")
	if !found {
		return result{}, answer.ErrNotFound
	}
	handle, ok := link.ParseHandle(text)
	if !ok {
		return result{action: "name link"}, errNoLink
	}
	switch event.HTTPMethod {
	case http.MethodGet:
		return h.show(ctx, handle)
	case http.MethodDelete:
		return h.revoke(ctx, handle)
	default:
		return result{action: "name link", id: handle.ID}, answer.MethodNotAllowed{http.MethodGet, http.MethodDelete}
	}
}

// errNoLink is ErrUnknown to the link's owner, who may know.
var errNoLink = fmt.Errorf("%w: no link has this id", answer.ErrNotFound)

func (h *handler) create(ctx context.Context, event events.APIGatewayProxyRequest) (result, error) {
	r := result{action: "create link"}
	order, err := decodeOrder(event)
	if err != nil {
		return r, err
	}
	now := h.now()
	token, handle, l, err := order.Link(h.limits, now)
	if err != nil {
		return r, err
	}
	r.key, r.id = string(l.Key), l.ID
	if err := h.store.Create(ctx, l); err != nil {
		return r, err
	}
	r.answer = answer.JSON(http.StatusCreated, created{
		ID:        handle.String(),
		URL:       "https://" + h.domain + contract.OnceRoot + string(token),
		Key:       r.key,
		Uses:      l.Uses,
		Remaining: l.Remaining,
		ExpiresAt: l.ExpiresAt,
	})
	r.answer.Header["Location"] = contract.LinksPath + "/" + handle.String()
	return r, nil
}

func (h *handler) show(ctx context.Context, handle link.Handle) (result, error) {
	r := result{action: "show link", id: handle.ID}
	l, err := h.store.Get(ctx, handle.ID)
	switch {
	case err != nil:
		return r, toOwner(err)
	case !l.OwnedBy(handle):
		return r, errNoLink
	}
	r.key = string(l.Key)
	r.answer = answer.JSON(http.StatusOK, stateOf(handle, l, h.now()))
	return r, nil
}

func (h *handler) revoke(ctx context.Context, handle link.Handle) (result, error) {
	r := result{action: "revoke link", id: handle.ID, answer: answer.Answer{Status: http.StatusNoContent}}
	return r, toOwner(h.store.Revoke(ctx, handle, h.now()))
}

func toOwner(err error) error {
	if errors.Is(err, link.ErrUnknown) {
		return errNoLink
	}
	return err
}

// maxOrder bounds the body of an order in bytes; the longest that makes sense has
// a key of 1,024 bytes and a file name of 255, all escaped.
const maxOrder = 16 << 10

// decodeOrder reads one JSON object with known fields only.
func decodeOrder(event events.APIGatewayProxyRequest) (link.Order, error) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return link.Order{}, fmt.Errorf("decode the event's body: %w", err)
		}
		body = decoded
	}
	switch {
	case len(body) > maxOrder:
		return link.Order{}, fmt.Errorf("%w: it has %d bytes; at most %d are allowed", answer.ErrBody, len(body), maxOrder)
	case !utf8.Valid(body):
		return link.Order{}, fmt.Errorf("%w: it is not UTF-8", answer.ErrBody)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var order link.Order
	if err := decoder.Decode(&order); err != nil {
		return link.Order{}, fmt.Errorf(`%w: want a JSON object such as {"key": "objects/report.pdf", "uses": 1, "expiresIn": 3600}, fields key, uses, expiresIn, claim, filename, window: %.200s`, answer.ErrBody, err)
	}
	// Escapes that name no character are replaced by the decoder, and the link
	// would be for another object.
	if strings.ContainsRune(order.Key, utf8.RuneError) {
		return link.Order{}, fmt.Errorf("%w: key holds U+FFFD or half of a surrogate pair", answer.ErrBody)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return link.Order{}, fmt.Errorf("%w: want one JSON object and nothing after it", answer.ErrBody)
	}
	return order, nil
}

// created is the answer to the creation of a link: the one time that its URL is
// shown.
type created struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Key       string    `json:"key"`
	Uses      int       `json:"uses"`
	Remaining int       `json:"remaining"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// state is a link as its owner sees it.
type state struct {
	ID        string       `json:"id"`
	Key       string       `json:"key"`
	FileName  string       `json:"filename,omitempty"`
	Uses      int          `json:"uses"`
	Remaining int          `json:"remaining"`
	Claim     link.ClaimBy `json:"claim"`
	Window    int          `json:"window"`
	CreatedAt time.Time    `json:"createdAt"`
	OpenedAt  time.Time    `json:"openedAt,omitzero"`
	ExpiresAt time.Time    `json:"expiresAt"`
	Expired   bool         `json:"expired"`
	RevokedAt time.Time    `json:"revokedAt,omitzero"`
	Revoked   bool         `json:"revoked"`
	Claims    []claim      `json:"claims"`
}

type claim struct {
	At       time.Time `json:"at"`
	ClientIP string    `json:"clientIp,omitempty"`
}

func stateOf(handle link.Handle, l link.Link, now time.Time) state {
	claims := make([]claim, 0, len(l.Claims))
	for _, c := range l.Claims {
		one := claim{At: c.At}
		if c.ClientIP.IsValid() {
			one.ClientIP = c.ClientIP.String()
		}
		claims = append(claims, one)
	}
	return state{
		ID:        handle.String(),
		Key:       string(l.Key),
		FileName:  l.FileName,
		Uses:      l.Uses,
		Remaining: l.Remaining,
		Claim:     l.ClaimBy,
		Window:    int(l.Window / time.Second),
		CreatedAt: l.CreatedAt,
		OpenedAt:  l.OpenedAt,
		ExpiresAt: l.ExpiresAt,
		Expired:   !now.Before(l.ExpiresAt),
		RevokedAt: l.RevokedAt,
		Revoked:   !l.RevokedAt.IsZero(),
		Claims:    claims,
	}
}
