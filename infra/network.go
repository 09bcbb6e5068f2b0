package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"
)

// subnetBits is how many bits subnets add to the VPC's mask: each is a quarter,
// whatever the number of zones.
const subnetBits = 2

// network is what Service takes from the Network stack.
type network struct {
	vpc awsec2.Vpc
	// door is the security group of the load balancer.
	door awsec2.SecurityGroup
	// api and s3 are the ways out of the VPC: there is no other.
	api, s3 endpoint
}

func newNetwork(stack awscdk.Stack, s settings, built artifacts, document contractDocument) network {
	vpc := newVPC(stack, s)
	door := newDoorGroup(stack, s, vpc)
	api := newGroup(stack, "ApiEndpointSecurityGroup", vpc, "The execute-api endpoint")
	s3 := newGroup(stack, "S3EndpointSecurityGroup", vpc, "The S3 endpoint")
	permit(door, api, 443, "Requests to the REST API")
	permit(door, s3, 443, "Requests to the bucket")
	permit(door, s3, 80, "Health checks of the S3 endpoint")

	finder := newAddressFinder(stack, s, built)
	return network{
		vpc:  vpc,
		door: door,
		api: newEndpoint(stack, finder, endpointProps{
			id: "ApiEndpoint", vpc: vpc, group: api,
			service: awsec2.InterfaceVpcEndpointAwsService_APIGATEWAY(),
			policy:  invokeOurRoutes(s, document),
		}),
		s3: newEndpoint(stack, finder, endpointProps{
			id: "S3Endpoint", vpc: vpc, group: s3,
			service: awsec2.InterfaceVpcEndpointAwsService_S3(),
			policy:  readServedObjects(s),
		}),
	}
}

// newVPC makes isolated subnets only. No route leads to the internet gateway:
// Global Accelerator wants one attached before it reaches a private load
// balancer.
func newVPC(stack awscdk.Stack, s settings) awsec2.Vpc {
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:       awsec2.IpAddresses_Cidr(jsii.String(s.vpcCIDR.String())),
		AvailabilityZones: zones(s.availabilityZones),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{
			Name:       jsii.String("Door"),
			SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED,
			CidrMask:   number(s.vpcCIDR.Bits() + subnetBits),
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
		names[i] = awscdk.Fn_Select(number(i), all)
	}
	return &names
}

// newDoorGroup lets clients in. The accelerator keeps their addresses, so they
// are what the rules see.
func newDoorGroup(stack awscdk.Stack, s settings, vpc awsec2.Vpc) awsec2.SecurityGroup {
	group := newGroup(stack, "DoorSecurityGroup", vpc, "The load balancer of the door")
	for _, cidr := range s.clientCIDRs {
		peer := awsec2.Peer_Ipv4(jsii.String(cidr.String()))
		for _, port := range []int{443, 80} {
			group.AddIngressRule(peer, awsec2.Port_Tcp(number(port)), jsii.String(fmt.Sprintf("Clients at %s", cidr)), nil)
		}
		if cidr.Bits() == 0 {
			awscdk.Annotations_Of(group).AddWarningV2(jsii.String("onedoor:everybody"), jsii.String(
				"clientCidrs lets every address in, and whoever reaches the door may have any served object: list your clients' networks"))
			acknowledge(group, finding{
				rule:   "AwsSolutions-EC23",
				reason: "A public door: clientCidrs lets every address in, on the ports of HTTPS and of the redirect to it.",
			})
		}
	}
	return group
}

func newGroup(stack awscdk.Stack, id string, vpc awsec2.Vpc, description string) awsec2.SecurityGroup {
	return awsec2.NewSecurityGroup(stack, jsii.String(id), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		Description:      jsii.String(description),
		AllowAllOutbound: jsii.Bool(false),
	})
}

// permit opens one TCP port from one group to another, on both sides.
func permit(from, to awsec2.SecurityGroup, port int, description string) {
	tcp := awsec2.Port_Tcp(number(port))
	from.AddEgressRule(to, tcp, jsii.String(description), nil)
	to.AddIngressRule(from, tcp, jsii.String(description), nil)
}
