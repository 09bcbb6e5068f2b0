package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// Prefixes of the log bucket.
const (
	objectLogPrefix      = "s3/"
	doorLogPrefix        = "alb"
	acceleratorLogPrefix = "accelerator"
)

// storage is the object bucket and the bucket of logs.
type storage struct {
	objects, logs awss3.Bucket
	// host is what S3 must receive as Host, and what is therefore signed.
	host *string
	// rewritesHost says that host isn't the domain.
	rewritesHost bool
}

func newStorage(stack awscdk.Stack, s settings, network network) storage {
	logs := newLogBucket(stack, s)
	made := storage{objects: newObjectBucket(stack, s, network, logs), logs: logs, host: jsii.String(s.domain)}
	if s.bucketName != s.domain {
		made.rewritesHost = true
		made.host = awscdk.Fn_Join(jsii.String(""), &[]*string{
			jsii.String(s.bucketName + ".s3."), awscdk.Aws_REGION(), jsii.String("."), awscdk.Aws_URL_SUFFIX(),
		})
	}
	return made
}

// newObjectBucket makes the bucket of the served objects. S3 encrypts it with
// its own keys (SSE-S3): a KMS key would have to be granted to every signer,
// and whoever signs could read through it anyway.
func newObjectBucket(stack awscdk.Stack, s settings, network network, logs awss3.Bucket) awss3.Bucket {
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
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
		}},
	})
	objects := &[]*string{bucket.ArnForObjects(jsii.String("*"))}
	// A request signed in its Authorization header is an administrator's and may
	// come from anywhere. Negated operators hold where the key is absent, so
	// presigned, form-posted and anonymous requests are all caught.
	bucket.AddToResourcePolicy(deny("OnlyThroughOurEndpoint", objects, map[string]any{
		"StringNotEquals": map[string]any{
			"aws:SourceVpce": network.s3.id,
			"s3:authType":    "REST-HEADER",
		},
	}))
	bucket.AddToResourcePolicy(deny("SignatureTooOld", objects, map[string]any{
		"NumericGreaterThan": map[string]any{"s3:signatureAge": s.ttl.max * 1000},
		"StringEquals":       map[string]any{"s3:authType": "REST-QUERY-STRING"},
	}))
	return bucket
}

// newLogBucket makes the bucket that S3, the load balancer and the accelerator
// write their logs to. None of them can write to a bucket with a KMS key of
// ours without more rights, so S3 encrypts it.
func newLogBucket(stack awscdk.Stack, s settings) awss3.Bucket {
	bucket := awss3.NewBucket(stack, jsii.String("LogBucket"), &awss3.BucketProps{
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		RemovalPolicy:     removal(s),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("Forget"),
			Expiration:                          awscdk.Duration_Days(jsii.Number(float64(s.logRetentionDays))),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
		}},
	})
	account := awscdk.Aws_ACCOUNT_ID()
	bucket.AddToResourcePolicy(allowDelivery("DoorLogs", "logdelivery.elasticloadbalancing.amazonaws.com", "s3:PutObject",
		bucket.ArnForObjects(jsii.String(doorLogPrefix+"/AWSLogs/"+*account+"/*")), map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": account},
		}))
	bucket.AddToResourcePolicy(allowDelivery("AcceleratorLogs", "delivery.logs.amazonaws.com", "s3:PutObject",
		bucket.ArnForObjects(jsii.String(acceleratorLogPrefix+"/AWSLogs/"+*account+"/*")), map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"},
		}))
	bucket.AddToResourcePolicy(allowDelivery("AcceleratorLogsCheck", "delivery.logs.amazonaws.com", "s3:GetBucketAcl",
		bucket.BucketArn(), map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": account},
		}))
	return bucket
}

func deny(sid string, resources *[]*string, conditions map[string]any) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
		Actions:    jsii.Strings("s3:*"),
		Resources:  resources,
		Conditions: &conditions,
	})
}

func allowDelivery(sid, service, action string, resource *string, conditions map[string]any) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String(service), nil)},
		Actions:    jsii.Strings(action),
		Resources:  &[]*string{resource},
		Conditions: &conditions,
	})
}

func removal(s settings) awscdk.RemovalPolicy {
	if s.retain {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}
