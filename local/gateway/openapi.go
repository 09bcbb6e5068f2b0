package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"onedoor/local/template"
)

// api is one REST API.
type api struct {
	id               string
	region           string
	routes           []route
	responses        map[string]gatewayResponse
	binaryMediaTypes []string
}

// document is the part of an OpenAPI document that API Gateway acts on. A
// field that isn't here isn't understood.
type document struct {
	OpenAPI          string                                `json:"openapi"`
	Info             any                                   `json:"info"`
	Paths            map[string]map[string]json.RawMessage `json:"paths"`
	Responses        map[string]gatewayResponse            `json:"x-amazon-apigateway-gateway-responses"`
	BinaryMediaTypes []string                              `json:"x-amazon-apigateway-binary-media-types"`
}

type operation struct {
	Integration integration `json:"x-amazon-apigateway-integration"`

	// For people and client generators.
	Description any `json:"description"`
	OperationID any `json:"operationId"`
	Parameters  any `json:"parameters"`
	RequestBody any `json:"requestBody"`
	Responses   any `json:"responses"`
	Summary     any `json:"summary"`
	Tags        any `json:"tags"`
}

type integration struct {
	Type       string `json:"type"`
	HTTPMethod string `json:"httpMethod"`
	URI        string `json:"uri"`
	// A proxy integration has no mapping to fall back to.
	PassthroughBehavior any `json:"passthroughBehavior"`
}

// anyMethod is the key of the operation that serves methods without one of
// their own.
const anyMethod = "x-amazon-apigateway-any-method"

func loadAPI(a *template.Assembly, id string, functions Functions) (*api, error) {
	r, err := a.ByRef("AWS::ApiGateway::RestApi", id)
	if err != nil {
		return nil, err
	}
	var p struct {
		BinaryMediaTypes      []string
		Body                  any
		EndpointConfiguration endpointConfiguration
		// The API is served under its custom domain only, whether or not AWS
		// would serve the default name too: the load balancer doesn't ask for it.
		DisableExecuteApiEndpoint               template.Ignored
		Description, FailOnWarnings, Name, Tags template.Ignored
		Mode, Policy                            template.Ignored
	}
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	if err := p.EndpointConfiguration.requirePrivate(r); err != nil {
		return nil, err
	}
	made := &api{id: id, region: r.Stack.Region}
	if err := made.load(p.Body, functions); err != nil {
		return nil, r.Errorf("property Body: %w", err)
	}
	made.binaryMediaTypes = append(made.binaryMediaTypes, p.BinaryMediaTypes...)
	return made, nil
}

func (a *api) load(body any, functions Functions) error {
	var d document
	if err := strict(body, &d); err != nil {
		return err
	}
	for name, response := range d.Responses {
		if err := response.check(name); err != nil {
			return fmt.Errorf("x-amazon-apigateway-gateway-responses.%s: %w", name, err)
		}
	}
	a.responses, a.binaryMediaTypes = d.Responses, d.BinaryMediaTypes
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		r := newRoute(path)
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			if method == "parameters" {
				continue
			}
			function, err := loadOperation(method, d.Paths[path][method], functions)
			if err != nil {
				return fmt.Errorf("paths.%s.%s: %w", path, method, err)
			}
			r.methods[strings.ToUpper(method)] = function
		}
		a.routes = append(a.routes, r)
	}
	return nil
}

var (
	methods       = []string{"get", "put", "post", "delete", "options", "head", "patch", anyMethod}
	invocationURI = regexp.MustCompile(`^arn:aws:apigateway:[^:]+:lambda:path/2015-03-31/functions/(arn:aws:lambda:[^/]+)/invocations$`)
)

func loadOperation(method string, raw json.RawMessage, functions Functions) (Invoker, error) {
	if !slices.Contains(methods, method) {
		return nil, fmt.Errorf("not understood by the local door")
	}
	var o operation
	if err := strict(raw, &o); err != nil {
		return nil, err
	}
	if o.Integration.Type != "aws_proxy" || o.Integration.HTTPMethod != "POST" {
		return nil, fmt.Errorf("want an integration of type aws_proxy with httpMethod POST, got %q with %q",
			o.Integration.Type, o.Integration.HTTPMethod)
	}
	uri := invocationURI.FindStringSubmatch(o.Integration.URI)
	if uri == nil {
		return nil, fmt.Errorf("integration uri %q names no Lambda function", o.Integration.URI)
	}
	return functions(uri[1])
}

// strict decodes v, which came out of JSON, and refuses fields that into
// doesn't have.
func strict(v, into any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not understood by the local door: %w", err)
	}
	return nil
}
