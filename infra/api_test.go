package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPIIsPrivateAndHasNoNameButTheDomain(t *testing.T) {
	made := synthesized(t, domainStage)
	endpoint, _ := made.network.find(t, "AWS::EC2::VPCEndpoint", "ApiEndpoint")
	_, rest := made.service.find(t, "AWS::ApiGateway::RestApi", "")
	got := []any{
		rest.get(t, "EndpointConfiguration", "Types"),
		made.renderAll(rest.get(t, "EndpointConfiguration", "VpcEndpointIds")),
		rest.get(t, "DisableExecuteApiEndpoint"),
	}
	want := []any{[]any{"PRIVATE"}, []string{"${" + endpoint + "}"}, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("API (-want +got):\n%s", diff)
	}
}

func TestAPITakesOurRoutesThroughOurEndpointOnly(t *testing.T) {
	made := synthesized(t, domainStage)
	id, _ := made.network.find(t, "AWS::EC2::VPCEndpoint", "ApiEndpoint")
	_, rest := made.service.find(t, "AWS::ApiGateway::RestApi", "")
	_, domain := made.service.find(t, "AWS::ApiGateway::DomainNameV2", "")
	through := func(endpoint string) map[string]string { return map[string]string{"aws:SourceVpce": endpoint} }
	const route = "execute-api:/local/GET/presign/objects/a"
	tests := []struct {
		name     string
		policy   any
		resource string
		keys     map[string]string
		want     decision
	}{
		{"route", rest.get(t, "Policy"), route, through("${" + id + "}"), allowed},
		{"route, HEAD", rest.get(t, "Policy"), "execute-api:/local/HEAD/presign/objects/a", through("${" + id + "}"), allowed},
		{"route, through another endpoint", rest.get(t, "Policy"), route, through("vpce-other"), silent},
		{"route, from nowhere", rest.get(t, "Policy"), route, nil, silent},
		{"another method", rest.get(t, "Policy"), "execute-api:/local/POST/presign/objects/a", through("${" + id + "}"), silent},
		{"another path", rest.get(t, "Policy"), "execute-api:/local/GET/other", through("${" + id + "}"), silent},
		{"creation of a link", rest.get(t, "Policy"), "execute-api:/local/POST/presign/links", through("${" + id + "}"), allowed},
		{"revocation of a link", rest.get(t, "Policy"), "execute-api:/local/DELETE/presign/links/abc", through("${" + id + "}"), allowed},
		{"change of a link", rest.get(t, "Policy"), "execute-api:/local/PUT/presign/links/abc", through("${" + id + "}"), silent},
		{"domain", domain.get(t, "Policy"), "execute-api:/a", through("${" + id + "}"), allowed},
		{"domain, through another endpoint", domain.get(t, "Policy"), "execute-api:/a", through("vpce-other"), silent},
	}
	for _, test := range tests {
		request := access{action: "execute-api:Invoke", resource: test.resource, principal: "anybody", keys: test.keys}
		if got := made.decide(t, test.policy, request); got != test.want {
			t.Errorf("%s: %s; want %s", test.name, got, test.want)
		}
	}
}

