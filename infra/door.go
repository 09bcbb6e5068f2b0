package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// Priorities of the listener rules, with room between them.
const (
	presignPriority = 10
	linksPriority   = 20
	oncePriority    = 30
	objectsPriority = 100
)

// notFound is what the door answers to anything that no rule takes. A fixed
// response can't have the media type of a problem (RFC 9457), only its form.
const notFound = `{"type":"urn:onedoor:problem:not-found","title":"Not found","status":404,"detail":"nothing is served at this path"}`

// door is the load balancer that decides where a request goes.
type door struct {
	balancer elb.ApplicationLoadBalancer
	// redirect listens for HTTP, listener for HTTPS.
	redirect, listener elb.ApplicationListener
	// endpoints are the target groups that have a health.
	endpoints []targetGroup
}

func newDoor(stack awscdk.Stack, s settings, net network, store storage, dom domain, edge function) door {
	balancer := newBalancer(stack, s, net, store)
	lb := door{
		balancer: balancer,
		redirect: balancer.AddListener(jsii.String("Http"), &elb.BaseApplicationListenerProps{
			Port: number(80),
			Open: jsii.Bool(false),
			DefaultAction: elb.ListenerAction_Redirect(&elb.RedirectOptions{
				Protocol: jsii.String("HTTPS"), Host: jsii.String(s.domain), Port: jsii.String("443"), Permanent: jsii.Bool(true),
			}),
		}),
		listener: balancer.AddListener(jsii.String("Https"), &elb.BaseApplicationListenerProps{
			Port:         number(443),
			Open:         jsii.Bool(false),
			Certificates: &[]elb.IListenerCertificate{elb.ListenerCertificate_FromCertificateManager(dom.certificate)},
			// TLS 1.3, and TLS 1.2 with forward secrecy and AEAD ciphers only.
			SslPolicy: elb.SslPolicy_TLS13_12_RES_PQ,
			DefaultAction: elb.ListenerAction_FixedResponse(number(404), &elb.FixedResponseOptions{
				ContentType: jsii.String("application/json"),
				MessageBody: jsii.String(notFound),
			}),
		}),
	}
	lb.newRules(stack, s, net, store, edge)
	return lb
}

// newRules pins host, method and path of everything that passes, and for
// objects the presence of a signature.
func (d *door) newRules(stack awscdk.Stack, s settings, net network, store storage, edge function) {
	api := newTargetGroup(stack, "ApiTargets", net.vpc, net.api, apiHealth)
	objects := newTargetGroup(stack, "S3Targets", net.vpc, net.s3, s3Health)
	d.endpoints = []targetGroup{api, objects}

	newRule(stack, "PresignRule", d.listener, rule{
		priority: presignPriority,
		host:     s.domain,
		paths:    []string{contract.PresignRoot + "*"},
		methods:  []string{"GET", "HEAD"},
		target:   api.resource,
	})
	// GET of a link's state falls under the rule above.
	newRule(stack, "LinksRule", d.listener, rule{
		priority: linksPriority,
		host:     s.domain,
		paths:    []string{contract.LinksPath, contract.LinksPath + "/*"},
		methods:  []string{"POST", "DELETE"},
		target:   api.resource,
	})
	newRule(stack, "OnceRule", d.listener, rule{
		priority: oncePriority,
		host:     s.domain,
		paths:    []string{contract.OnceRoot + "*"},
		methods:  []string{"GET", "HEAD", "POST"},
		target:   newFunctionTarget(stack, "EdgeTarget", edge),
	})
	for i, path := range s.objectPaths {
		r := rule{
			priority: objectsPriority + i,
			host:     s.domain,
			paths:    []string{path + "*"},
			methods:  []string{"GET", "HEAD"},
			signed:   true,
			target:   objects.resource,
		}
		if store.rewritesHost {
			r.rewriteHost = store.host
		}
		newRule(stack, fmt.Sprintf("ObjectsRule%d", i), d.listener, r)
	}
}

