package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// subnetBits is how many bits subnets add to the VPC's mask: each is a quarter,
// whatever the number of zones.
const subnetBits = 2

// network is what Service takes from the Network stack.
type network struct {
	vpc awsec2.Vpc
	// doorGroup is the security group of the load balancer.
	doorGroup awsec2.SecurityGroup
	// api and s3 are the ways out of the VPC: there is no other.
	api, s3 endpoint
}

// endpoint is an interface endpoint.
type endpoint struct {
	id *string
	// addresses are its private IPv4 addresses, one per zone.
	addresses []*string
}

func newNetwork(stack awscdk.Stack, s settings, built artifacts) network {
	vpc := newVPC(stack, s)
	door := newGroup(stack, "DoorSecurityGroup", vpc, "The load balancer of the door")
	api := newGroup(stack, "ApiEndpointSecurityGroup", vpc, "The execute-api endpoint")
	s3 := newGroup(stack, "S3EndpointSecurityGroup", vpc, "The S3 endpoint")
	for _, cidr := range s.clientCIDRs {
		for _, port := range []float64{443, 80} {
			door.AddIngressRule(awsec2.Peer_Ipv4(jsii.String(cidr.String())), awsec2.Port_Tcp(jsii.Number(port)),
				jsii.String(fmt.Sprintf("Clients at %s", cidr)), nil)
		}
	}
	permit(door, api, 443, "Requests to the REST API")
	permit(door, s3, 443, "Requests to the bucket")
	permit(door, s3, 80, "Health checks of the S3 endpoint")

	addresses := newAddressFinder(stack, s, built)
	return network{
		vpc:       vpc,
		doorGroup: door,
		api: newEndpoint(stack, "ApiEndpoint", vpc, api, awsec2.InterfaceVpcEndpointAwsService_APIGATEWAY(),
			apiEndpointStatements(stack, s), addresses),
		s3: newEndpoint(stack, "S3Endpoint", vpc, s3, awsec2.InterfaceVpcEndpointAwsService_S3(),
			s3EndpointStatements(stack, s), addresses),
	}
}

// newVPC makes isolated subnets only. The internet gateway has no route: Global
// Accelerator wants it attached before it reaches a private load balancer.
func newVPC(stack awscdk.Stack, s settings) awsec2.Vpc {
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:       awsec2.IpAddresses_Cidr(jsii.String(s.vpcCIDR.String())),
		AvailabilityZones: zones(s.availabilityZones),
		NatGateways:       jsii.Number(0),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{
			Name:       jsii.String("Door"),
			SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED,
			CidrMask:   jsii.Number(float64(s.vpcCIDR.Bits() + subnetBits)),
		}},
		RestrictDefaultSecurityGroup: jsii.Bool(true),
	})
	gateway := awsec2.NewCfnInternetGateway(stack, jsii.String("InternetGateway"), nil)
	awsec2.NewCfnVPCGatewayAttachment(stack, jsii.String("InternetGatewayAttachment"), &awsec2.CfnVPCGatewayAttachmentProps{
		VpcId:             vpc.VpcId(),
		InternetGatewayId: gateway.Ref(),
	})
	vpc.AddFlowLog(jsii.String("FlowLog"), &awsec2.FlowLogOptions{
		Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(newLogGroup(stack, "FlowLogGroup", s), nil),
		TrafficType: awsec2.FlowLogTrafficType_ALL,
	})
	return vpc
}

// zones names the first zones of whatever region the stack is deployed to.
func zones(count int) *[]*string {
	all := awscdk.Fn_GetAzs(nil)
	names := make([]*string, count)
	for i := range names {
		names[i] = awscdk.Fn_Select(jsii.Number(float64(i)), all)
	}
	return &names
}

func newGroup(stack awscdk.Stack, id string, vpc awsec2.Vpc, description string) awsec2.SecurityGroup {
	return awsec2.NewSecurityGroup(stack, jsii.String(id), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		Description:      jsii.String(description),
		AllowAllOutbound: jsii.Bool(false),
	})
}

// permit opens one TCP port from one group to another, on both sides.
func permit(from, to awsec2.SecurityGroup, port float64, description string) {
	tcp := awsec2.Port_Tcp(jsii.Number(port))
	from.AddEgressRule(to, tcp, jsii.String(description), nil)
	to.AddIngressRule(from, tcp, jsii.String(description), nil)
}

// newEndpoint makes an interface endpoint without private DNS: nothing in the
// VPC resolves names, and the load balancer targets addresses.
func newEndpoint(stack awscdk.Stack, id string, vpc awsec2.Vpc, group awsec2.SecurityGroup,
	service awsec2.IInterfaceVpcEndpointService, policy []awsiam.PolicyStatement, finder addressFinder) endpoint {
	made := awsec2.NewInterfaceVpcEndpoint(stack, jsii.String(id), &awsec2.InterfaceVpcEndpointProps{
		Vpc:               vpc,
		Service:           service,
		PrivateDnsEnabled: jsii.Bool(false),
		Open:              jsii.Bool(false),
		SecurityGroups:    &[]awsec2.ISecurityGroup{group},
		Subnets:           &awsec2.SubnetSelection{Subnets: vpc.IsolatedSubnets()},
	})
	for _, statement := range policy {
		made.AddToPolicy(statement)
	}
	return endpoint{id: made.VpcEndpointId(), addresses: finder.find(stack, id+"Addresses", vpc, made)}
}

// s3EndpointStatements let nothing through but reads of our objects, in our
// account, signed by our account.
func s3EndpointStatements(stack awscdk.Stack, s settings) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("ReadServedObjects"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
		Actions:    jsii.Strings("s3:GetObject", "s3:GetObjectVersion"),
		Resources:  &[]*string{stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("s3"), Region: jsii.String(""), Account: jsii.String(""), Resource: jsii.String(s.bucketName), ResourceName: jsii.String(contract.KeyPrefix + "*")})},
		Conditions: &map[string]any{"StringEquals": map[string]any{
			"aws:ResourceAccount":  awscdk.Aws_ACCOUNT_ID(),
			"aws:PrincipalAccount": awscdk.Aws_ACCOUNT_ID(),
		}},
	})}
}

// apiEndpointStatements let only our routes through. The API's id isn't known
// here (it lives in Service, which needs this endpoint), so account, stage,
// method and path narrow it; callers of a private custom domain are checked
// against the domain's name as well.
func apiEndpointStatements(stack awscdk.Stack, s settings) []awsiam.PolicyStatement {
	resources := []*string{executeARN("/domainnames/" + s.domain + "+*")}
	for _, method := range presignMethods {
		resources = append(resources, executeARN("*/"+s.stage+"/"+method+contract.PresignRoot+"*"))
	}
	return []awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("InvokeOurRoutes"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewStarPrincipal()},
		Actions:    jsii.Strings("execute-api:Invoke"),
		Resources:  &resources,
	})}
}

func executeARN(resource string) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":execute-api:"),
		awscdk.Aws_REGION(), jsii.String(":"), awscdk.Aws_ACCOUNT_ID(), jsii.String(":" + resource)})
}
