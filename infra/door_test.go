package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listenerRule is a rule of the load balancer in plain values.
type listenerRule struct {
	Priority       float64
	Host           string
	Paths, Methods []string
	Query, Target  string
	RewriteHost    string
}

func listenerRules(t *testing.T, made assembly) []listenerRule {
	t.Helper()
	var rules []listenerRule
	for _, r := range made.service.ofType("AWS::ElasticLoadBalancingV2::ListenerRule") {
		rule := listenerRule{
			Priority: r.get(t, "Priority").(float64),
			Target:   strings.Trim(made.render(r.get(t, "Actions", 0, "TargetGroupArn")), "${}"),
		}
		for _, item := range r.get(t, "Conditions").([]any) {
			condition := resource{Properties: item.(map[string]any)}
			switch condition.get(t, "Field") {
			case "host-header":
				rule.Host = strings.Join(made.renderAll(condition.get(t, "HostHeaderConfig", "Values")), " ")
			case "path-pattern":
				rule.Paths = made.renderAll(condition.get(t, "PathPatternConfig", "Values"))
			case "http-request-method":
				rule.Methods = made.renderAll(condition.get(t, "HttpRequestMethodConfig", "Values"))
			case "query-string":
				pair := condition.get(t, "QueryStringConfig", "Values", 0).(map[string]any)
				rule.Query = fmt.Sprintf("%s=%s", pair["Key"], pair["Value"])
			default:
				t.Errorf("a rule has a condition on %v", condition.get(t, "Field"))
			}
		}
		if r.get(t, "Transforms") != nil {
			rewrite := resource{Properties: r.get(t, "Transforms", 0, "HostHeaderRewriteConfig", "Rewrites", 0).(map[string]any)}
			rule.RewriteHost = rewrite.get(t, "Regex").(string) + " → " + made.render(rewrite.get(t, "Replace"))
		}
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b listenerRule) int { return int(a.Priority - b.Priority) })
	return rules
}

func TestRulesPinHostMethodPathAndSignature(t *testing.T) {
	presign := listenerRule{
		Priority: 10, Host: "onedoor.localhost", Paths: []string{"/presign/*"}, Methods: []string{"GET", "HEAD"}, Target: "ApiTargets",
	}
	links := listenerRule{
		Priority: 20, Host: "onedoor.localhost", Paths: []string{"/presign/links", "/presign/links/*"}, Methods: []string{"POST", "DELETE"}, Target: "ApiTargets",
	}
	once := listenerRule{
		Priority: 30, Host: "onedoor.localhost", Paths: []string{"/once/*"}, Methods: []string{"GET", "HEAD", "POST"}, Target: "EdgeTarget",
	}
	objects := listenerRule{
		Priority: 100, Host: "onedoor.localhost", Paths: []string{"/objects/*"}, Methods: []string{"GET", "HEAD"},
		Query: "X-Amz-Signature=*", Target: "S3Targets",
	}
	rewritten := objects
	rewritten.RewriteHost = "^.*$ → onedoor-local-objects.s3.${AWS::Region}.${AWS::URLSuffix}"
	for stage, want := range map[string][]listenerRule{
		domainStage: {presign, links, once, objects},
		bucketStage: {presign, links, once, rewritten},
	} {
		if diff := cmp.Diff(want, listenerRules(t, synthesized(t, stage))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stage, diff)
		}
	}
}

