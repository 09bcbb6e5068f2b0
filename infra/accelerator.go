package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglobalaccelerator"
	"github.com/aws/jsii-runtime-go"
)

// newAccelerator gives the door its two static addresses. They belong to the
// accelerator and are lost for ever when it is deleted.
func newAccelerator(stack awscdk.Stack, s settings, store storage, lb door) awsglobalaccelerator.CfnAccelerator {
	accelerator := awsglobalaccelerator.NewCfnAccelerator(stack, jsii.String("Accelerator"), &awsglobalaccelerator.CfnAcceleratorProps{
		Name:             jsii.String("onedoor-" + s.stage),
		Enabled:          jsii.Bool(true),
		IpAddressType:    jsii.String("IPV4"),
		FlowLogsEnabled:  jsii.Bool(true),
		FlowLogsS3Bucket: store.logs.BucketName(),
		FlowLogsS3Prefix: jsii.String(acceleratorLogPrefix),
	})
	accelerator.ApplyRemovalPolicy(removal(s), nil)
	accelerator.AddResourceDependency(policyOf(store.logs), nil)

	listener := awsglobalaccelerator.NewCfnListener(stack, jsii.String("AcceleratorListener"), &awsglobalaccelerator.CfnListenerProps{
		AcceleratorArn: accelerator.AttrAcceleratorArn(),
		Protocol:       jsii.String("TCP"),
		PortRanges:     []any{port(443), port(80)},
	})
	group := awsglobalaccelerator.NewCfnEndpointGroup(stack, jsii.String("AcceleratorEndpointGroup"), &awsglobalaccelerator.CfnEndpointGroupProps{
		ListenerArn:         listener.AttrListenerArn(),
		EndpointGroupRegion: awscdk.Aws_REGION(),
		EndpointConfigurations: []any{&awsglobalaccelerator.CfnEndpointGroup_EndpointConfigurationProperty{
			EndpointId:                  lb.balancer.LoadBalancerArn(),
			ClientIpPreservationEnabled: jsii.Bool(true),
		}},
	})
	// A load balancer without listeners isn't healthy.
	group.Node().AddDependency(lb.redirect, lb.listener)
	return accelerator
}

func port(n int) *awsglobalaccelerator.CfnListener_PortRangeProperty {
	return &awsglobalaccelerator.CfnListener_PortRangeProperty{FromPort: number(n), ToPort: number(n)}
}
