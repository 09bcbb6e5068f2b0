package template

import (
	"errors"
	"slices"
)

// onAWSOnly lists the resource types that have no part in serving requests on
// one machine, each with the reason.
var onAWSOnly = map[string]string{
	"AWS::CDK::Metadata":                    "usage statistics of the CDK",
	"AWS::ApiGateway::Account":              "account-wide logging role",
	"AWS::ApiGateway::Deployment":           "a snapshot of the REST API, which is read itself",
	"AWS::CertificateManager::Certificate":  "local makes a certificate of its own",
	"AWS::CloudWatch::Alarm":                "nobody is paged for one machine",
	"AWS::EC2::FlowLog":                     "there is no network to log",
	"AWS::EC2::InternetGateway":             "there is no network",
	"AWS::EC2::RouteTable":                  "there is no network",
	"AWS::EC2::SecurityGroup":               "there is no network; everything listens on loopback",
	"AWS::EC2::SecurityGroupEgress":         "there is no network; everything listens on loopback",
	"AWS::EC2::SecurityGroupIngress":        "there is no network; everything listens on loopback",
	"AWS::EC2::Subnet":                      "there is no network",
	"AWS::EC2::SubnetRouteTableAssociation": "there is no network",
	"AWS::EC2::VPC":                         "there is no network",
	"AWS::EC2::VPCEndpoint":                 "stands for its service where it is a target",
	"AWS::EC2::VPCGatewayAttachment":        "there is no network",
	"AWS::GlobalAccelerator::Accelerator":   "clients connect to the address of -addr",
	"AWS::GlobalAccelerator::EndpointGroup": "clients connect to the address of -addr",
	"AWS::GlobalAccelerator::Listener":      "clients connect to the address of -addr",
	"AWS::IAM::Policy":                      "local credentials may do everything",
	"AWS::IAM::Role":                        "local credentials may do everything",
	"AWS::Lambda::Permission":               "local invokes every function it has a route to",
	"AWS::Logs::LogGroup":                   "functions log to stderr",
	"AWS::Logs::MetricFilter":               "counts what functions log, for alarms",
	"AWS::Route53::RecordSet":               "clients resolve the name themselves (curl --connect-to)",
	"AWS::S3::BucketPolicy":                 "local credentials may do everything",
	"Custom::EndpointIPs":                   "its addresses are resolved to the endpoint's service",
	"Custom::VpcRestrictDefaultSG":          "there is no network",
}

// Check reports every resource whose type is neither served nor on the list of
// those that mean something on AWS only.
func (a *Assembly) Check(served []string) error {
	strangers := a.filter(func(r *Resource) bool {
		return onAWSOnly[r.Type] == "" && !slices.Contains(served, r.Type)
	})
	var problems []error
	for _, r := range strangers {
		problems = append(problems, r.Errorf("this resource type is not understood by the local door"))
	}
	return errors.Join(problems...)
}
