// Package gateway is the private REST API of the app, behind its private
// custom domain: it routes requests by the OpenAPI body of the template and
// hands them to functions as Lambda proxy events, as API Gateway does.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
package gateway

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"onedoor/local/template"
)

// Types are the resource types that this package serves.
var Types = []string{
	"AWS::ApiGateway::BasePathMappingV2",
	"AWS::ApiGateway::DomainNameAccessAssociation",
	"AWS::ApiGateway::DomainNameV2",
	"AWS::ApiGateway::RestApi",
	"AWS::ApiGateway::Stage",
}

// Invoker is a Lambda function.
type Invoker interface {
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// Functions finds a function by its ARN.
type Functions func(arn string) (Invoker, error)

// Gateway is the execute-api interface endpoint. It serves the custom domains
// that are associated with the endpoint and nothing else.
type Gateway struct {
	domains map[string][]mapping // by lower-case domain name
	now     func() time.Time
}

// mapping sends what comes under a base path of a domain to a stage of an API.
type mapping struct {
	basePath string // "" or without slashes around it
	domain   string
	endpoint string // the VPC endpoint that the domain is associated with
	stage    stage
	api      *api
}

type stage struct {
	name      string
	variables map[string]string
}

// New reads the app's REST APIs and their private domains.
func New(a *template.Assembly, functions Functions) (*Gateway, error) {
	g := &Gateway{domains: map[string][]mapping{}, now: time.Now}
	endpoints, err := associations(a)
	if err != nil {
		return nil, err
	}
	for _, r := range a.Resources("AWS::ApiGateway::BasePathMappingV2") {
		var p struct{ BasePath, DomainNameArn, RestApiId, Stage string }
		if err := r.Decode(&p); err != nil {
			return nil, err
		}
		m := mapping{basePath: p.BasePath, endpoint: endpoints[p.DomainNameArn]}
		if m.basePath == "(none)" {
			m.basePath = ""
		}
		if m.endpoint == "" {
			return nil, r.Errorf("property DomainNameArn: %s is associated with no VPC endpoint, so nobody reaches it", p.DomainNameArn)
		}
		if m.domain, err = privateDomain(a, p.DomainNameArn); err != nil {
			return nil, err
		}
		if m.stage, err = loadStage(a, r, p.RestApiId, p.Stage); err != nil {
			return nil, err
		}
		if m.api, err = loadAPI(a, p.RestApiId, functions); err != nil {
			return nil, err
		}
		name := strings.ToLower(m.domain)
		g.domains[name] = append(g.domains[name], m)
	}
	return g, nil
}

// associations returns the VPC endpoint of each domain name ARN.
func associations(a *template.Assembly) (map[string]string, error) {
	endpoints := map[string]string{}
	for _, r := range a.Resources("AWS::ApiGateway::DomainNameAccessAssociation") {
		var p struct {
			AccessAssociationSource, AccessAssociationSourceType, DomainNameArn string
			Tags                                                                template.Ignored
		}
		if err := r.Decode(&p); err != nil {
			return nil, err
		}
		endpoints[p.DomainNameArn] = p.AccessAssociationSource
	}
	return endpoints, nil
}

func privateDomain(a *template.Assembly, arn string) (string, error) {
	r, err := a.ByRef("AWS::ApiGateway::DomainNameV2", arn)
	if err != nil {
		return "", err
	}
	var p struct {
		DomainName                                   string
		EndpointConfiguration                        endpointConfiguration
		CertificateArn, Policy, SecurityPolicy, Tags template.Ignored
		EndpointAccessMode                           template.Ignored
	}
	if err := r.Decode(&p); err != nil {
		return "", err
	}
	return p.DomainName, p.EndpointConfiguration.requirePrivate(r)
}

type endpointConfiguration struct {
	Types                         []string
	IpAddressType, VpcEndpointIds template.Ignored
}

func (c endpointConfiguration) requirePrivate(r *template.Resource) error {
	if !slices.Equal(c.Types, []string{"PRIVATE"}) {
		return r.Errorf("property EndpointConfiguration.Types: only PRIVATE is understood by the local door, got %v", c.Types)
	}
	return nil
}

func loadStage(a *template.Assembly, mapped *template.Resource, apiID, name string) (stage, error) {
	for _, r := range a.Resources("AWS::ApiGateway::Stage") {
		var p struct {
			RestApiId, StageName string
			Variables            map[string]string
			// There is no load to throttle on one machine.
			MethodSettings                                    template.Ignored
			AccessLogSetting, DeploymentId, Description, Tags template.Ignored
			TracingEnabled                                    template.Ignored
		}
		if err := r.Decode(&p); err != nil {
			return stage{}, err
		}
		if p.RestApiId == apiID && p.StageName == name {
			return stage{name, p.Variables}, nil
		}
	}
	return stage{}, mapped.Errorf("property Stage: API %s has no stage %q", apiID, name)
}

// ServeHTTP answers one request that the load balancer made to the endpoint.
// The request target is taken from RequestURI, byte for byte.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := newCall(r, g.now())
	m, rest, found := g.find(r.Host, c.path)
	if !found {
		c.forbid(w)
		return
	}
	c.mapping = m
	c.serve(w, rest)
}

// find returns the mapping for the host and the longest base path, and the
// path inside the API.
func (g *Gateway) find(host, path string) (found mapping, rest string, ok bool) {
	for _, m := range g.domains[strings.ToLower(withoutPort(host))] {
		inside, under := path, true
		if m.basePath != "" {
			inside, under = strings.CutPrefix(path, "/"+m.basePath)
			under = under && (inside == "" || inside[0] == '/')
		}
		if under && (!ok || len(m.basePath) > len(found.basePath)) {
			found, rest, ok = m, inside, true
		}
	}
	return found, rest, ok
}

func withoutPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
