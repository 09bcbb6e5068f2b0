package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// objectPolicy is the policy of the object bucket, with the ids that it speaks
// of.
func objectPolicy(t *testing.T, made assembly) (document any, bucket, endpoint string) {
	t.Helper()
	bucketID, _ := made.service.find(t, "AWS::S3::Bucket", "ObjectBucket")
	endpointID, _ := made.network.find(t, "AWS::EC2::VPCEndpoint", "S3Endpoint")
	_, policy := made.service.find(t, "AWS::S3::BucketPolicy", "ObjectBucketPolicy")
	return policy.get(t, "PolicyDocument"), "${" + bucketID + ".Arn}", "${" + endpointID + "}"
}

func TestBucketRefusesRequestsOutsideTheEndpoint(t *testing.T) {
	made := synthesized(t, domainStage)
	document, bucket, endpoint := objectPolicy(t, made)
	tls := map[string]string{"aws:SecureTransport": "true"}
	tests := []struct {
		name string
		keys map[string]string
		want decision
	}{
		{"presigned, through our endpoint", plus(tls, "s3:authType", "REST-QUERY-STRING", "aws:SourceVpce", endpoint, "s3:signatureAge", "1000"), silent},
		{"presigned, from the internet", plus(tls, "s3:authType", "REST-QUERY-STRING", "s3:signatureAge", "1000"), denied},
		{"presigned, through another endpoint", plus(tls, "s3:authType", "REST-QUERY-STRING", "aws:SourceVpce", "vpce-other", "s3:signatureAge", "1000"), denied},
		{"form post, from the internet", plus(tls, "s3:authType", "POST"), denied},
		{"anonymous, from the internet", tls, denied},
		{"anonymous, through another endpoint", plus(tls, "aws:SourceVpce", "vpce-other"), denied},
		{"an administrator's, signed in the header", plus(tls, "s3:authType", "REST-HEADER"), silent},
		{"an administrator's, without TLS", map[string]string{"aws:SecureTransport": "false", "s3:authType": "REST-HEADER"}, denied},
	}
	for _, test := range tests {
		for _, action := range []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"} {
			request := access{action: action, resource: bucket + "/objects/report.pdf", principal: "anybody", keys: test.keys}
			if got := made.decide(t, document, request); got != test.want {
				t.Errorf("%s, %s: %s; want %s", test.name, action, got, test.want)
			}
		}
	}
}

func TestBucketRefusesSignaturesOlderThanTheLongestLife(t *testing.T) {
	for stage, ceiling := range map[string]string{domainStage: "3600000", fullStage: "600000"} {
		made := synthesized(t, stage)
		document, bucket, endpoint := objectPolicy(t, made)
		for age, want := range map[string]decision{"0": silent, ceiling: silent, ceiling + "1": denied} {
			request := access{action: "s3:GetObject", resource: bucket + "/objects/a", principal: "anybody", keys: map[string]string{
				"aws:SecureTransport": "true", "s3:authType": "REST-QUERY-STRING", "aws:SourceVpce": endpoint, "s3:signatureAge": age,
			}}
			if got := made.decide(t, document, request); got != want {
				t.Errorf("%s: a signature %s ms old is %s; want %s", stage, age, got, want)
			}
		}
	}
}

func TestBucketPoliciesAllowNobodyButLogDelivery(t *testing.T) {
	for stage := range assemblies {
		for id, policy := range synthesized(t, stage).service.ofType("AWS::S3::BucketPolicy") {
			for _, item := range policy.get(t, "PolicyDocument", "Statement").([]any) {
				statement := item.(map[string]any)
				principal, _ := statement["Principal"].(map[string]any)
				if statement["Effect"] != "Deny" && principal["Service"] == nil {
					t.Errorf("%s: %s allows %v", stage, id, statement["Principal"])
				}
			}
		}
	}
}

func TestBucketsRefuseRequestsWithoutTLS(t *testing.T) {
	made := synthesized(t, domainStage)
	for id, policy := range made.service.ofType("AWS::S3::BucketPolicy") {
		bucket := "${" + policy.get(t, "Bucket", "Ref").(string) + ".Arn}"
		for _, resource := range []string{bucket, bucket + "/alb/x"} {
			request := access{action: "s3:GetObject", resource: resource, principal: "anybody", keys: map[string]string{
				"aws:SecureTransport": "false", "s3:authType": "REST-HEADER",
			}}
			if got := made.decide(t, policy.get(t, "PolicyDocument"), request); got != denied {
				t.Errorf("%s: %s without TLS is %s; want denied", id, resource, got)
			}
		}
	}
}

