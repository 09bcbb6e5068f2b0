package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
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
	memory      float64
	environment map[string]*string
	// rights are all that the function may do besides writing to its log group.
	rights []awsiam.PolicyStatement
}

// function is a Lambda function with the id of its construct.
type function struct {
	awslambda.Function
	id string
}

// newFunction makes a function with a role and a log group of its own.
func newFunction(stack awscdk.Stack, id string, s settings, built artifacts, props functionProps) function {
	logs := newLogGroup(stack, id+"LogGroup", s)
	role := awsiam.NewRole(stack, jsii.String(id+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String(props.description),
		InlinePolicies: &map[string]awsiam.PolicyDocument{
			"Rights": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{
				Statements: statements(append(props.rights, awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
					Sid:       jsii.String("WriteOwnLogs"),
					Actions:   jsii.Strings("logs:CreateLogStream", "logs:PutLogEvents"),
					Resources: &[]*string{logs.LogGroupArn()},
				}))),
			}),
		},
	})
	artifact := built.byName[props.name]
	made := awslambda.NewFunction(stack, jsii.String(id), &awslambda.FunctionProps{
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
		MemorySize:    jsii.Number(props.memory),
		Environment:   &props.environment,
	})
	made.Node().DefaultChild().(awscdk.CfnResource).AddMetadata(jsii.String(packageMetadata), jsii.String(packagePath(props.name)))
	return function{Function: made, id: id}
}

func statements(list []awsiam.PolicyStatement) *[]awsiam.PolicyStatement { return &list }

// newPresign makes the function that signs downloads. It signs without calling
// anybody, so its rights are those of the URLs it hands out.
func newPresign(stack awscdk.Stack, s settings, built artifacts, storage storage) function {
	return newFunction(stack, "Presign", s, built, functionProps{
		name:        "presign",
		description: "Signs downloads",
		timeout:     awscdk.Duration_Seconds(jsii.Number(5)),
		memory:      256,
		environment: map[string]*string{
			contract.EnvDomain:         jsii.String(s.domain),
			contract.EnvS3Host:         storage.host,
			contract.EnvRedirectStatus: jsii.String(strconv.Itoa(s.redirectStatus)),
			contract.EnvTTLDefault:     jsii.String(strconv.Itoa(s.ttl.byDefault)),
			contract.EnvTTLMax:         jsii.String(strconv.Itoa(s.ttl.max)),
		},
		rights: []awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:       jsii.String("ReadServedObjects"),
			Actions:   jsii.Strings("s3:GetObject", "s3:GetObjectVersion"),
			Resources: &[]*string{storage.objects.ArnForObjects(jsii.String(contract.KeyPrefix + "*"))},
		})},
	})
}

// addressFinder finds the private addresses of interface endpoints, which
// CloudFormation doesn't return.
type addressFinder struct{ function }

func newAddressFinder(stack awscdk.Stack, s settings, built artifacts) addressFinder {
	return addressFinder{newFunction(stack, "EndpointAddresses", s, built, functionProps{
		name:        "endpointips",
		description: "Custom resource: the private addresses of an interface endpoint",
		timeout:     awscdk.Duration_Seconds(jsii.Number(60)),
		memory:      128,
		environment: map[string]*string{},
		rights: []awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:       jsii.String("FindAddresses"),
			Actions:   jsii.Strings("ec2:DescribeNetworkInterfaces"),
			Resources: jsii.Strings("*"),
		})},
	})}
}

// find returns the addresses of an endpoint in the order of the subnets.
func (f addressFinder) find(stack awscdk.Stack, id string, vpc awsec2.Vpc, endpoint awsec2.InterfaceVpcEndpoint) []*string {
	subnets := vpc.SelectSubnets(&awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}).SubnetIds
	found := awscdk.NewCustomResource(stack, jsii.String(id), &awscdk.CustomResourceProps{
		ServiceToken:   f.FunctionArn(),
		ServiceTimeout: awscdk.Duration_Minutes(jsii.Number(5)),
		ResourceType:   jsii.String(contract.EndpointIPsType),
		Properties: &map[string]any{
			contract.EndpointIPsPropertyEndpoint:   endpoint.VpcEndpointId(),
			contract.EndpointIPsPropertyInterfaces: endpoint.VpcEndpointNetworkInterfaceIds(),
			contract.EndpointIPsPropertySubnets:    subnets,
		},
	})
	addresses := make([]*string, len(*subnets))
	for i := range addresses {
		addresses[i] = found.GetAttString(jsii.String(contract.EndpointIPsAttribute + strconv.Itoa(i)))
	}
	return addresses
}
