package door

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"onedoor/local/querystring"
)

// maxLambdaPayload bounds the body of a request to a function and the JSON of
// its answer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
const maxLambdaPayload = 1 << 20

// lambdaTarget is a Lambda function behind the load balancer.
type lambdaTarget struct {
	arn        string // of the target group
	function   Invoker
	multiValue bool
}

// lambdaEvent is what a function gets. Which of the two forms of headers and
// query it holds is an attribute of the target group.
type lambdaEvent struct {
	RequestContext struct {
		ELB struct {
			TargetGroupARN string `json:"targetGroupArn"`
		} `json:"elb"`
	} `json:"requestContext"`
	HTTPMethod                      string              `json:"httpMethod"`
	Path                            string              `json:"path"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters,omitzero"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters,omitzero"`
	Headers                         map[string]string   `json:"headers,omitzero"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders,omitzero"`
	Body                            string              `json:"body"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

// lambdaResponse is what a function answers.
type lambdaResponse struct {
	StatusCode        int                 `json:"statusCode"`
	StatusDescription string              `json:"statusDescription"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

func (t lambdaTarget) serve(w http.ResponseWriter, r *request) {
	if r.Header.Get("Upgrade") != "" {
		answer(w, http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLambdaPayload))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		answer(w, http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		answer(w, http.StatusBadRequest)
		return
	}
	event, err := json.Marshal(t.event(r, body))
	if err != nil {
		answer(w, http.StatusInternalServerError)
		return
	}
	payload, err := t.function.Invoke(r.Context(), event)
	if err != nil || len(payload) > maxLambdaPayload {
		answer(w, http.StatusBadGateway)
		return
	}
	t.respond(w, payload)
}

func (t lambdaTarget) event(r *request, body []byte) lambdaEvent {
	headers := map[string][]string{"host": {r.Host}}
	for name, values := range r.forwarded() {
		headers[strings.ToLower(name)] = values
	}
	query := map[string][]string{}
	for name, value := range querystring.Pairs(r.query) {
		query[name] = append(query[name], value)
	}
	e := lambdaEvent{HTTPMethod: r.Method, Path: r.path, Body: string(body)}
	e.RequestContext.ELB.TargetGroupARN = t.arn
	if t.multiValue {
		e.MultiValueHeaders, e.MultiValueQueryStringParameters = headers, query
	} else {
		e.Headers, e.QueryStringParameters = last(headers), last(query)
	}
	if len(body) > 0 && !isText(r.Header) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// isText reports whether a body is handed to a function as it is.
func isText(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return strings.HasPrefix(mediaType, "text/") ||
		slices.Contains([]string{"application/json", "application/javascript", "application/xml"}, mediaType)
}

// respond turns a function's answer into the response.
func (t lambdaTarget) respond(w http.ResponseWriter, payload []byte) {
	var response lambdaResponse
	if err := json.Unmarshal(payload, &response); err != nil || response.StatusCode < 200 || response.StatusCode > 599 {
		answer(w, http.StatusBadGateway)
		return
	}
	body := []byte(response.Body)
	if response.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(response.Body); err != nil {
			answer(w, http.StatusBadGateway)
			return
		}
	}
	h := w.Header()
	h.Set("Server", serverName)
	h.Set("Content-Type", "application/octet-stream")
	for name, values := range t.responseHeaders(response) {
		if name = textproto.CanonicalMIMEHeaderKey(name); !slices.Contains(hopByHop, name) {
			h[name] = values
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(response.StatusCode)
	io.Copy(w, bytes.NewReader(body))
}

// responseHeaders returns the form of headers that the target group asks for;
// the other one is ignored.
func (t lambdaTarget) responseHeaders(response lambdaResponse) map[string][]string {
	if t.multiValue {
		return response.MultiValueHeaders
	}
	headers := map[string][]string{}
	for name, value := range response.Headers {
		headers[name] = []string{value}
	}
	return headers
}

// last keeps the last value of each name.
func last(multi map[string][]string) map[string]string {
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single
}
