package door

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"onedoor/local/template/templatetest"
)

// app is a template of a load balancer with the rules, each the value of
// AWS::ElasticLoadBalancingV2::ListenerRule's properties without ListenerArn.
func app(rules ...string) string {
	resources := `
		"Door": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"LoadBalancerAttributes": [
			{"Key": "idle_timeout.timeout_seconds", "Value": "120"},
			{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}]}},
		"Http": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
			"LoadBalancerArn": {"Ref": "Door"}, "Port": 80, "Protocol": "HTTP",
			"DefaultActions": [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]}},
		"Https": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
			"LoadBalancerArn": {"Ref": "Door"}, "Port": 443, "Protocol": "HTTPS", "Certificates": [{"CertificateArn": {"Ref": "Certificate"}}],
			"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {
				"StatusCode": "404", "ContentType": "application/json", "MessageBody": "{\"status\":404}"}}]}},
		"S3Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"ServiceName": "com.amazonaws.eu-central-1.s3"}},
		"S3Addresses": {"Type": "Custom::EndpointIPs", "Properties": {"VpcEndpointId": {"Ref": "S3Endpoint"}}},
		"S3Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
			"TargetType": "ip", "Protocol": "HTTPS", "Port": 443, "HealthCheckPath": "/",
			"Targets": [{"Id": {"Fn::GetAtt": ["S3Addresses", "IpAddress0"]}, "Port": 443}, {"Id": {"Fn::GetAtt": ["S3Addresses", "IpAddress1"]}, "Port": 443}]}},
		"Edge": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "edge"}},
		"EdgeTargets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
			"TargetType": "lambda", "Targets": [{"Id": {"Fn::GetAtt": ["Edge", "Arn"]}}],
			"TargetGroupAttributes": [{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}]}},
		"SingleTargets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
			"TargetType": "lambda", "Targets": [{"Id": {"Fn::GetAtt": ["Edge", "Arn"]}}]}},
		"Named": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Priority": 1000, "ListenerArn": {"Ref": "Https"},
			"Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["files.example.com"]}}, {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/named"]}}],
			"Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "named"}}]}}`
	for i, rule := range rules {
		resources += fmt.Sprintf(`, "Rule%d": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Https"}, %s}}`, i, rule)
	}
	return `{"Resources": {` + resources + `}}`
}

// rule is a listener rule that forwards to the target group what meets the
// conditions.
func forward(priority int, group string, conditions ...string) string {
	return fmt.Sprintf(`"Priority": %d, "Conditions": [%s], "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "%s"}}]`,
		priority, strings.Join(conditions, ","), group)
}

// fixed is a listener rule that answers with the body what meets the
// conditions.
func fixed(priority int, body string, conditions ...string) string {
	return fmt.Sprintf(`"Priority": %d, "Conditions": [%s], "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": %q}}]`,
		priority, strings.Join(conditions, ","), body)
}

func hosts(values string) string {
	return `{"Field": "host-header", "HostHeaderConfig": {"Values": [` + values + `]}}`
}

func paths(values string) string {
	return `{"Field": "path-pattern", "PathPatternConfig": {"Values": [` + values + `]}}`
}

// service is an AWS service that keeps the last request.
type service struct {
	last *http.Request
	body string
	h    func(w http.ResponseWriter, r *http.Request)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	s.last, s.body = r, string(body)
	if s.h != nil {
		s.h(w, r)
	}
}

// function is a Lambda function that keeps the last event.
type function struct {
	event   map[string]any
	payload string
	err     error
}

func (f *function) Invoke(_ context.Context, event []byte) ([]byte, error) {
	f.event = nil
	if err := json.Unmarshal(event, &f.event); err != nil {
		return nil, err
	}
	return []byte(f.payload), f.err
}

type world struct {
	door *Door
	s3   *service
	edge *function
}

func load(t testing.TB, template string) (world, error) {
	t.Helper()
	w := world{s3: &service{}, edge: &function{payload: `{"statusCode": 200}`}}
	var err error
	w.door, err = New(templatetest.Load(t, map[string]string{"app": template}), Targets{
		Services: map[string]http.Handler{"s3": w.s3},
		Function: func(arn string) (Invoker, error) {
			if arn != "arn:aws:lambda:eu-central-1:000000000000:function:edge" {
				return nil, fmt.Errorf("no function %s", arn)
			}
			return w.edge, nil
		},
	})
	return w, err
}

func mustLoad(t testing.TB, rules ...string) world {
	t.Helper()
	w, err := load(t, app(rules...))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// incoming is a client's request with the target in its request line.
func incoming(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.RequestURI, r.URL = target, nil
	r.Host = "files.example.com"
	r.RemoteAddr = "203.0.113.9:4711"
	return r
}

func (w world) do(r *http.Request) *http.Response {
	return w.doOn(httpsPort, r)
}

func (w world) doOn(port int, r *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	w.door.listeners[port].ServeHTTP(recorder, r)
	return recorder.Result()
}

func text(t testing.TB, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