func TestEachServedPathHasARule(t *testing.T) {
	var paths []string
	for _, rule := range listenerRules(t, synthesized(t, fullStage)) {
		if rule.Target == "S3Targets" {
			paths = append(paths, rule.Paths...)
		}
	}
	if diff := cmp.Diff([]string{"/objects/reports/*", "/objects/public/*"}, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestNoTwoRulesTakeTheSameRequest(t *testing.T) {
	for stage := range assemblies {
		rules := listenerRules(t, synthesized(t, stage))
		for i, a := range rules {
			for _, b := range rules[:i] {
				if a.Priority == b.Priority || overlap(a.Paths, b.Paths) && slices.ContainsFunc(a.Methods, func(m string) bool { return slices.Contains(b.Methods, m) }) {
					t.Errorf("%s: rules %v and %v overlap", stage, a, b)
				}
			}
		}
	}
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(p string) bool {
		return slices.ContainsFunc(b, func(q string) bool { return glob(p, q) || glob(q, p) })
	})
}

func TestRulesKeepWithinTheLimitsOfTheLoadBalancer(t *testing.T) {
	const values, wildcards = 5, 5
	for stage := range assemblies {
		for _, r := range listenerRules(t, synthesized(t, stage)) {
			used := len(strings.Fields(r.Host)) + len(r.Paths) + len(r.Methods) + len(strings.Fields(r.Query))
			stars := strings.Count(r.Host+strings.Join(r.Paths, "")+r.Query, "*")
			if used > values || stars > wildcards {
				t.Errorf("%s: %v has %d values and %d wildcards; at most %d and %d fit", stage, r, used, stars, values, wildcards)
			}
		}
	}
}

func TestDoorSpeaksModernTLSAndAnswers404ByDefault(t *testing.T) {
	made := synthesized(t, domainStage)
	_, https := made.service.find(t, "AWS::ElasticLoadBalancingV2::Listener", "DoorHttps")
	if got := https.get(t, "SslPolicy"); got != "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09" {
		t.Errorf("TLS policy is %v", got)
	}
	action := https.get(t, "DefaultActions", 0, "FixedResponseConfig").(map[string]any)
	var problem struct {
		Type, Title string
		Status      int
	}
	if err := json.Unmarshal([]byte(action["MessageBody"].(string)), &problem); err != nil {
		t.Fatal(err)
	}
	if action["StatusCode"] != "404" || problem.Status != 404 || problem.Type == "" || problem.Title == "" {
		t.Errorf("default answer is %v", action)
	}
}

func TestPlainHTTPIsRedirected(t *testing.T) {
	_, http := synthesized(t, domainStage).service.find(t, "AWS::ElasticLoadBalancingV2::Listener", "DoorHttp1")
	want := map[string]any{"Protocol": "HTTPS", "Host": "onedoor.localhost", "Port": "443", "StatusCode": "HTTP_301"}
	if diff := cmp.Diff(any(want), http.get(t, "DefaultActions", 0, "RedirectConfig")); diff != "" || http.get(t, "Port") != 80.0 {
		t.Errorf("port %v redirects (-want +got):\n%s", http.get(t, "Port"), diff)
	}
}

func TestDoorIsInternalHardenedAndLogged(t *testing.T) {
	for stage, preserve := range map[string]any{domainStage: "true", bucketStage: nil} {
		made := synthesized(t, stage)
		logs, _ := made.service.find(t, "AWS::S3::Bucket", "LogBucket")
		_, balancer := made.service.find(t, "AWS::ElasticLoadBalancingV2::LoadBalancer", "Door")
		if got := balancer.get(t, "Scheme"); got != "internal" {
			t.Errorf("the load balancer is %v; want internal", got)
		}
		got := attributes(balancer.get(t, "LoadBalancerAttributes"))
		got["access_logs.s3.bucket"] = made.render(got["access_logs.s3.bucket"])
		want := map[string]any{
			"access_logs.s3.enabled":                          "true",
			"access_logs.s3.bucket":                           "${" + logs + "}",
			"access_logs.s3.prefix":                           "alb",
			"deletion_protection.enabled":                     "true",
			"idle_timeout.timeout_seconds":                    "300", // the accelerator's is 340
			"routing.http.desync_mitigation_mode":             "defensive",
			"routing.http.drop_invalid_header_fields.enabled": "true",
			"routing.http.xff_client_port.enabled":            "false",
			"routing.http.xff_header_processing.mode":         "append",
		}
		if preserve != nil {
			want["routing.http.preserve_host_header.enabled"] = preserve
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: attributes (-want +got):\n%s", stage, diff)
		}
		policy, _ := made.service.find(t, "AWS::S3::BucketPolicy", "LogBucketPolicy")
		if !slices.Contains(made.renderAll(balancer.DependsOn), policy) {
			t.Errorf("%s: the load balancer may come before the right to write its log", stage)
		}
	}
}

func TestProtectionFromDeletionIsASetting(t *testing.T) {
	_, balancer := synthesized(t, fullStage).service.find(t, "AWS::ElasticLoadBalancingV2::LoadBalancer", "Door")
	if got := attributes(balancer.get(t, "LoadBalancerAttributes"))["deletion_protection.enabled"]; got != "false" {
		t.Errorf("protection is %v with retain off; want false", got)
	}
}

func TestEveryEndpointAddressIsATargetOverTLS(t *testing.T) {
	for stage, zones := range map[string]int{domainStage: 2, fullStage: 3} {
		made := synthesized(t, stage)
		for name, endpoint := range map[string]string{"ApiTargets": "ApiEndpoint", "S3Targets": "S3Endpoint"} {
			_, group := made.service.find(t, "AWS::ElasticLoadBalancingV2::TargetGroup", name)
			finder, addresses := made.network.find(t, "Custom::EndpointIPs", endpoint)
			if got := len(addresses.get(t, "SubnetIds").([]any)); got != zones {
				t.Errorf("%s: addresses are asked for in %d subnets; want %d", stage, got, zones)
			}
			id, _ := made.network.find(t, "AWS::EC2::VPCEndpoint", endpoint)
			if got := made.render(addresses.get(t, "NetworkInterfaceIds")); got != "${"+id+".NetworkInterfaceIds}" {
				t.Errorf("%s: addresses are not asked for again when %s changes: %s", stage, got, id)
			}
			var got, want []string
			for i, item := range group.get(t, "Targets").([]any) {
				target := item.(map[string]any)
				got = append(got, fmt.Sprintf("%s:%v", made.render(target["Id"]), target["Port"]))
				want = append(want, fmt.Sprintf("${%s.IpAddress%d}:443", finder, i))
			}
			if diff := cmp.Diff(want, got); diff != "" || len(got) != zones {
				t.Errorf("%s: targets of %s, want %d (-want +got):\n%s", stage, name, zones, diff)
			}
			if group.get(t, "Protocol") != "HTTPS" || group.get(t, "TargetType") != "ip" {
				t.Errorf("%s: %s speaks %v to %v; want HTTPS to ip", stage, name, group.get(t, "Protocol"), group.get(t, "TargetType"))
			}
		}
	}
}

func TestHealthChecksAskWhatEndpointsAnswer(t *testing.T) {
	made := synthesized(t, domainStage)
	for name, want := range map[string]map[string]any{
		"ApiTargets": {"HealthCheckProtocol": "HTTPS", "HealthCheckPort": "443", "Matcher": "403"},
		"S3Targets":  {"HealthCheckProtocol": "HTTP", "HealthCheckPort": "80", "Matcher": "200,307,405"},
	} {
		_, group := made.service.find(t, "AWS::ElasticLoadBalancingV2::TargetGroup", name)
		got := map[string]any{
			"HealthCheckProtocol": group.get(t, "HealthCheckProtocol"), "HealthCheckPort": group.get(t, "HealthCheckPort"),
			"Matcher": group.get(t, "Matcher", "HttpCode"),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		after := group.get(t, "HealthCheckIntervalSeconds").(float64) * group.get(t, "UnhealthyThresholdCount").(float64)
		if after > 30 {
			t.Errorf("%s: a dead address is noticed after %v s; want at most 30", name, after)
		}
	}
}

func TestAcceleratorKeepsClientAddressesAndLogsFlows(t *testing.T) {
	made := synthesized(t, domainStage)
	logs, _ := made.service.find(t, "AWS::S3::Bucket", "LogBucket")
	door, _ := made.service.find(t, "AWS::ElasticLoadBalancingV2::LoadBalancer", "Door")
	_, accelerator := made.service.find(t, "AWS::GlobalAccelerator::Accelerator", "")
	_, listener := made.service.find(t, "AWS::GlobalAccelerator::Listener", "")
	_, group := made.service.find(t, "AWS::GlobalAccelerator::EndpointGroup", "")
	got := map[string]any{
		"flow logs": accelerator.get(t, "FlowLogsEnabled"),
		"to":        made.render(accelerator.get(t, "FlowLogsS3Bucket")),
		"under":     accelerator.get(t, "FlowLogsS3Prefix"),
		"ports":     listener.get(t, "PortRanges"),
		"endpoint":  made.render(group.get(t, "EndpointConfigurations", 0, "EndpointId")),
		"addresses": group.get(t, "EndpointConfigurations", 0, "ClientIPPreservationEnabled"),
	}
	want := map[string]any{
		"flow logs": true,
		"to":        "${" + logs + "}",
		"under":     "accelerator/",
		"ports":     []any{map[string]any{"FromPort": 443.0, "ToPort": 443.0}, map[string]any{"FromPort": 80.0, "ToPort": 80.0}},
		"endpoint":  "${" + door + "}",
		"addresses": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accelerator (-want +got):\n%s", diff)
	}
}

func TestDomainPointsAtTheAcceleratorWhereTheZoneIsOurs(t *testing.T) {
	made := synthesized(t, domainStage)
	accelerator, _ := made.service.find(t, "AWS::GlobalAccelerator::Accelerator", "")
	_, record := made.service.find(t, "AWS::Route53::RecordSet", "")
	got := []any{record.get(t, "Type"), record.get(t, "Name"), record.get(t, "HostedZoneId"), made.render(record.get(t, "AliasTarget", "DNSName"))}
	want := []any{"A", "onedoor.localhost.", "Z0000000ONEDOOR", "${" + accelerator + ".DnsName}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if found := synthesized(t, bucketStage).service.ofType("AWS::Route53::RecordSet"); len(found) != 0 {
		t.Errorf("%d records without a zone; want none", len(found))
	}
}

func TestCertificateIsTheGivenOneOrValidatedThroughTheZone(t *testing.T) {
	made := synthesized(t, domainStage)
	id, certificate := made.service.find(t, "AWS::CertificateManager::Certificate", "")
	if got := certificate.get(t, "DomainValidationOptions", 0, "HostedZoneId"); got != "Z0000000ONEDOOR" {
		t.Errorf("the certificate is validated through %v", got)
	}
	given := fullSettings["certificateArn"].(string)
	for stage, want := range map[string]string{domainStage: "${" + id + "}", fullStage: given} {
		made := synthesized(t, stage)
		_, listener := made.service.find(t, "AWS::ElasticLoadBalancingV2::Listener", "DoorHttps")
		_, domain := made.service.find(t, "AWS::ApiGateway::DomainNameV2", "")
		for name, value := range map[string]any{
			"load balancer": listener.get(t, "Certificates", 0, "CertificateArn"),
			"API domain":    domain.get(t, "CertificateArn"),
		} {
			if got := made.render(value); got != want {
				t.Errorf("%s: the %s has certificate %s; want %s", stage, name, got, want)
			}
		}
	}
	if found := synthesized(t, fullStage).service.ofType("AWS::CertificateManager::Certificate"); len(found) != 0 {
		t.Errorf("%d certificates are made though one is given", len(found))
	}
}

func TestOutputsSayWhatAnOperatorNeeds(t *testing.T) {
	for stage, want := range map[string]map[string]string{
		domainStage: {
			"Domain":          "onedoor.localhost",
			"Address1":        "${0 of ${Accelerator.Ipv4Addresses}}",
			"Address2":        "${1 of ${Accelerator.Ipv4Addresses}}",
			"AcceleratorName": "${Accelerator.DnsName}",
			"Upload":          "aws s3 cp hello.txt s3://onedoor.localhost/objects/hello.txt",
			"Download":        "curl -fL -o hello.txt https://onedoor.localhost/presign/objects/hello.txt",
		},
		fullStage: {
			"Domain":          "files.example.com",
			"Address1":        "${0 of ${Accelerator.Ipv4Addresses}}",
			"Address2":        "${1 of ${Accelerator.Ipv4Addresses}}",
			"AcceleratorName": "${Accelerator.DnsName}",
			"Upload":          "aws s3 cp hello.txt s3://example-files/objects/reports/hello.txt",
			"Download":        "curl -fL -o hello.txt https://files.example.com/presign/objects/reports/hello.txt",
		},
	} {
		made := synthesized(t, stage)
		bucket, _ := made.service.find(t, "AWS::S3::Bucket", "ObjectBucket")
		want["Bucket"] = "${" + bucket + "}"
		got := map[string]string{}
		for name, output := range made.service.Outputs {
			got[name] = made.render(output["Value"])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stage, diff)
		}
	}
}
