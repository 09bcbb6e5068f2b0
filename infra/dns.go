package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglobalaccelerator"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/jsii-runtime-go"
)

// domain is the one domain: its certificate, and its zone where that is ours.
type domain struct {
	certificate awscertificatemanager.ICertificate
	zone        awsroute53.IHostedZone
}

// newDomain takes the certificate that the settings name, or makes one that the
// hosted zone validates.
func newDomain(stack awscdk.Stack, s settings) domain {
	var dom domain
	if s.hostedZone != (hostedZone{}) {
		dom.zone = awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
			HostedZoneId: jsii.String(s.hostedZone.id),
			ZoneName:     jsii.String(s.hostedZone.name),
		})
	}
	id := jsii.String("Certificate")
	if s.certificateARN != "" {
		dom.certificate = awscertificatemanager.Certificate_FromCertificateArn(stack, id, jsii.String(s.certificateARN))
		return dom
	}
	dom.certificate = awscertificatemanager.NewCertificate(stack, id, &awscertificatemanager.CertificateProps{
		DomainName: jsii.String(s.domain),
		Validation: awscertificatemanager.CertificateValidation_FromDns(dom.zone),
	})
	return dom
}

// newRecord points the domain at the accelerator, where the zone is ours.
func newRecord(stack awscdk.Stack, s settings, dom domain, accelerator awsglobalaccelerator.CfnAccelerator) {
	if dom.zone == nil {
		return
	}
	awsroute53.NewARecord(stack, jsii.String("Record"), &awsroute53.ARecordProps{
		Zone: dom.zone,
		// The dot keeps CDK from adding the zone's name once more.
		RecordName: jsii.String(s.domain + "."),
		Target: awsroute53.RecordTarget_FromAlias(
			awsroute53targets.NewGlobalAcceleratorDomainTarget(accelerator.AttrDnsName(), nil)),
	})
}