func TestLogBucketTakesLogsOfThisAccountOnly(t *testing.T) {
	made := synthesized(t, domainStage)
	logs, _ := made.service.find(t, "AWS::S3::Bucket", "LogBucket")
	objects, _ := made.service.find(t, "AWS::S3::Bucket", "ObjectBucket")
	_, policy := made.service.find(t, "AWS::S3::BucketPolicy", "LogBucketPolicy")
	const account = "${AWS::AccountId}"
	tls := map[string]string{"aws:SecureTransport": "true"}
	tests := []struct {
		name, service, key string
		keys               map[string]string
		want               decision
	}{
		{"load balancer", "logdelivery.elasticloadbalancing.amazonaws.com", "/alb/AWSLogs/" + account + "/elasticloadbalancing/x", tls, allowed},
		{"another account's load balancer", "logdelivery.elasticloadbalancing.amazonaws.com", "/alb/AWSLogs/999999999999/x", tls, silent},
		{"accelerator", "delivery.logs.amazonaws.com", "/accelerator/AWSLogs/" + account + "/globalaccelerator/x",
			plus(tls, "s3:x-amz-acl", "bucket-owner-full-control", "aws:SourceAccount", account), allowed},
		{"accelerator, slash added", "delivery.logs.amazonaws.com", "/accelerator//AWSLogs/" + account + "/globalaccelerator/x",
			plus(tls, "s3:x-amz-acl", "bucket-owner-full-control", "aws:SourceAccount", account), allowed},
		{"another account's accelerator under our path", "delivery.logs.amazonaws.com", "/accelerator/AWSLogs/" + account + "/globalaccelerator/x",
			plus(tls, "s3:x-amz-acl", "bucket-owner-full-control", "aws:SourceAccount", "999999999999"), silent},
		{"another account's accelerator with our path as its prefix", "delivery.logs.amazonaws.com", "/accelerator/x/AWSLogs/" + account + "/AWSLogs/999999999999/x",
			plus(tls, "s3:x-amz-acl", "bucket-owner-full-control", "aws:SourceAccount", account), silent},
		{"another account's accelerator", "delivery.logs.amazonaws.com", "/accelerator/AWSLogs/999999999999/x",
			plus(tls, "s3:x-amz-acl", "bucket-owner-full-control"), silent},
		{"object bucket", "logging.s3.amazonaws.com", "/s3/2026-01-01",
			plus(tls, "aws:SourceAccount", account, "aws:SourceArn", "${"+objects+".Arn}"), allowed},
		{"another bucket", "logging.s3.amazonaws.com", "/s3/2026-01-01",
			plus(tls, "aws:SourceAccount", "999999999999", "aws:SourceArn", "arn:aws:s3:::other"), silent},
	}
	for _, test := range tests {
		request := access{action: "s3:PutObject", resource: "${" + logs + ".Arn}" + test.key, principal: test.service, keys: test.keys}
		if got := made.decide(t, policy.get(t, "PolicyDocument"), request); got != test.want {
			t.Errorf("%s writes %s: %s; want %s", test.name, test.key, got, test.want)
		}
	}
}

func TestBucketsAreEncryptedPrivateAndWithoutACLs(t *testing.T) {
	made := synthesized(t, domainStage)
	buckets := made.service.ofType("AWS::S3::Bucket")
	if len(buckets) != 2 {
		t.Fatalf("%d buckets; want 2", len(buckets))
	}
	private := map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}
	for id, bucket := range buckets {
		rule := bucket.get(t, "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault")
		if diff := cmp.Diff(any(map[string]any{"SSEAlgorithm": "AES256"}), rule); diff != "" {
			t.Errorf("%s, encryption (-want +got):\n%s", id, diff)
		}
		if diff := cmp.Diff(any(private), bucket.get(t, "PublicAccessBlockConfiguration")); diff != "" {
			t.Errorf("%s, public access (-want +got):\n%s", id, diff)
		}
		if got := bucket.get(t, "OwnershipControls", "Rules", 0, "ObjectOwnership"); got != "BucketOwnerEnforced" {
			t.Errorf("%s: ownership is %v; want BucketOwnerEnforced", id, got)
		}
	}
}

func TestObjectsAreVersionedAndTheirAccessLogged(t *testing.T) {
	made := synthesized(t, domainStage)
	logs, _ := made.service.find(t, "AWS::S3::Bucket", "LogBucket")
	_, bucket := made.service.find(t, "AWS::S3::Bucket", "ObjectBucket")
	if got := bucket.get(t, "VersioningConfiguration", "Status"); got != "Enabled" {
		t.Errorf("versioning is %v; want Enabled", got)
	}
	if got := made.render(bucket.get(t, "LoggingConfiguration", "DestinationBucketName")); got != "${"+logs+"}" {
		t.Errorf("access is logged to %s; want %s", got, logs)
	}
}

func TestBucketIsNamedAfterTheDomainUnlessSet(t *testing.T) {
	for stage, want := range map[string]string{domainStage: "onedoor.localhost", bucketStage: "onedoor-local-objects"} {
		_, bucket := synthesized(t, stage).service.find(t, "AWS::S3::Bucket", "ObjectBucket")
		if got := bucket.get(t, "BucketName"); got != want {
			t.Errorf("%s: the bucket's name is %v; want %s", stage, got, want)
		}
	}
}

func TestLogsAreForgotten(t *testing.T) {
	for stage, days := range map[string]float64{domainStage: 90, fullStage: 365} {
		made := synthesized(t, stage)
		_, bucket := made.service.find(t, "AWS::S3::Bucket", "LogBucket")
		if got := bucket.get(t, "LifecycleConfiguration", "Rules", 0, "ExpirationInDays"); got != days {
			t.Errorf("%s: the log bucket keeps %v days; want %v", stage, got, days)
		}
		for _, tmpl := range []template{made.network, made.service} {
			for id, group := range tmpl.ofType("AWS::Logs::LogGroup") {
				if got := group.get(t, "RetentionInDays"); got != days {
					t.Errorf("%s: %s keeps %v days; want %v", stage, id, got, days)
				}
			}
		}
	}
}

func TestWhatCannotBeMadeAgainOutlivesTheStack(t *testing.T) {
	for stage, want := range map[string]string{domainStage: "Retain", fullStage: "Delete"} {
		service := synthesized(t, stage).service
		for _, kind := range []string{"AWS::S3::Bucket", "AWS::GlobalAccelerator::Accelerator", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"} {
			for id, r := range service.ofType(kind) {
				if r.DeletionPolicy != want {
					t.Errorf("%s: deleting the stack would %q %s; want %q", stage, r.DeletionPolicy, id, want)
				}
			}
		}
	}
}
