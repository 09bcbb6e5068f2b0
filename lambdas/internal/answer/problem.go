package answer

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"strings"

	"onedoor/lambdas/internal/link"
	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
)

var (
	// ErrNotFound means that no resource of the API has the path.
	ErrNotFound = errors.New("nothing is served at this path")
	// ErrBody means that the body of a request can't be read.
	ErrBody = errors.New("request body refused")
)

// MethodNotAllowed means that a resource knows the allowed methods only.
type MethodNotAllowed []string

func (m MethodNotAllowed) Error() string {
	return "the method is not allowed here; allowed are " + strings.Join(m, ", ")
}

// kind is a row of the one table that maps errors of the domain to answers.
type kind struct {
	is     error
	slug   string
	title  string
	status int
	// detail replaces the error's own text where that is not for clients.
	detail string
	header map[string]string
	// anonymous answers are the same to the byte: they carry no request id.
	anonymous bool
}

var kinds = []kind{
	// An order may be refused for its key among others, so it comes first.
	{is: link.ErrInvalid, slug: "link-order", title: "Link order refused", status: http.StatusBadRequest},
	{is: objectkey.ErrInvalid, slug: "object-key", title: "Object key refused", status: http.StatusBadRequest},
	{is: presign.ErrParameter, slug: "query-parameter", title: "Query parameter refused", status: http.StatusBadRequest},
	{is: ErrBody, slug: "body", title: "Request body refused", status: http.StatusBadRequest},
	{is: ErrNotFound, slug: "not-found", title: "Not found", status: http.StatusNotFound},
	{
		is: link.ErrRefused, slug: "link-refused", title: "Link refused", status: http.StatusForbidden,
		detail:    "This link does not work, or no longer: it may be used up, expired, revoked or mistyped, or it may want to be opened in a browser. Ask whoever sent it for a new one.",
		anonymous: true,
	},
	{
		is: link.ErrUnavailable, slug: "unavailable", title: "Temporarily unavailable", status: http.StatusServiceUnavailable,
		detail: "The link could not be checked, so nobody was let through. Try again in a moment.",
		header: map[string]string{"Retry-After": "5"},
	},
}

// internal is every error that the table doesn't know. Its text stays inside.
var internal = kind{
	slug:   "internal",
	title:  "Internal error",
	status: http.StatusInternalServerError,
	detail: "The request failed on our side. Try again, and name the request id when you report it.",
}

// Problem answers with err: problem details after RFC 9457, or a short page for
// a browser. An error outside the table is answered as internal, without its
// text; it is the caller's to log it.
func Problem(err error, requestID string, accept Accept) Answer {
	k := kindOf(err)
	detail := k.detail
	if detail == "" {
		detail = err.Error()
	}
	if k.anonymous {
		requestID = ""
	}
	answer := Answer{Status: k.status, Header: map[string]string{"Content-Type": "application/problem+json"}}
	maps.Copy(answer.Header, k.header)
	if accept.HTML() {
		answer.Header["Content-Type"] = "text/html; charset=utf-8"
		answer.Header["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
		answer.Body = page(k.title, detail, requestID)
		return answer
	}
	answer.Body = mustMarshal(struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail"`
		RequestID string `json:"requestId,omitempty"`
	}{"urn:onedoor:problem:" + k.slug, k.title, k.status, detail, requestID})
	return answer
}

// Reason is err for the log. A client's mistake shows as its row of the table
// only, since its text may repeat the query; a fault of ours, and what clients
// are not told, shows whole. failed reports a fault of ours.
func Reason(err error) (reason string, failed bool) {
	k := kindOf(err)
	failed = k.status >= http.StatusInternalServerError
	if failed || k.detail != "" {
		return err.Error(), failed
	}
	return k.slug, failed
}

func kindOf(err error) kind {
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return k
		}
	}
	if allowed, ok := errors.AsType[MethodNotAllowed](err); ok {
		return kind{
			slug: "method", title: "Method not allowed", status: http.StatusMethodNotAllowed,
			header: map[string]string{"Allow": strings.Join(allowed, ", ")},
		}
	}
	return internal
}

// page is the form of a problem for people. It needs no style and no script.
func page(title, detail, requestID string) string {
	const head = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%[1]s</title></head>
<body><main><h1>%[1]s</h1><p>%[2]s</p>`
	const id = `<p>Request id: <code>%s</code></p>`
	const foot = "</main></body>\n</html>\n"

	text := fmt.Sprintf(head, html.EscapeString(title), html.EscapeString(detail))
	if requestID != "" {
		text += fmt.Sprintf(id, html.EscapeString(requestID))
	}
	return text + foot
}