func TestAPIServesTheContract(t *testing.T) {
	document, err := loadContract(lambdaPackages)
	if err != nil {
		t.Fatal(err)
	}
	made := synthesized(t, domainStage)
	_, rest := made.service.find(t, "AWS::ApiGateway::RestApi", "")
	ids := map[string]string{}
	for _, name := range []string{"Presign", "Links"} {
		ids[strings.ToLower(name)], _ = made.service.find(t, "AWS::Lambda::Function", name)
	}
	want := map[string]string{}
	for _, r := range document.apiRoutes() {
		greedy := strings.ReplaceAll(r.path, "{key}", "{key+}")
		want[r.method+" "+greedy] = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + ids[r.function] + ".Arn}/invocations"
	}
	got := map[string]string{}
	for path, operations := range rest.get(t, "Body", "paths").(map[string]any) {
		for method, operation := range operations.(map[string]any) {
			call := operation.(map[string]any)["x-amazon-apigateway-integration"].(map[string]any)
			if call["type"] != "aws_proxy" || call["httpMethod"] != "POST" {
				t.Errorf("%s %s is integrated as %v", method, path, call)
			}
			got[strings.ToUpper(method)+" "+path] = made.render(call["uri"])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 5 {
		t.Errorf("%d routes (-want +got):\n%s", len(got), diff)
	}
}

func TestOnlyTheContractsRoutesInvokeFunctions(t *testing.T) {
	made := synthesized(t, domainStage)
	rest, _ := made.service.find(t, "AWS::ApiGateway::RestApi", "")
	var got []string
	for _, permission := range made.service.ofType("AWS::Lambda::Permission") {
		got = append(got, fmt.Sprint(permission.get(t, "Principal"), " ", made.render(permission.get(t, "SourceArn"))))
	}
	slices.Sort(got)
	const prefix = "apigateway.amazonaws.com arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${"
	want := []string{
		prefix + rest + "}/local/DELETE/presign/links/*",
		prefix + rest + "}/local/GET/presign/*",
		prefix + rest + "}/local/GET/presign/links/*",
		prefix + rest + "}/local/HEAD/presign/*",
		prefix + rest + "}/local/POST/presign/links",
		"elasticloadbalancing.amazonaws.com arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:targetgroup/*",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
}

func TestAccessLogHoldsTheKeyAndNeverTheQuery(t *testing.T) {
	_, stage := synthesized(t, domainStage).service.find(t, "AWS::ApiGateway::Stage", "")
	var line map[string]string
	if err := json.Unmarshal([]byte(stage.get(t, "AccessLogSetting", "Format").(string)), &line); err != nil {
		t.Fatalf("the access log is no JSON: %v", err)
	}
	if line["path"] != "$context.path" {
		t.Errorf("path is %q; want $context.path, which holds the key", line["path"])
	}
	for name, value := range line {
		for _, secret := range []string{"query", "header", "authorizer", "requestOverride", "input", "$stageVariables"} {
			if strings.Contains(strings.ToLower(value), secret) {
				t.Errorf("%s is %q, which may hold a secret", name, value)
			}
		}
	}
	settings := stage.get(t, "MethodSettings", 0).(map[string]any)
	if settings["LoggingLevel"] != "OFF" || settings["DataTraceEnabled"] != false {
		t.Errorf("execution logs are %v, data trace is %v; both hold query strings", settings["LoggingLevel"], settings["DataTraceEnabled"])
	}
}

func TestStageIsThrottled(t *testing.T) {
	for stage, want := range map[string][]any{domainStage: {100.0, 200.0}, fullStage: {10.0, 20.0}} {
		_, r := synthesized(t, stage).service.find(t, "AWS::ApiGateway::Stage", "")
		got := []any{r.get(t, "MethodSettings", 0, "ThrottlingRateLimit"), r.get(t, "MethodSettings", 0, "ThrottlingBurstLimit")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: rate and burst (-want +got):\n%s", stage, diff)
		}
	}
}

func TestDeploymentFollowsTheAPI(t *testing.T) {
	deployment := func(stage string) string {
		made := synthesized(t, stage)
		id, _ := made.service.find(t, "AWS::ApiGateway::Deployment", "ApiDeployment")
		_, r := made.service.find(t, "AWS::ApiGateway::Stage", "")
		if got := made.render(r.get(t, "DeploymentId")); got != "${"+id+"}" {
			t.Errorf("%s: the stage shows %s; want %s", stage, got, id)
		}
		return id
	}
	// Their policies name other stages, so the snapshots differ.
	if a, b := deployment(domainStage), deployment(bucketStage); a == b {
		t.Errorf("two different APIs have one deployment, %s", a)
	}
}

func TestPrivateDomainIsMappedAtItsRoot(t *testing.T) {
	made := synthesized(t, domainStage)
	id, domain := made.service.find(t, "AWS::ApiGateway::DomainNameV2", "")
	endpoint, _ := made.network.find(t, "AWS::EC2::VPCEndpoint", "ApiEndpoint")
	_, mapping := made.service.find(t, "AWS::ApiGateway::BasePathMappingV2", "")
	_, association := made.service.find(t, "AWS::ApiGateway::DomainNameAccessAssociation", "")
	got := map[string]any{
		"name":     domain.get(t, "DomainName"),
		"types":    domain.get(t, "EndpointConfiguration", "Types"),
		"maps":     made.render(mapping.get(t, "DomainNameArn")),
		"path":     mapping.get(t, "BasePath"),
		"stage":    mapping.get(t, "Stage"),
		"reached":  made.render(association.get(t, "DomainNameArn")),
		"endpoint": made.render(association.get(t, "AccessAssociationSource")),
	}
	want := map[string]any{
		"name": "onedoor.localhost", "types": []any{"PRIVATE"}, "maps": "${" + id + ".DomainNameArn}", "path": nil, "stage": "local",
		"reached": "${" + id + ".DomainNameArn}", "endpoint": "${" + endpoint + "}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("private domain (-want +got):\n%s", diff)
	}
}

func TestAnswersOfAPIGatewayItselfAreProblems(t *testing.T) {
	_, rest := synthesized(t, domainStage).service.find(t, "AWS::ApiGateway::RestApi", "")
	answers := rest.get(t, "Body", gatewayResponses).(map[string]any)
	for _, name := range []string{"DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN", "THROTTLED"} {
		if answers[name] == nil {
			t.Errorf("there is no answer for %s", name)
		}
	}
	for name, value := range answers {
		answer := resource{Properties: value.(map[string]any)}
		text := answer.get(t, "responseTemplates", "application/json").(string)
		// API Gateway puts a quoted text in place of this.
		text = strings.ReplaceAll(text, "$context.error.messageString", `"Forbidden"`)
		var problem struct {
			Type, Title, Detail, RequestID string
			Status                         float64
		}
		if err := json.Unmarshal([]byte(text), &problem); err != nil {
			t.Errorf("%s: %v in %s", name, err, text)
		}
		if problem.Type == "" || problem.Title == "" || problem.Detail == "" || problem.RequestID != "$context.requestId" {
			t.Errorf("%s is no problem that can be reported: %+v", name, problem)
		}
		if status := answer.get(t, "statusCode"); status != nil && status != problem.Status {
			t.Errorf("%s: status is %v, the problem says %v", name, status, problem.Status)
		}
		header := answer.get(t, "responseParameters").(map[string]any)
		for field, want := range map[string]string{
			"Content-Type": "'application/problem+json'", "Cache-Control": "'no-store'",
			"Referrer-Policy": "'no-referrer'", "X-Content-Type-Options": "'nosniff'",
		} {
			if got := header["gatewayresponse.header."+field]; got != want {
				t.Errorf("%s: %s is %v; want %s", name, field, got, want)
			}
		}
	}
}

func TestAPIGatewaysLogRoleIsASetting(t *testing.T) {
	if found := synthesized(t, domainStage).service.ofType("AWS::ApiGateway::Account"); len(found) != 0 {
		t.Errorf("the account's role is set without being asked to")
	}
	made := synthesized(t, fullStage)
	id, account := made.service.find(t, "AWS::ApiGateway::Account", "")
	_, stage := made.service.find(t, "AWS::ApiGateway::Stage", "")
	if !slices.Contains(made.renderAll(stage.DependsOn), id) || account.DeletionPolicy != "Retain" {
		t.Errorf("stage depends on %v, account would %s; want %s and Retain", stage.DependsOn, account.DeletionPolicy, id)
	}
}

func TestContractIsServedByKnownFunctionsOnly(t *testing.T) {
	_, err := loadContract([]string{"links", "edge"})
	if err == nil || !strings.Contains(err.Error(), `"presign"`) {
		t.Errorf("loadContract without presign: %v; want an error that names it", err)
	}
}
