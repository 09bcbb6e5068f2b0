// Package answer turns results and errors of the domain into HTTP answers that
// no cache keeps and no other site learns of.
package answer

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// Answer is an HTTP answer before it is put into the form of an event source.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
}

// Redirect points to location, which is set as it is: cleaning or re-encoding
// it would break a signature.
func Redirect(status int, location string) Answer {
	return Answer{Status: status, Header: map[string]string{"Location": location}}
}

// JSON answers with v. It panics where v can't be encoded, which is a mistake
// in the program.
func JSON(status int, v any) Answer {
	return Answer{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: mustMarshal(v)}
}

// Gateway is the answer as API Gateway takes it from a proxy integration.
func (a Answer) Gateway() events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{StatusCode: a.Status, Headers: a.headers(), Body: a.Body}
}

// LoadBalancer is the answer as a load balancer takes it from a Lambda target
// with multi-value headers.
func (a Answer) LoadBalancer() events.ALBTargetGroupResponse {
	headers := map[string][]string{}
	for name, value := range a.headers() {
		headers[name] = []string{value}
	}
	return events.ALBTargetGroupResponse{
		StatusCode:        a.Status,
		StatusDescription: fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)),
		MultiValueHeaders: headers,
		Body:              a.Body,
	}
}

// headers adds what every answer carries: no cache may keep it (answers are
// secrets, or die with them), no other site may learn the URL it came from, and
// no browser may guess its type.
func (a Answer) headers() map[string]string {
	headers := map[string]string{
		"Cache-Control":          "no-store",
		"Referrer-Policy":        "no-referrer",
		"X-Content-Type-Options": "nosniff",
	}
	maps.Copy(headers, a.Header)
	return headers
}

// WithoutBody is the answer to HEAD.
func (a Answer) WithoutBody(method string) Answer {
	if method == http.MethodHead {
		a.Body = ""
	}
	return a
}

// mustMarshal leaves "&" in URLs as it is, so that people can copy them.
func mustMarshal(v any) string {
	var body strings.Builder
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(body.String(), "\n")
}
