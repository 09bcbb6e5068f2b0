// Command endpointips is the Lambda function behind the CloudFormation custom
// resource Custom::EndpointIPs. It returns the private IPv4 address of an
// interface endpoint in each of its subnets, which CloudFormation itself
// doesn't tell. It runs at deployment only.
package main

import (
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func main() {
	r := &resource{
		describe: describeOnEC2,
		pause:    2 * time.Second,
		logger:   lambdacontext.NewLogger(),
	}
	// LambdaWrap answers CloudFormation whatever becomes of the call, panics
	// included. That is why nothing that can fail happens before it: a function
	// that dies at its start leaves the stack waiting for an hour.
	lambda.Start(cfn.LambdaWrap(r.handle))
}
