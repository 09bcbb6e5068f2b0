package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"onedoor/local/template/templatetest"
)

// app is a template of an API with the paths, and more fields of its body.
func app(paths, more string) string {
	return `{"Resources": {
		"ApiEndpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"ServiceName": "com.amazonaws.eu-central-1.execute-api"}},
		"Echo": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "echo"}},
		"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {
			"Name": "api", "EndpointConfiguration": {"Types": ["PRIVATE"], "VpcEndpointIds": [{"Ref": "ApiEndpoint"}]},
			"DisableExecuteApiEndpoint": true, "Policy": {"Statement": []},
			"Body": {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": ` + paths + more + `}}},
		"Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
			"RestApiId": {"Ref": "Api"}, "StageName": "live", "Variables": {"colour": "blue"}}},
		"Domain": {"Type": "AWS::ApiGateway::DomainNameV2", "Properties": {
			"DomainName": "Files.example.com", "EndpointConfiguration": {"Types": ["PRIVATE"]}, "Policy": {}, "CertificateArn": {"Ref": "Certificate"}}},
		"Mapping": {"Type": "AWS::ApiGateway::BasePathMappingV2", "Properties": {
			"DomainNameArn": {"Fn::GetAtt": ["Domain", "DomainNameArn"]}, "RestApiId": {"Ref": "Api"}, "Stage": "live"}},
		"Access": {"Type": "AWS::ApiGateway::DomainNameAccessAssociation", "Properties": {
			"DomainNameArn": {"Fn::GetAtt": ["Domain", "DomainNameArn"]}, "AccessAssociationSource": {"Ref": "ApiEndpoint"}, "AccessAssociationSourceType": "VPCE"}}
	}}`
}

// integrated is an operation that the function serves.
const integrated = `{"responses": {}, "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST",
	"uri": {"Fn::Join": ["", ["arn:aws:apigateway:", {"Ref": "AWS::Region"}, ":lambda:path/2015-03-31/functions/", {"Fn::GetAtt": ["Echo", "Arn"]}, "/invocations"]]}}}`

var defaultPaths = `{"/presign/{key+}": {"get": ` + integrated + `, "head": ` + integrated + `, "post": ` + integrated + `}}`

// function is a Lambda function in a test.
type function func(ctx context.Context, event []byte) ([]byte, error)

func (f function) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

// echo answers with the event as its body.
func echo(_ context.Context, event []byte) ([]byte, error) {
	return json.Marshal(map[string]any{"statusCode": 200, "body": string(event)})
}

var testTime = time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)

func load(t testing.TB, template string, f function) (*Gateway, error) {
	t.Helper()
	g, err := New(templatetest.Load(t, map[string]string{"app": template}), func(arn string) (Invoker, error) {
		if arn != "arn:aws:lambda:eu-central-1:000000000000:function:echo" {
			return nil, fmt.Errorf("no function %s", arn)
		}
		return f, nil
	})
	if err == nil {
		g.now = func() time.Time { return testTime }
	}
	return g, err
}

func mustLoad(t testing.TB, template string, f function) *Gateway {
	t.Helper()
	g, err := load(t, template, f)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// request is what the load balancer sends for the target.
func request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.RequestURI, r.URL = target, nil
	r.Host = "files.example.com"
	r.RemoteAddr = "10.0.0.10:443"
	return r
}

func do(g *Gateway, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w.Result()
}

func text(t testing.TB, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
