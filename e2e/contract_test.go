package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// contract is the public document that clients are generated from.
var contract = sync.OnceValues(func() (*openapi3.T, error) {
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromFile("../infra/openapi.yaml")
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// contractPath is the contract's name for the path of a target. A key may hold
// slashes.
func contractPath(target string) string {
	path, _, _ := strings.Cut(target, "?")
	id, isLink := strings.CutPrefix(path, linksPath+"/")
	switch {
	case path == linksPath:
		return linksPath
	case isLink && !strings.Contains(id, "/"):
		return linksPath + "/{id}"
	case strings.HasPrefix(path, "/once/"):
		return "/once/{token}"
	default:
		return "/presign/{key}"
	}
}

// checkContract fails unless the contract documents the answer's status, its
// headers and its body.
func checkContract(t *testing.T, r *http.Request, answer response) {
	t.Helper()
	doc, err := contract()
	if err != nil {
		t.Fatalf("infra/openapi.yaml: %v", err)
	}
	path := contractPath(r.URL.Opaque)
	item := doc.Paths.Find(path)
	operation := item.GetOperation(r.Method)
	if operation == nil {
		return // the door refuses the method before the API sees it
	}
	what := r.Method + " " + r.URL.Opaque
	documented := operation.Responses.Status(answer.status)
	if documented == nil {
		documented = operation.Responses.Default()
	}
	if documented == nil {
		t.Errorf("%.200s = %d %.200s; the contract doesn't know this status", what, answer.status, answer.body)
		return
	}
	for name, header := range documented.Value.Headers {
		if header.Value.Required && answer.header.Get(name) == "" {
			t.Errorf("%.200s = %d without the header %s, which the contract requires", what, answer.status, name)
		}
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r,
			Route:   &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: operation},
		},
		Status: answer.status,
		Header: answer.header,
		Body:   io.NopCloser(bytes.NewReader(answer.body)),
		// The contract says in words alone that a prefetch's 503 has no body.
		Options: &openapi3filter.Options{ExcludeResponseBody: answer.status == http.StatusServiceUnavailable && len(answer.body) == 0},
	})
	if err != nil {
		t.Errorf("%.200s = %d %.200s, against the contract: %s", what, answer.status, answer.body, firstLine(err))
	}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