func newBalancer(stack awscdk.Stack, s settings, net network, store storage) elb.ApplicationLoadBalancer {
	balancer := elb.NewApplicationLoadBalancer(stack, jsii.String("Door"), &elb.ApplicationLoadBalancerProps{
		Vpc:                     net.vpc,
		VpcSubnets:              isolated,
		InternetFacing:          jsii.Bool(false),
		SecurityGroup:           net.door,
		DropInvalidHeaderFields: jsii.Bool(true),
		// Strictest would also refuse what browsers leave unescaped in a path,
		// such as "|" and "^". Defensive closes the connection after anything
		// ambiguous, so nothing can be smuggled behind it.
		DesyncMitigationMode: elb.DesyncMitigationMode_DEFENSIVE,
		// Host is signed. Where a rule rewrites it, nothing is to be preserved.
		PreserveHostHeader: jsii.Bool(!store.rewritesHost),
		// Below the 340 seconds after which the accelerator forgets a connection.
		IdleTimeout:        seconds(300),
		DeletionProtection: jsii.Bool(s.retain),
	})
	// Links record the client's address, and may be bound to it: the header must
	// be what the load balancer appended, not what the client sent.
	balancer.SetAttribute(jsii.String("routing.http.xff_header_processing.mode"), jsii.String("append"))
	balancer.SetAttribute(jsii.String("routing.http.xff_client_port.enabled"), jsii.String("false"))
	// CDK's own method wants to know the region.
	balancer.SetAttribute(jsii.String("access_logs.s3.enabled"), jsii.String("true"))
	balancer.SetAttribute(jsii.String("access_logs.s3.bucket"), store.logs.BucketName())
	balancer.SetAttribute(jsii.String("access_logs.s3.prefix"), jsii.String(doorLogPrefix))
	// The load balancer writes a test file as soon as logging is on.
	balancer.Node().DefaultChild().(awscdk.CfnResource).AddResourceDependency(policyOf(store.logs), nil)
	return balancer
}

// targetGroup is a target group with the id of its construct.
type targetGroup struct {
	id       string
	resource elb.CfnTargetGroup
}

// health is how a target group asks whether an endpoint lives.
type health struct {
	protocol, port, statuses string
}

var (
	// Without a Host that it knows, the execute-api endpoint answers 403.
	apiHealth = health{protocol: "HTTPS", port: "443", statuses: "403"}
	// Over HTTP the S3 endpoint answers without the name of a bucket.
	s3Health = health{protocol: "HTTP", port: "80", statuses: "200,307,405"}
)

// newTargetGroup makes every address of an endpoint a target, over HTTPS. It is
// written as a resource: CDK's construct can't tell addresses from tokens.
func newTargetGroup(stack awscdk.Stack, id string, vpc awsec2.Vpc, endpoint endpoint, health health) targetGroup {
	var targets []any
	for _, address := range endpoint.addresses {
		targets = append(targets, &elb.CfnTargetGroup_TargetDescriptionProperty{Id: address, Port: number(443)})
	}
	return targetGroup{id: id, resource: elb.NewCfnTargetGroup(stack, jsii.String(id), &elb.CfnTargetGroupProps{
		VpcId:                      vpc.VpcId(),
		TargetType:                 jsii.String("ip"),
		Protocol:                   jsii.String("HTTPS"),
		Port:                       number(443),
		Targets:                    targets,
		HealthCheckProtocol:        jsii.String(health.protocol),
		HealthCheckPort:            jsii.String(health.port),
		HealthCheckPath:            jsii.String("/"),
		Matcher:                    &elb.CfnTargetGroup_MatcherProperty{HttpCode: jsii.String(health.statuses)},
		HealthCheckIntervalSeconds: number(10),
		HealthCheckTimeoutSeconds:  number(5),
		HealthyThresholdCount:      number(2),
		UnhealthyThresholdCount:    number(2),
	})}
}

// newFunctionTarget makes a function a target. It gets headers and query
// parameters that repeat, and there is no health check: each would be an
// invocation, and a function that fails is counted by itself.
func newFunctionTarget(stack awscdk.Stack, id string, f function) elb.CfnTargetGroup {
	// The group's ARN isn't known before the group, which needs the permission:
	// so any group of this account and region.
	permission := awslambda.NewCfnPermission(stack, jsii.String(id+"Permission"), &awslambda.CfnPermissionProps{
		Action:       jsii.String("lambda:InvokeFunction"),
		FunctionName: f.FunctionArn(),
		Principal:    jsii.String("elasticloadbalancing.amazonaws.com"),
		SourceArn: join("arn:", awscdk.Aws_PARTITION(), ":elasticloadbalancing:", awscdk.Aws_REGION(), ":",
			awscdk.Aws_ACCOUNT_ID(), ":targetgroup/*"),
	})
	group := elb.NewCfnTargetGroup(stack, jsii.String(id), &elb.CfnTargetGroupProps{
		TargetType: jsii.String("lambda"),
		Targets:    []any{&elb.CfnTargetGroup_TargetDescriptionProperty{Id: f.FunctionArn()}},
		TargetGroupAttributes: []any{&elb.CfnTargetGroup_TargetGroupAttributeProperty{
			Key: jsii.String("lambda.multi_value_headers.enabled"), Value: jsii.String("true"),
		}},
	})
	group.AddResourceDependency(permission, nil)
	return group
}
