package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/contract"
)

func TestTableKeepsLinksForAsLongAsTheirRecordIsWanted(t *testing.T) {
	for stage, protected := range map[string]bool{domainStage: true, fullStage: false} {
		_, table := synthesized(t, stage).service.find(t, "AWS::DynamoDB::Table", "")
		want := map[string]any{
			"KeySchema":                        []any{map[string]any{"AttributeName": contract.TablePartitionKey, "KeyType": "HASH"}},
			"AttributeDefinitions":             []any{map[string]any{"AttributeName": contract.TablePartitionKey, "AttributeType": "S"}},
			"BillingMode":                      "PAY_PER_REQUEST",
			"TimeToLiveSpecification":          map[string]any{"AttributeName": contract.TableTTL, "Enabled": true},
			"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true},
			"SSESpecification":                 map[string]any{"SSEEnabled": true},
			"DeletionProtectionEnabled":        protected,
		}
		if diff := cmp.Diff(want, table.Properties); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stage, diff)
		}
	}
}

func TestOnlyLinksAndEdgeTouchTheTable(t *testing.T) {
	made := synthesized(t, domainStage)
	id, _ := made.service.find(t, "AWS::DynamoDB::Table", "")
	table := "${" + id + ".Arn}"
	got := map[string][]string{}
	for roleID, role := range made.service.ofType("AWS::IAM::Role") {
		for resource, actions := range rights(t, made, role) {
			if strings.Contains(resource, id) {
				name, _, _ := strings.Cut(roleID, "Role")
				got[name+" "+resource] = actions
			}
		}
	}
	want := map[string][]string{
		"Links " + table: {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
		"Edge " + table:  {"dynamodb:GetItem", "dynamodb:UpdateItem"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights on the table (-want +got):\n%s", diff)
	}
	for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} {
		if found := made.service.ofType(kind); len(found) != 0 {
			t.Errorf("%d resources of type %s grant rights besides the roles", len(found), kind)
		}
	}
}

func TestLinksTouchesNoObjectAndEdgeOnlyReadsThem(t *testing.T) {
	made := synthesized(t, domainStage)
	bucket, _ := made.service.find(t, "AWS::S3::Bucket", "ObjectBucket")
	for name, want := range map[string][]string{"Links": nil, "Edge": {"s3:GetObject"}} {
		_, role := made.service.find(t, "AWS::IAM::Role", name+"Role")
		if diff := cmp.Diff(want, rights(t, made, role)["${"+bucket+".Arn}/objects/*"]); diff != "" {
			t.Errorf("%s: rights on objects (-want +got):\n%s", name, diff)
		}
	}
}

func TestEdgeGetsWhatRepeatsAndIsBoundAsSet(t *testing.T) {
	for stage, bound := range map[string]string{domainStage: "false", fullStage: "true"} {
		made := synthesized(t, stage)
		_, group := made.service.find(t, "AWS::ElasticLoadBalancingV2::TargetGroup", "EdgeTarget")
		attribute := map[string]any{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}
		if diff := cmp.Diff([]any{attribute}, group.get(t, "TargetGroupAttributes")); diff != "" || group.get(t, "TargetType") != "lambda" {
			t.Errorf("%s: target group of type %v (-want +got):\n%s", stage, group.get(t, "TargetType"), diff)
		}
		_, edge := made.service.find(t, "AWS::Lambda::Function", "Edge")
		if got := edge.get(t, "Environment", "Variables", contract.EnvBindAddress); got != bound {
			t.Errorf("%s: %s is %v; want %s", stage, contract.EnvBindAddress, got, bound)
		}
	}
}

func TestLinksLiveAndAreRememberedAsSet(t *testing.T) {
	for stage, want := range map[string][]any{domainStage: {"86400", "604800", "7776000", "3600"}, fullStage: {"600", "1200", "31536000", "600"}} {
		_, links := synthesized(t, stage).service.find(t, "AWS::Lambda::Function", "Links")
		var got []any
		for _, name := range []string{contract.EnvLinkTTLDefault, contract.EnvLinkTTLMax, contract.EnvLinkRetention, contract.EnvTTLMax} {
			got = append(got, links.get(t, "Environment", "Variables", name))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: environment of links (-want +got):\n%s", stage, diff)
		}
	}
}
