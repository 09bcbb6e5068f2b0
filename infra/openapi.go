package main

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed openapi.yaml
var openapiYAML []byte

// functionExtension names, in an operation, the function that serves it.
const functionExtension = "x-onedoor-function"

// gatewayResponses is API Gateway's own extension for the answers it makes
// itself.
const gatewayResponses = "x-amazon-apigateway-gateway-responses"

// pathParameter finds a template in a path.
var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// apiDefinition is the public contract, openapi.yaml.
type apiDefinition struct{ doc *openapi3.T }

// loadAPI parses and validates the contract.
func loadAPI() (apiDefinition, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapiYAML)
	if err != nil {
		return apiDefinition{}, fmt.Errorf("parse openapi.yaml: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return apiDefinition{}, fmt.Errorf("validate openapi.yaml: %w", err)
	}
	return apiDefinition{doc}, nil
}

// route is one operation of the API.
type route struct {
	method, path string
	function     string
}

// id is the route in a construct id.
func (r route) id() string { return r.method[:1] + strings.ToLower(r.method[1:]) }

// pattern is the route's path with a wildcard for each parameter.
func (r route) pattern() string { return pathParameter.ReplaceAllString(r.path, "*") }

// routes lists the operations that a function serves, in a stable order.
func (d apiDefinition) routes() []route {
	var all []route
	paths := d.doc.Paths.Map()
	for _, path := range sortedKeys(paths) {
		operations := paths[path].Operations()
		for _, method := range sortedKeys(operations) {
			if name, isServed := operations[method].Extensions[functionExtension].(string); isServed {
				all = append(all, route{method: method, path: path, function: name})
			}
		}
	}
	return all
}

// body is what API Gateway needs of the contract: the routes with their
// parameters and integrations, and the answers it makes itself. Schemas and
// prose stay out: they are for clients, and API Gateway refuses parts of them.
func (d apiDefinition) body(uri func(function string) *string) map[string]any {
	paths := map[string]map[string]any{}
	for _, r := range d.routes() {
		greedy := pathParameter.ReplaceAllString(r.path, "{$1+}")
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

func (d apiDefinition) operation(r route, uri *string) map[string]any {
	item := d.doc.Paths.Find(r.path)
	operation := item.GetOperation(r.method)
	var parameters []any
	for _, list := range []openapi3.Parameters{item.Parameters, operation.Parameters} {
		for _, p := range list {
			parameters = append(parameters, map[string]any{
				"name": p.Value.Name, "in": p.Value.In, "required": p.Value.Required,
				"schema": map[string]any{"type": p.Value.Schema.Value.Type.Slice()[0]},
			})
		}
	}
	responses := map[string]any{}
	for status, response := range operation.Responses.Map() {
		responses[status] = map[string]any{"description": *response.Value.Description}
	}
	return map[string]any{
		"operationId": operation.OperationID,
		"parameters":  parameters,
		"responses":   responses,
		"x-amazon-apigateway-integration": map[string]any{
			"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "passthroughBehavior": "when_no_match",
		},
	}
}
