package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
)

// proxyResponse is what a function answers with. Anything else is malformed.
type proxyResponse struct {
	StatusCode        json.Number    `json:"statusCode"`
	Headers           map[string]any `json:"headers"`
	MultiValueHeaders map[string]any `json:"multiValueHeaders"`
	Body              *string        `json:"body"`
	IsBase64Encoded   bool           `json:"isBase64Encoded"`
}

// remapped are headers of a function's answer that API Gateway renames.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
var remapped = map[string]bool{
	"Authorization": true, "Connection": true, "Date": true, "Host": true,
	"Server": true, "User-Agent": true, "Www-Authenticate": true,
}

// answer turns a function's answer into the response.
func (c *call) answer(w http.ResponseWriter, payload []byte) {
	header, status, body, err := c.parse(payload)
	if err != nil {
		c.respond(w, badGateway)
		return
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	c.stamp(w)
	w.WriteHeader(status)
	w.Write(body)
}

func (c *call) parse(payload []byte) (header http.Header, status int, body []byte, err error) {
	var p proxyResponse
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		return nil, 0, nil, err
	}
	status = http.StatusOK
	if p.StatusCode != "" {
		n, err := p.StatusCode.Int64()
		if err != nil || n < 200 || n > 599 {
			return nil, 0, nil, fmt.Errorf("status code %s", p.StatusCode)
		}
		status = int(n)
	}
	if header, err = p.header(); err != nil {
		return nil, 0, nil, err
	}
	if p.Body != nil {
		body = []byte(*p.Body)
	}
	if p.IsBase64Encoded && c.api.isBinary(c.request.Header.Get("Accept")) {
		body, err = base64.StdEncoding.DecodeString(*p.Body)
	}
	return header, status, body, err
}

// header joins both forms of headers; multiValueHeaders win where both name
// one.
func (p proxyResponse) header() (http.Header, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range p.Headers {
		if err := setHeader(header, name, []any{value}); err != nil {
			return nil, err
		}
	}
	for name, value := range p.MultiValueHeaders {
		values, ok := value.([]any)
		if !ok {
			return nil, errors.New("multiValueHeaders holds something other than lists")
		}
		if err := setHeader(header, name, values); err != nil {
			return nil, err
		}
	}
	return header, nil
}

func setHeader(header http.Header, name string, values []any) error {
	name = textproto.CanonicalMIMEHeaderKey(name)
	if name == "Content-Length" || name == "Transfer-Encoding" {
		return nil // the response's own
	}
	if remapped[name] {
		name = "X-Amzn-Remapped-" + name
	}
	header.Del(name)
	for _, value := range values {
		switch value := value.(type) {
		case string:
			header.Add(name, value)
		case json.Number, bool:
			header.Add(name, fmt.Sprint(value))
		case nil:
		default:
			return fmt.Errorf("header %s is no text", name)
		}
	}
	return nil
}

// stamp adds the headers that every response of API Gateway bears.
func (c *call) stamp(w http.ResponseWriter) {
	h := w.Header()
	h.Set("X-Amzn-Requestid", c.id)
	h.Set("X-Amz-Apigw-Id", c.extendedID)
	if _, root, ok := strings.Cut(c.request.Header.Get("X-Amzn-Trace-Id"), "Root="); ok {
		h.Set("X-Amzn-Trace-Id", "Root="+root)
	}
}
