package main

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"onedoor/lambdas/contract"
)

//go:embed openapi.yaml
var openapiYAML []byte

const (
	// functionExtension names, in an operation, the package under lambdas that
	// serves it.
	functionExtension = "x-onedoor-function"
	// gatewayResponses is API Gateway's extension for answers of its own:
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html
	gatewayResponses = "x-amazon-apigateway-gateway-responses"
	integration      = "x-amazon-apigateway-integration"
)

// pathParameter finds a parameter in a path.
var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// greedyParameter is the parameter that takes the rest of the path.
const greedyParameter = "{key}"

// contractDocument is the public contract, openapi.yaml.
type contractDocument struct{ doc *openapi3.T }

// loadContract parses and validates the contract. Each operation must be served
// by one of the functions.
func loadContract(functions []string) (contractDocument, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapiYAML)
	if err != nil {
		return contractDocument{}, fmt.Errorf("parse openapi.yaml: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return contractDocument{}, fmt.Errorf("validate openapi.yaml: %w", err)
	}
	document := contractDocument{doc}
	for _, r := range document.routes() {
		if r.id == "" || !slices.Contains(functions, r.function) {
			return contractDocument{}, fmt.Errorf("openapi.yaml: %s %s has operationId %q and %s %q: set both, the latter to one of %v",
				r.method, r.path, r.id, functionExtension, r.function, functions)
		}
	}
	return document, nil
}

// route is one operation of the contract.
type route struct {
	// id is the operation's id with a capital letter, for construct ids.
	id           string
	method, path string
	// function is the package that serves it.
	function string
}

// pattern is the path with a wildcard for each parameter.
func (r route) pattern() string { return pathParameter.ReplaceAllString(r.path, "*") }

// apiRoutes are the routes that the REST API serves. The load balancer sends
// the others to their function itself.
func (d contractDocument) apiRoutes() []route {
	return slices.DeleteFunc(d.routes(), func(r route) bool { return !strings.HasPrefix(r.path, contract.PresignRoot) })
}

// invocations are the API's routes as policies name them behind the API's id.
func (d contractDocument) invocations(stage string) []string {
	var names []string
	for _, r := range d.apiRoutes() {
		names = append(names, "/"+stage+"/"+r.method+r.pattern())
	}
	return names
}

// routes lists the operations in a stable order.
func (d contractDocument) routes() []route {
	var routes []route
	paths := d.doc.Paths.Map()
	for _, path := range sortedKeys(paths) {
		operations := paths[path].Operations()
		for _, method := range sortedKeys(operations) {
			operation := operations[method]
			function, _ := operation.Extensions[functionExtension].(string)
			routes = append(routes, route{id: capitalized(operation.OperationID), method: method, path: path, function: function})
		}
	}
	return routes
}

func capitalized(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// body is what API Gateway needs of the contract: routes with parameters and
// integrations, and the answers that it makes itself. Schemas, examples and
// prose are for clients, and API Gateway refuses some of them. The key takes the
// rest of the path, slashes included, which OpenAPI can't say and API Gateway
// writes as {key+}.
func (d contractDocument) body(uri func(function string) *string) map[string]any {
	paths := map[string]map[string]any{}
	for _, r := range d.apiRoutes() {
		greedy := strings.ReplaceAll(r.path, greedyParameter, "{key+}")
		if paths[greedy] == nil {
			paths[greedy] = map[string]any{}
		}
		paths[greedy][strings.ToLower(r.method)] = d.operation(r, uri(r.function))
	}
	return map[string]any{
		"openapi":        "3.0.1",
		"info":           map[string]any{"title": d.doc.Info.Title, "version": d.doc.Info.Version},
		"paths":          paths,
		gatewayResponses: d.doc.Extensions[gatewayResponses],
	}
}

func (d contractDocument) operation(r route, uri *string) map[string]any {
	item := d.doc.Paths.Find(r.path)
	operation := item.GetOperation(r.method)
	var parameters []any
	for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
		// Headers would only be listed, never checked.
		if p.Value.In == "header" {
			continue
		}
		parameters = append(parameters, map[string]any{
			"name": p.Value.Name, "in": p.Value.In, "required": p.Value.Required, "schema": map[string]any{"type": "string"},
		})
	}
	responses := map[string]any{}
	for status := range operation.Responses.Map() {
		responses[status] = map[string]any{"description": status}
	}
	return map[string]any{
		"operationId": operation.OperationID,
		"parameters":  parameters,
		"responses":   responses,
		integration:   map[string]any{"type": "aws_proxy", "httpMethod": "POST", "uri": uri},
	}
}
