package answer

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"

	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
)

var (
	// ErrNotFound means that no resource of the API has the path.
	ErrNotFound = errors.New("nothing is served at this path")
	// ErrMethod means that the resource doesn't know the method.
	ErrMethod = errors.New("the method is not allowed here")
)

// kind is a row of the one table that maps errors of the domain to answers.
type kind struct {
	is     error
	slug   string
	title  string
	status int
	// detail replaces the error's own text where that is not for clients.
	detail string
	header map[string]string
}

var kinds = []kind{
	{is: objectkey.ErrInvalid, slug: "object-key", title: "Object key refused", status: http.StatusBadRequest},
	{is: presign.ErrParameter, slug: "query-parameter", title: "Query parameter refused", status: http.StatusBadRequest},
	{is: ErrNotFound, slug: "not-found", title: "Not found", status: http.StatusNotFound},
	{is: ErrMethod, slug: "method", title: "Method not allowed", status: http.StatusMethodNotAllowed,
		header: map[string]string{"Allow": "GET, HEAD"}},
}

// internal is every error that the table doesn't know. Its text stays inside.
var internal = kind{
	slug:   "internal",
	title:  "Internal error",
	status: http.StatusInternalServerError,
	detail: "The request failed on our side. Nothing was changed. Try again, and name the request id when you report it.",
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
	answer := Answer{Status: k.status, Header: map[string]string{"Content-Type": "application/problem+json"}}
	maps.Copy(answer.Header, k.header)
	if accept.HTML() {
		answer.Header["Content-Type"] = "text/html; charset=utf-8"
		answer.Header["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
		answer.Body = fmt.Sprintf(problemPage, k.title, k.title, html.EscapeString(detail), html.EscapeString(requestID))
		return answer
	}
	answer.Body = mustMarshal(struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail"`
		RequestID string `json:"requestId"`
	}{"urn:onedoor:problem:" + k.slug, k.title, k.status, detail, requestID})
	return answer
}

// Reason is err for the log: the row of the table that it falls under, since the
// text of a client's mistake may repeat its query, or the whole text of a fault
// of ours. failed reports the latter.
func Reason(err error) (reason string, failed bool) {
	if k := kindOf(err); k.status < http.StatusInternalServerError {
		return k.slug, false
	}
	return err.Error(), true
}

func kindOf(err error) kind {
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return k
		}
	}
	return internal
}

const problemPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title></head>
<body><main><h1>%s</h1><p>%s</p><p>Request id: <code>%s</code></p></main></body>
</html>
`
