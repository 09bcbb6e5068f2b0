package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglobalaccelerator"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// newStacks adds the two stacks of a stage to the app. Network holds the VPC and
// the endpoints, which change seldom and which addresses depend on. Service
// holds the rest and takes what it needs from Network by reference.
func newStacks(app awscdk.App, s settings, built artifacts, document contractDocument) {
	net := newNetwork(newStack(app, s, "Network", "network", "VPC and interface endpoints behind the door"), s, built, document)

	stack := newStack(app, s, "Service", "service", "one domain with two static addresses in front of an S3 bucket")
	store := newStorage(stack, s, net)
	table := newTable(stack, s)
	presign := newPresign(stack, s, built, net, store)
	links := newLinks(stack, s, built, table)
	edge := newEdge(stack, s, built, store, table)
	dom := newDomain(stack, s)
	rest := newAPI(stack, s, document, net, dom, map[string]function{"presign": presign, "links": links})
	lb := newDoor(stack, s, net, store, dom, edge)
	accelerator := newAccelerator(stack, s, store, lb)
	newRecord(stack, s, dom, accelerator)
	newAlarms(stack, s, rest, lb, presign, links, edge)
	newOutputs(stack, s, store, accelerator)
}

// newStack makes one stack. It never names an account: a stack that does makes
// CDK look availability zones up.
func newStack(app awscdk.App, s settings, id, suffix, description string) awscdk.Stack {
	props := &awscdk.StackProps{
		StackName:             jsii.String("onedoor-" + s.stage + "-" + suffix),
		Description:           jsii.String("onedoor: " + description),
		TerminationProtection: jsii.Bool(s.retain),
	}
	if s.region != "" {
		props.Env = &awscdk.Environment{Region: jsii.String(s.region)}
	}
	return awscdk.NewStack(app, jsii.String(id), props)
}

// newOutputs prints what an operator needs after a deployment.
func newOutputs(stack awscdk.Stack, s settings, store storage, accelerator awsglobalaccelerator.CfnAccelerator) {
	output := func(id, description string, value *string) {
		awscdk.NewCfnOutput(stack, jsii.String(id), &awscdk.CfnOutputProps{Description: jsii.String(description), Value: value})
	}
	addresses := accelerator.AttrIpv4Addresses()
	example := s.objectPaths[0] + "hello.txt"
	output("Domain", "The one domain", jsii.String(s.domain))
	output("Address1", "First static address, for firewalls", awscdk.Fn_Select(number(0), addresses))
	output("Address2", "Second static address, for firewalls", awscdk.Fn_Select(number(1), addresses))
	output("AcceleratorName", "What the domain's DNS record points at; set already where hostedZone is", accelerator.AttrDnsName())
	output("Bucket", "The object bucket", store.objects.BucketName())
	output("Upload", "Puts an object, with an administrator's credentials",
		jsii.String("aws s3 cp hello.txt s3://"+s.bucketName+example))
	output("Download", "Gets it through the door",
		jsii.String("curl -fL -o hello.txt https://"+s.domain+contract.PresignRoot+example[1:]))
}
