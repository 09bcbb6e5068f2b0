package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"onedoor/local/ids"
)

// Limits of a private REST API.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const (
	maxHeaders         = 8000 // bytes of the request line and the header values
	maxBody            = 10 << 20
	integrationTimeout = 29 * time.Second
	// maxMethodARN bounds the ARN that resource policies are checked against,
	// which holds the path. Every private API has such a policy.
	maxMethodARN = 1600
)

// call is one request to the API with all that its answer may mention.
type call struct {
	mapping
	request *http.Request
	at      time.Time

	// path and query are parts of the request target as they came.
	path, query string
	id          string
	extendedID  string
	route       route
	parameters  map[string]string
}

func newCall(r *http.Request, at time.Time) *call {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	return &call{
		request: r, at: at, path: path, query: query,
		id:         ids.UUID(),
		extendedID: base64.URLEncoding.EncodeToString([]byte(ids.Hex(5)))[:15] + "=",
	}
}

// serve answers the call; path is the part inside the API.
func (c *call) serve(w http.ResponseWriter, path string) {
	if c.headerSize() > maxHeaders {
		c.reject(w, http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
		return
	}
	if c.methodARNSize(path) > maxMethodARN {
		c.reject(w, http.StatusRequestURITooLong, "Request URI too long")
		return
	}
	var function Invoker
	r, parameters, found := c.api.find(path)
	if found {
		function, found = r.method(c.request.Method)
	}
	if !found {
		c.respond(w, missingAuthenticationToken)
		return
	}
	c.route, c.parameters = r, parameters
	c.invoke(w, function)
}

func (c *call) invoke(w http.ResponseWriter, function Invoker) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.request.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		c.respond(w, requestTooLarge)
		return
	}
	if err != nil {
		c.respond(w, badRequest)
		return
	}
	event, err := json.Marshal(c.event(body))
	if err != nil {
		c.respond(w, internalError)
		return
	}
	ctx, cancel := context.WithTimeout(c.request.Context(), integrationTimeout)
	defer cancel()
	payload, err := function.Invoke(ctx, event)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		c.respond(w, integrationTimedOut)
	case err != nil:
		c.respond(w, badGateway)
	default:
		c.answer(w, payload)
	}
}

// headerSize is the size of the request line and the header values.
func (c *call) headerSize() int {
	size := len(c.request.Method) + len(c.request.RequestURI) + len("  HTTP/1.1\r\n") + len(c.request.Host)
	for _, values := range c.request.Header {
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

func (c *call) methodARNSize(path string) int {
	const apiID = "0123456789" // IDs on AWS have ten characters
	return len("arn:aws:execute-api::000000000000:"+c.api.region+apiID+"/"+c.stage.name+"/"+c.request.Method) + len(path)
}

// isBinary reports whether the API treats the media type as binary.
func (a *api) isBinary(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mediaType = contentType
	}
	return slices.ContainsFunc(a.binaryMediaTypes, func(binary string) bool {
		return binary == "*/*" || strings.EqualFold(binary, mediaType)
	})
}

// balancer is the address that the request came from, which is the load
// balancer's.
func (c *call) balancer() string {
	host, _, err := net.SplitHostPort(c.request.RemoteAddr)
	if err != nil {
		return c.request.RemoteAddr
	}
	return host
}
