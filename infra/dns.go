package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglobalaccelerator"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/jsii-runtime-go"
)

// domain is the one domain with its certificate, and its zone if that is ours.
type domain struct {
	certificate awscertificatemanager.ICertificate
	zone        awsroute53.IHostedZone
}

func newDomain(stack awscdk.Stack, s settings) domain {
	var made domain
	if s.hostedZone != (hostedZone{}) {
		made.zone = awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
			HostedZoneId: jsii.String(s.hostedZone.id),
			ZoneName:     jsii.String(s.hostedZone.name),
		})
	}
	if s.certificateARN != "" {
		made.certificate = awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Certificate"), jsii.String(s.certificateARN))
		return made
	}
	made.certificate = awscertificatemanager.NewCertificate(stack, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
		DomainName: jsii.String(s.domain),
		Validation: awscertificatemanager.CertificateValidation_FromDns(made.zone),
	})
	return made
}

// newRecord points the domain at the accelerator, where the zone is ours.
func newRecord(stack awscdk.Stack, s settings, domain domain, accelerator awsglobalaccelerator.CfnAccelerator) {
	if domain.zone == nil {
		return
	}
	awsroute53.NewARecord(stack, jsii.String("Record"), &awsroute53.ARecordProps{
		Zone:       domain.zone,
		RecordName: jsii.String(s.domain + "."),
		Target: awsroute53.RecordTarget_FromAlias(
			awsroute53targets.NewGlobalAcceleratorDomainTarget(accelerator.AttrDnsName(), nil)),
	})
}
