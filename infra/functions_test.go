package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/contract"
)

// ourFunctions are the functions built from lambdas; CDK adds one of its own for
// the default security group.
func ourFunctions(t *testing.T, made assembly) map[string]resource {
	t.Helper()
	found := map[string]resource{}
	for _, tmpl := range []template{made.network, made.service} {
		for id, r := range tmpl.ofType("AWS::Lambda::Function") {
			if _, isOurs := r.Metadata[packageMetadata]; isOurs {
				found[id] = r
			}
		}
	}
	if len(found) != len(lambdaPackages) {
		t.Fatalf("%d functions name a package; want %d", len(found), len(lambdaPackages))
	}
	return found
}

// rights are the actions that a role allows, by resource.
func rights(t *testing.T, made assembly, role resource) map[string][]string {
	t.Helper()
	if managed := role.get(t, "ManagedPolicyArns"); managed != nil {
		t.Errorf("the role has managed policies: %v", managed)
	}
	found := map[string][]string{}
	for _, policy := range role.get(t, "Policies").([]any) {
		document := policy.(map[string]any)["PolicyDocument"].(map[string]any)
		for _, item := range document["Statement"].([]any) {
			statement := item.(map[string]any)
			for _, resource := range made.renderAll(statement["Resource"]) {
				found[resource] = append(found[resource], made.renderAll(statement["Action"])...)
			}
		}
	}
	return found
}

var logRights = []string{"logs:CreateLogStream", "logs:PutLogEvents"}

func TestPresignMayOnlyReadServedObjects(t *testing.T) {
	read := []string{"s3:GetObject", "s3:GetObjectVersion"}
	for stage, paths := range map[string][]string{
		domainStage: {"/objects/*"},
		fullStage:   {"/objects/reports/*", "/objects/public/*"},
	} {
		made := synthesized(t, stage)
		bucket, _ := made.service.find(t, "AWS::S3::Bucket", "ObjectBucket")
		logs, _ := made.service.find(t, "AWS::Logs::LogGroup", "Presign")
		_, role := made.service.find(t, "AWS::IAM::Role", "PresignRole")
		want := map[string][]string{"${" + logs + ".Arn}": logRights}
		for _, path := range paths {
			want["${"+bucket+".Arn}"+path] = read
		}
		if diff := cmp.Diff(want, rights(t, made, role)); diff != "" {
			t.Errorf("%s: rights of presign (-want +got):\n%s", stage, diff)
		}
	}
}

func TestPresignsSessionIsGoodForNothingOutsideTheEndpoint(t *testing.T) {
	made := synthesized(t, domainStage)
	endpoint, _ := made.network.find(t, "AWS::EC2::VPCEndpoint", "S3Endpoint")
	bucket, _ := made.service.find(t, "AWS::S3::Bucket", "ObjectBucket")
	_, role := made.service.find(t, "AWS::IAM::Role", "PresignRole")
	for from, want := range map[string]decision{"${" + endpoint + "}": allowed, "vpce-other": silent, "": silent} {
		request := access{action: "s3:GetObject", resource: "${" + bucket + ".Arn}/objects/a", keys: map[string]string{}}
		if from != "" {
			request.keys["aws:SourceVpce"] = from
		}
		if got := made.decide(t, role.get(t, "Policies", 0, "PolicyDocument"), request); got != want {
			t.Errorf("a read through endpoint %q is %s; want %s", from, got, want)
		}
	}
}

func TestAddressFinderMayOnlyDescribeInterfaces(t *testing.T) {
	made := synthesized(t, domainStage)
	logs, _ := made.network.find(t, "AWS::Logs::LogGroup", "EndpointAddresses")
	_, role := made.network.find(t, "AWS::IAM::Role", "EndpointAddressesRole")
	want := map[string][]string{
		"*":                   {"ec2:DescribeNetworkInterfaces"},
		"${" + logs + ".Arn}": logRights,
	}
	if diff := cmp.Diff(want, rights(t, made, role)); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
}

func TestEachFunctionHasARoleAndALogOfItsOwn(t *testing.T) {
	made := synthesized(t, domainStage)
	roles, logs := map[string]bool{}, map[string]bool{}
	functions := ourFunctions(t, made)
	for _, function := range functions {
		roles[made.render(function.get(t, "Role"))] = true
		logs[made.render(function.get(t, "LoggingConfig", "LogGroup"))] = true
	}
	if len(roles) != len(functions) || len(logs) != len(functions) {
		t.Errorf("%d functions share %d roles and %d log groups", len(functions), len(roles), len(logs))
	}
}

func TestFunctionsRunAsBuilt(t *testing.T) {
	for id, function := range ourFunctions(t, synthesized(t, domainStage)) {
		want := map[string]any{
			"Architectures": []any{"arm64"}, "Runtime": "provided.al2023", "Handler": "bootstrap", "LogFormat": "JSON",
		}
		got := map[string]any{
			"Architectures": function.get(t, "Architectures"), "Runtime": function.get(t, "Runtime"),
			"Handler": function.get(t, "Handler"), "LogFormat": function.get(t, "LoggingConfig", "LogFormat"),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
		path := filepath.Join("..", function.Metadata[packageMetadata].(string), "main.go")
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s names a package that isn't there: %v", id, err)
		}
	}
}

func TestPresignKnowsTheHostThatS3Receives(t *testing.T) {
	for stage, want := range map[string]map[string]string{
		domainStage: {
			contract.EnvDomain: "onedoor.localhost", contract.EnvS3Host: "onedoor.localhost",
			contract.EnvRedirectStatus: "301", contract.EnvTTLDefault: "900", contract.EnvTTLMax: "3600",
		},
		bucketStage: {
			contract.EnvDomain: "onedoor.localhost", contract.EnvS3Host: "onedoor-local-objects.s3.${AWS::Region}.${AWS::URLSuffix}",
			contract.EnvRedirectStatus: "301", contract.EnvTTLDefault: "900", contract.EnvTTLMax: "3600",
		},
		fullStage: {
			contract.EnvDomain: "files.example.com", contract.EnvS3Host: "example-files.s3.${AWS::Region}.${AWS::URLSuffix}",
			contract.EnvRedirectStatus: "307", contract.EnvTTLDefault: "60", contract.EnvTTLMax: "600",
		},
	} {
		made := synthesized(t, stage)
		_, presign := made.service.find(t, "AWS::Lambda::Function", "Presign")
		got := map[string]string{}
		for name, value := range presign.get(t, "Environment", "Variables").(map[string]any) {
			got[name] = made.render(value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stage, diff)
		}
	}
}
