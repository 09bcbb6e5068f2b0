package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// What writes to the log bucket, by prefix.
const (
	objectLogPrefix      = "s3/"
	doorLogPrefix        = "alb"
	acceleratorLogPrefix = "accelerator/"
)

// daysForUploads is how long the parts of an abandoned upload are kept.
const daysForUploads = 7

// storage is the object bucket and the bucket of logs.
type storage struct {
	objects, logs awss3.Bucket
	// host is what S3 must receive as Host, and what is therefore signed.
	host *string
	// rewritesHost says that host isn't the domain.
	rewritesHost bool
}

func newStorage(stack awscdk.Stack, s settings, net network) storage {
	logs := newLogBucket(stack, s)
	store := storage{objects: newObjectBucket(stack, s, net, logs), logs: logs, host: jsii.String(s.domain)}
	if s.bucketName != s.domain {
		store.rewritesHost = true
		store.host = join(s.bucketName+".s3.", awscdk.Aws_REGION(), ".", awscdk.Aws_URL_SUFFIX())
	}
	return store
}

// newObjectBucket makes the bucket of the served objects. S3 encrypts it with
// keys of its own (SSE-S3): a key in KMS would have to be granted to every
// signer, and so would guard against nobody who can sign.
func newObjectBucket(stack awscdk.Stack, s settings, net network, logs awss3.Bucket) awss3.Bucket {
	bucket := awss3.NewBucket(stack, jsii.String("ObjectBucket"), &awss3.BucketProps{
		BucketName:             jsii.String(s.bucketName),
		Encryption:             awss3.BucketEncryption_S3_MANAGED,
		Versioned:              jsii.Bool(true),
		BlockPublicAccess:      awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:        awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:             jsii.Bool(true),
		ServerAccessLogsBucket: logs,
		ServerAccessLogsPrefix: jsii.String(objectLogPrefix),
		RemovalPolicy:          removal(s),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("AbortIncompleteUploads"),
			AbortIncompleteMultipartUploadAfter: days(daysForUploads),
		}},
	})
	objects := bucket.ArnForObjects(jsii.String("*"))
	// A request signed in its Authorization header is an administrator's and may
	// come from anywhere. Negated operators hold where the key is absent, so
	// presigned, form-posted and anonymous requests are all caught:
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
	bucket.AddToResourcePolicy(deny("OnlyThroughOurEndpoint", objects, map[string]any{
		"StringNotEquals": map[string]any{
			"aws:SourceVpce": net.s3.id,
			"s3:authType":    "REST-HEADER",
		},
	}))
	// A URL that lives longer than we allow was not signed by us. S3 counts the
	// age in milliseconds:
	// https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
	bucket.AddToResourcePolicy(deny("SignatureTooOld", objects, map[string]any{
		"StringEquals":       map[string]any{"s3:authType": "REST-QUERY-STRING"},
		"NumericGreaterThan": map[string]any{"s3:signatureAge": s.ttl.max * 1000},
	}))
	return bucket
}

// newLogBucket makes the bucket that S3, the load balancer and the accelerator
// write their logs to. The load balancer can't write to a bucket encrypted with
// a key in KMS, so S3 encrypts it with its own. The paths of the last two hold
// the account, so other accounts' load balancers and accelerators can't write
// here.
func newLogBucket(stack awscdk.Stack, s settings) awss3.Bucket {
	bucket := awss3.NewBucket(stack, jsii.String("LogBucket"), &awss3.BucketProps{
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		RemovalPolicy:     removal(s),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("Forget"),
			Expiration:                          days(s.logRetentionDays),
			AbortIncompleteMultipartUploadAfter: days(daysForUploads),
		}},
	})

	ownLogs := "/AWSLogs/" + *awscdk.Aws_ACCOUNT_ID() + "/*"
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
	bucket.AddToResourcePolicy(delivery("DoorLogs", "logdelivery.elasticloadbalancing.amazonaws.com", "s3:PutObject",
		bucket.ArnForObjects(jsii.String(doorLogPrefix+ownLogs)), nil))
	// https://docs.aws.amazon.com/global-accelerator/latest/dg/monitoring-global-accelerator.flow-logs.html
	// The documentation leaves open whether a slash is put behind the prefix.
	for i, path := range []string{strings.TrimSuffix(acceleratorLogPrefix, "/") + ownLogs, acceleratorLogPrefix + ownLogs} {
		bucket.AddToResourcePolicy(delivery(fmt.Sprint("AcceleratorLogs", i), "delivery.logs.amazonaws.com", "s3:PutObject",
			bucket.ArnForObjects(jsii.String(path)),
			map[string]any{"StringEquals": map[string]any{
				"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": awscdk.Aws_ACCOUNT_ID(),
			}}))
	}
	bucket.AddToResourcePolicy(delivery("AcceleratorLogsCheck", "delivery.logs.amazonaws.com", "s3:GetBucketAcl",
		bucket.BucketArn(), map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}}))
	return bucket
}

// policyOf is the resource of a bucket's policy, for those who need it in place
// before they write.
func policyOf(bucket awss3.Bucket) awscdk.CfnResource {
	return bucket.Policy().Node().DefaultChild().(awscdk.CfnResource)
}

func deny(sid string, resource *string, conditions map[string]any) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
		Actions:    jsii.Strings("s3:*"),
		Resources:  &[]*string{resource},
		Conditions: &conditions,
	})
}

// delivery lets a service of AWS do one thing with the log bucket.
func delivery(sid, service, action string, resource *string, conditions map[string]any) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String(service), nil)},
		Actions:    jsii.Strings(action),
		Resources:  &[]*string{resource},
		Conditions: &conditions,
	})
}

// servedObjects are the objects on the served paths.
func servedObjects(s settings, bucketARN *string) *[]*string {
	var objects []*string
	for _, path := range s.objectPaths {
		objects = append(objects, join(bucketARN, path+"*"))
	}
	return &objects
}

func removal(s settings) awscdk.RemovalPolicy {
	if s.retain {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}
