package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// packageMetadata is where a function's resource says which Go package of this
// repository it runs, so that the local door can build the same package for the
// machine it runs on.
const packageMetadata = "onedoor:package"

// functionProps say what one function is and may do.
type functionProps struct {
	// name is the package under lambdas.
	name        string
	description string
	timeout     awscdk.Duration
	// memory is in MiB. Lambda gives processor time in proportion.
	memory      int
	environment map[string]*string
	// rights are all that the function may do besides writing its log.
	rights []awsiam.PolicyStatement
}

// function is a Lambda function with the id of its construct and its log.
type function struct {
	awslambda.Function
	id   string
	logs awslogs.LogGroup
}

// newFunction makes a function with a role and a log group of its own. The role
// is written out: no managed policy, no grant that adds more than it says.
func newFunction(stack awscdk.Stack, id string, s settings, built artifacts, props functionProps) function {
	logs := newLogGroup(stack, id+"LogGroup", s)
	rights := append(props.rights, awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:       jsii.String("WriteOwnLog"),
		Actions:   jsii.Strings("logs:CreateLogStream", "logs:PutLogEvents"),
		Resources: &[]*string{logs.LogGroupArn()},
	}))
	role := awsiam.NewRole(stack, jsii.String(id+"Role"), &awsiam.RoleProps{
		Description: jsii.String(props.description),
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"Rights": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &rights}),
		},
	})
	artifact := built.byName[props.name]
	lambda := awslambda.NewFunction(stack, jsii.String(id), &awslambda.FunctionProps{
		Description:  jsii.String(props.description),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		Handler:      jsii.String("bootstrap"),
		Code: awslambda.Code_FromAsset(jsii.String(artifact.zip), &awss3assets.AssetOptions{
			AssetHash:     jsii.String(artifact.hash),
			AssetHashType: awscdk.AssetHashType_CUSTOM,
		}),
		Role:          role,
		LogGroup:      logs,
		LoggingFormat: awslambda.LoggingFormat_JSON,
		Timeout:       props.timeout,
		MemorySize:    number(props.memory),
		Environment:   &props.environment,
	})
	lambda.Node().DefaultChild().(awscdk.CfnResource).AddMetadata(jsii.String(packageMetadata), jsii.String(packagePath(props.name)))
	return function{Function: lambda, id: id, logs: logs}
}

// newPresign makes the function that signs downloads. It signs without calling
// anybody, so its rights are those of the URLs that it hands out. It needs no
// concurrency of its own: the API's throttle bounds it.
func newPresign(stack awscdk.Stack, s settings, built artifacts, net network, store storage) function {
	presign := newFunction(stack, "Presign", s, built, functionProps{
		name:        "presign",
		description: "Signs downloads",
		timeout:     seconds(5),
		memory:      256,
		environment: map[string]*string{
			contract.EnvDomain:         jsii.String(s.domain),
			contract.EnvS3Host:         store.host,
			contract.EnvRedirectStatus: jsii.String(strconv.Itoa(s.redirectStatus)),
			contract.EnvTTLDefault:     jsii.String(strconv.Itoa(s.ttl.byDefault)),
			contract.EnvTTLMax:         jsii.String(strconv.Itoa(s.ttl.max)),
		},
		// Versions for version-id. The function asks S3 for nothing itself, so its
		// session is good for nothing but URLs that are used behind the door.
		rights: []awsiam.PolicyStatement{signDownloads(s, store, map[string]any{
			"StringEquals": map[string]any{"aws:SourceVpce": net.s3.id},
		}, "s3:GetObject", "s3:GetObjectVersion")},
	})
	acknowledge(presign.Role(), anyServedObject)
	return presign
}

// newLinks makes the function that creates, shows and revokes one-time links.
// It can do nothing but that: no scan, no query, no delete, no object.
func newLinks(stack awscdk.Stack, s settings, built artifacts, table awsdynamodb.Table) function {
	return newFunction(stack, "Links", s, built, functionProps{
		name:        "links",
		description: "Creates, shows and revokes one-time links",
		timeout:     seconds(10),
		memory:      256,
		environment: map[string]*string{
			contract.EnvDomain:         jsii.String(s.domain),
			contract.EnvTable:          table.TableName(),
			contract.EnvTTLMax:         jsii.String(strconv.Itoa(s.ttl.max)),
			contract.EnvLinkTTLDefault: jsii.String(strconv.Itoa(s.links.ttl.byDefault)),
			contract.EnvLinkTTLMax:     jsii.String(strconv.Itoa(s.links.ttl.max)),
			contract.EnvLinkRetention:  jsii.String(strconv.Itoa(s.links.retentionDays * secondsPerDay)),
		},
		rights: []awsiam.PolicyStatement{useTable(table, "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:UpdateItem")},
	})
}

// newEdge makes the function that lets claims of one-time links through. It
// signs downloads, as presign does, and asks S3 for the size that it shows.
func newEdge(stack awscdk.Stack, s settings, built artifacts, store storage, table awsdynamodb.Table) function {
	edge := newFunction(stack, "Edge", s, built, functionProps{
		name:        "edge",
		description: "Lets as many claims of a one-time link through as it has uses",
		timeout:     seconds(15),
		memory:      256,
		environment: map[string]*string{
			contract.EnvDomain:      jsii.String(s.domain),
			contract.EnvS3Host:      store.host,
			contract.EnvBucket:      store.objects.BucketName(),
			contract.EnvTable:       table.TableName(),
			contract.EnvBindAddress: jsii.String(strconv.FormatBool(s.links.bindAddress)),
			// The function has no S3 client that would know.
			"AWS_ENDPOINT_URL_S3": join("https://s3.", awscdk.Aws_REGION(), ".", awscdk.Aws_URL_SUFFIX()),
		},
		rights: []awsiam.PolicyStatement{
			useTable(table, "dynamodb:GetItem", "dynamodb:UpdateItem"),
			signDownloads(s, store, nil, "s3:GetObject"),
		},
	})
	acknowledge(edge.Role(), anyServedObject)
	return edge
}

// signDownloads are the rights that a signed download will have.
func signDownloads(s settings, store storage, conditions map[string]any, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("ReadServedObjects"),
		Actions:    jsii.Strings(actions...),
		Resources:  servedObjects(s, store.objects.BucketArn()),
		Conditions: &conditions,
	})
}

var anyServedObject = finding{
	rule:   "AwsSolutions-IAM5",
	reason: "Every object under the served paths may be downloaded; which one, the request or the link says.",
	of:     `^Resource::<ObjectBucket[0-9A-F]+\.Arn>\/objects\/.*\*$`,
}

// useTable are rights on the rows of the table, and on nothing else of it.
func useTable(table awsdynamodb.Table, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:       jsii.String("UseLinks"),
		Actions:   jsii.Strings(actions...),
		Resources: &[]*string{table.TableArn()},
	})
}
