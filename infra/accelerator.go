package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglobalaccelerator"
	"github.com/aws/jsii-runtime-go"
)

// newAccelerator gives the door its two static addresses. They are the
// accelerator's own: deleting it loses them for ever.
func newAccelerator(stack awscdk.Stack, s settings, storage storage, door door) awsglobalaccelerator.CfnAccelerator {
	accelerator := awsglobalaccelerator.NewCfnAccelerator(stack, jsii.String("Accelerator"), &awsglobalaccelerator.CfnAcceleratorProps{
		Name:             jsii.String("onedoor-" + s.stage),
		Enabled:          jsii.Bool(true),
		IpAddressType:    jsii.String("IPV4"),
		FlowLogsEnabled:  jsii.Bool(true),
		FlowLogsS3Bucket: storage.logs.BucketName(),
		FlowLogsS3Prefix: jsii.String(acceleratorLogPrefix + "/"),
	})
	if s.retain {
		accelerator.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	}
	accelerator.AddResourceDependency(storage.logs.Policy().Node().DefaultChild().(awscdk.CfnResource), nil)
	listener := awsglobalaccelerator.NewCfnListener(stack, jsii.String("AcceleratorListener"), &awsglobalaccelerator.CfnListenerProps{
		AcceleratorArn: accelerator.AttrAcceleratorArn(),
		Protocol:       jsii.String("TCP"),
		PortRanges: []any{
			&awsglobalaccelerator.CfnListener_PortRangeProperty{FromPort: jsii.Number(443), ToPort: jsii.Number(443)},
			&awsglobalaccelerator.CfnListener_PortRangeProperty{FromPort: jsii.Number(80), ToPort: jsii.Number(80)},
		},
	})
	group := awsglobalaccelerator.NewCfnEndpointGroup(stack, jsii.String("AcceleratorEndpointGroup"), &awsglobalaccelerator.CfnEndpointGroupProps{
		ListenerArn:         listener.AttrListenerArn(),
		EndpointGroupRegion: awscdk.Aws_REGION(),
		EndpointConfigurations: []any{&awsglobalaccelerator.CfnEndpointGroup_EndpointConfigurationProperty{
			EndpointId:                  door.balancer.LoadBalancerArn(),
			ClientIpPreservationEnabled: jsii.Bool(true),
		}},
	})
	// Listeners first: the accelerator reports a load balancer without any as
	// unhealthy.
	for _, l := range door.listeners {
		group.Node().AddDependency(l)
	}
	return accelerator
}

// newOutputs prints what an operator needs after a deployment.
func newOutputs(stack awscdk.Stack, s settings, storage storage, accelerator awsglobalaccelerator.CfnAccelerator) {
	output := func(id, description string, value *string) {
		awscdk.NewCfnOutput(stack, jsii.String(id), &awscdk.CfnOutputProps{Description: jsii.String(description), Value: value})
	}
	addresses := accelerator.AttrIpv4Addresses()
	output("Domain", "The one domain", jsii.String(s.domain))
	output("Address1", "First static address, for firewalls", awscdk.Fn_Select(jsii.Number(0), addresses))
	output("Address2", "Second static address, for firewalls", awscdk.Fn_Select(jsii.Number(1), addresses))
	output("AcceleratorName", "DNS name to point the domain at where no hosted zone is set", accelerator.AttrDnsName())
	output("Bucket", "The object bucket", storage.objects.BucketName())
	output("Upload", "Put an object, with an administrator's credentials",
		jsii.String("aws s3 cp report.pdf s3://"+s.bucketName+"/objects/report.pdf"))
	output("Download", "Get it through the door",
		jsii.String("curl -fL -o report.pdf https://"+s.domain+"/presign/objects/report.pdf"))
}
