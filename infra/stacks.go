package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newStacks adds the two stacks of a stage to the app. Network holds what
// exists before anything can be served and changes seldom: addresses depend on
// it. Service holds the rest and takes what it needs from Network by reference.
func newStacks(app awscdk.App, s settings, built artifacts) error {
	api, err := loadAPI()
	if err != nil {
		return err
	}
	network := newNetwork(newStack(app, s, "Network"), s, built)
	newService(newStack(app, s, "Service"), s, built, network, api)
	return nil
}

// newStack makes one stack. It never names an account: a stack that does makes
// CDK look availability zones up.
func newStack(app awscdk.App, s settings, id string) awscdk.Stack {
	name := map[string]string{"Network": "network", "Service": "service"}[id]
	description := map[string]string{
		"Network": "onedoor: VPC and the interface endpoints behind the door",
		"Service": "onedoor: one domain with two static addresses in front of an S3 bucket",
	}[id]
	props := &awscdk.StackProps{
		StackName:             jsii.String("onedoor-" + s.stage + "-" + name),
		Description:           jsii.String(description),
		TerminationProtection: jsii.Bool(s.retain),
	}
	if s.region != "" {
		props.Env = &awscdk.Environment{Region: jsii.String(s.region)}
	}
	return awscdk.NewStack(app, jsii.String(id), props)
}

// newService fills the Service stack.
func newService(stack awscdk.Stack, s settings, built artifacts, network network, definition apiDefinition) {
	storage := newStorage(stack, s, network)
	presign := newPresign(stack, s, built, storage)
	domain := newDomain(stack, s)
	api := newAPI(stack, s, network, definition, domain, map[string]function{"presign": presign})
	door := newDoor(stack, s, network, storage, domain)
	accelerator := newAccelerator(stack, s, storage, door)
	newRecord(stack, s, domain, accelerator)
	newAlarms(stack, s, api, door, presign)
	newOutputs(stack, s, storage, accelerator)
}

// scoped makes a scope inside a stack, so that the parts of one subject share
// the first words of their names.
func scoped(scope constructs.Construct, id string) constructs.Construct {
	return constructs.NewConstruct(scope, jsii.String(id))
}
