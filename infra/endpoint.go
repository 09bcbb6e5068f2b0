package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// endpoint is an interface endpoint.
type endpoint struct {
	id *string
	// addresses are its private IPv4 addresses, one per zone.
	addresses []*string
}

type endpointProps struct {
	id      string
	vpc     awsec2.Vpc
	group   awsec2.SecurityGroup
	service awsec2.IInterfaceVpcEndpointService
	policy  []awsiam.PolicyStatement
}

// newEndpoint makes an interface endpoint without private DNS: nothing in the
// VPC resolves names, and the load balancer targets addresses.
func newEndpoint(stack awscdk.Stack, finder addressFinder, props endpointProps) endpoint {
	made := awsec2.NewInterfaceVpcEndpoint(stack, jsii.String(props.id), &awsec2.InterfaceVpcEndpointProps{
		Vpc:               props.vpc,
		Service:           props.service,
		PrivateDnsEnabled: jsii.Bool(false),
		Open:              jsii.Bool(false),
		SecurityGroups:    &[]awsec2.ISecurityGroup{props.group},
		Subnets:           isolated,
	})
	for _, statement := range props.policy {
		made.AddToPolicy(statement)
	}
	return endpoint{id: made.VpcEndpointId(), addresses: finder.find(stack, props.id+"Addresses", props.vpc, made)}
}

// isolated selects the subnets of the VPC.
var isolated = &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}

// readServedObjects lets nothing through but reads of the served objects, from
// a bucket of this account, signed by this account.
func readServedObjects(s settings) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("ReadServedObjects"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
		Actions:    jsii.Strings("s3:GetObject", "s3:GetObjectVersion"),
		Resources:  servedObjects(s, join("arn:", awscdk.Aws_PARTITION(), ":s3:::"+s.bucketName)),
		Conditions: &map[string]any{"StringEquals": map[string]any{
			"aws:ResourceAccount":  awscdk.Aws_ACCOUNT_ID(),
			"aws:PrincipalAccount": awscdk.Aws_ACCOUNT_ID(),
		}},
	})}
}

// invokeOurRoutes lets nothing through but our domain and, by way of it, our
// routes. The API's id isn't known here, since the API needs this endpoint. A
// private domain and the API behind it are checked one after the other:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-endpoint-policies.html
func invokeOurRoutes(s settings, document contractDocument) []awsiam.PolicyStatement {
	domain := executeARN("/domainnames/" + s.domain + "+*")
	var routes []*string
	for _, name := range document.invocations(s.stage) {
		routes = append(routes, executeARN("*"+name))
	}
	invoke := func(sid string, resources []*string, conditions map[string]any) awsiam.PolicyStatement {
		return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:        jsii.String(sid),
			Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
			Actions:    jsii.Strings("execute-api:Invoke"),
			Resources:  &resources,
			Conditions: &conditions,
		})
	}
	return []awsiam.PolicyStatement{
		invoke("InvokeOurDomain", []*string{domain}, nil),
		invoke("InvokeOurRoutesThroughIt", routes, map[string]any{
			"ArnLike": map[string]any{"execute-api:viaDomainArn": domain},
		}),
	}
}

// addressFinder is the function that finds the private addresses of interface
// endpoints, which CloudFormation doesn't return.
type addressFinder struct{ function }

func newAddressFinder(stack awscdk.Stack, s settings, built artifacts) addressFinder {
	finder := newFunction(stack, "EndpointAddresses", s, built, functionProps{
		name:        "endpointips",
		description: "Custom resource: the private addresses of an interface endpoint",
		timeout:     seconds(120),
		memory:      128,
		rights: []awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:       jsii.String("FindAddresses"),
			Actions:   jsii.Strings("ec2:DescribeNetworkInterfaces"),
			Resources: jsii.Strings("*"),
		})},
	})
	acknowledge(finder.Role(), finding{
		rule:   "AwsSolutions-IAM5",
		reason: "ec2:DescribeNetworkInterfaces knows no resources: IAM takes it on all or none.",
		of:     `^Resource::\*$`,
	})
	return addressFinder{finder}
}

// find returns the addresses of an endpoint in the order of the VPC's subnets,
// so that a zone that is added moves none.
func (f addressFinder) find(stack awscdk.Stack, id string, vpc awsec2.Vpc, endpoint awsec2.InterfaceVpcEndpoint) []*string {
	subnets := *vpc.SelectSubnets(isolated).SubnetIds
	found := awscdk.NewCustomResource(stack, jsii.String(id), &awscdk.CustomResourceProps{
		ServiceToken: f.FunctionArn(),
		// CloudFormation's own patience would be an hour.
		ServiceTimeout: seconds(300),
		ResourceType:   jsii.String(contract.EndpointIPsType),
		Properties: &map[string]any{
			contract.EndpointIPsPropertyEndpoint:   endpoint.VpcEndpointId(),
			contract.EndpointIPsPropertyInterfaces: endpoint.VpcEndpointNetworkInterfaceIds(),
			contract.EndpointIPsPropertySubnets:    subnets,
		},
	})
	addresses := make([]*string, len(subnets))
	for i := range addresses {
		addresses[i] = found.GetAttString(jsii.String(contract.EndpointIPsAttribute + strconv.Itoa(i)))
	}
	return addresses
}
