package main

import (

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// door is the load balancer that decides where a request goes.
type door struct {
	balancer     elb.ApplicationLoadBalancer
	fullName     *string
	listeners    []constructs.IDependable
	targetGroups []targetGroup
}

// targetGroup is a target group with the id of its construct.
type targetGroup struct {
	id       string
	resource elb.CfnTargetGroup
}

func newDoor(stack awscdk.Stack, s settings, network network, storage storage, domain domain) door {
	balancer := newBalancer(stack, s, network, storage)
	redirect := balancer.AddListener(jsii.String("Http"), &elb.BaseApplicationListenerProps{
		Port: jsii.Number(80),
		Open: jsii.Bool(false),
		DefaultAction: elb.ListenerAction_Redirect(&elb.RedirectOptions{
			Protocol: jsii.String("HTTPS"), Port: jsii.String("443"), Permanent: jsii.Bool(true),
		}),
	})
	listener := balancer.AddListener(jsii.String("Https"), &elb.BaseApplicationListenerProps{
		Port:         jsii.Number(443),
		Open:         jsii.Bool(false),
		Certificates: &[]elb.IListenerCertificate{elb.ListenerCertificate_FromCertificateManager(domain.certificate)},
		SslPolicy:    elb.SslPolicy_TLS13_12_RES_PQ,
		DefaultAction: elb.ListenerAction_FixedResponse(jsii.Number(404), &elb.FixedResponseOptions{
			ContentType: jsii.String("application/json"),
			MessageBody: jsii.String(`{"type":"about:blank","title":"Not Found","status":404,"detail":"Nothing is served here."}`),
		}),
	})
	api := newTargetGroup(stack, "ApiTargets", network.vpc, network.api, apiHealth)
	objects := newTargetGroup(stack, "S3Targets", network.vpc, network.s3, s3Health)
	addRule(stack, "PresignRule", listener, rule{
		priority: 10, host: s.domain, path: contract.PresignRoot + "*", methods: presignMethods, target: api,
	})
	signed := rule{
		priority: 20, host: s.domain, path: contract.ObjectsRoot + "*", methods: downloadMethods, signed: true, target: objects,
	}
	if storage.rewritesHost {
		signed.rewriteHost = storage.host
	}
	addRule(stack, "ObjectsRule", listener, signed)
	return door{
		balancer:     balancer,
		fullName:     balancer.LoadBalancerFullName(),
		listeners:    []constructs.IDependable{redirect, listener},
		targetGroups: []targetGroup{api, objects},
	}
}

func newBalancer(stack awscdk.Stack, s settings, network network, storage storage) elb.ApplicationLoadBalancer {
	balancer := elb.NewApplicationLoadBalancer(stack, jsii.String("Door"), &elb.ApplicationLoadBalancerProps{
		Vpc:                     network.vpc,
		VpcSubnets:              &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		InternetFacing:          jsii.Bool(false),
		SecurityGroup:           network.doorGroup,
		DropInvalidHeaderFields: jsii.Bool(true),
		DesyncMitigationMode:    elb.DesyncMitigationMode_STRICTEST,
		PreserveHostHeader:      jsii.Bool(true),
		IdleTimeout:             awscdk.Duration_Seconds(jsii.Number(120)),
		DeletionProtection:      jsii.Bool(s.retain),
	})
	balancer.SetAttribute(jsii.String("access_logs.s3.enabled"), jsii.String("true"))
	balancer.SetAttribute(jsii.String("access_logs.s3.bucket"), storage.logs.BucketName())
	balancer.SetAttribute(jsii.String("access_logs.s3.prefix"), jsii.String(doorLogPrefix))
	// The load balancer tries to write when logging is switched on.
	resource := balancer.Node().DefaultChild().(awscdk.CfnResource)
	resource.AddResourceDependency(storage.logs.Policy().Node().DefaultChild().(awscdk.CfnResource), nil)
	return balancer
}

// health is how a target group asks whether an endpoint lives.
type health struct {
	protocol, port, path, statuses string
}

var (
	// apiHealth: without a Host that it knows, the execute-api endpoint answers 403.
	apiHealth = health{protocol: "HTTPS", port: "443", path: "/", statuses: "403"}
	// s3Health asks over HTTP, where the S3 endpoint answers without a bucket.
	s3Health = health{protocol: "HTTP", port: "80", path: "/", statuses: "200,307,405"}
)

// newTargetGroup makes every address of an endpoint a target. Requests go over
// HTTPS.
func newTargetGroup(stack awscdk.Stack, id string, vpc awsec2.Vpc, endpoint endpoint, health health) targetGroup {
	var targets []any
	for _, address := range endpoint.addresses {
		targets = append(targets, &elb.CfnTargetGroup_TargetDescriptionProperty{Id: address, Port: jsii.Number(443)})
	}
	return targetGroup{id: id, resource: elb.NewCfnTargetGroup(stack, jsii.String(id), &elb.CfnTargetGroupProps{
		VpcId:                      vpc.VpcId(),
		TargetType:                 jsii.String("ip"),
		Protocol:                   jsii.String("HTTPS"),
		Port:                       jsii.Number(443),
		Targets:                    targets,
		HealthCheckProtocol:        jsii.String(health.protocol),
		HealthCheckPort:            jsii.String(health.port),
		HealthCheckPath:            jsii.String(health.path),
		Matcher:                    &elb.CfnTargetGroup_MatcherProperty{HttpCode: jsii.String(health.statuses)},
		HealthCheckIntervalSeconds: jsii.Number(10),
		HealthCheckTimeoutSeconds:  jsii.Number(5),
		HealthyThresholdCount:      jsii.Number(2),
		UnhealthyThresholdCount:    jsii.Number(2),
		TargetGroupAttributes: []any{
			&elb.CfnTargetGroup_TargetGroupAttributeProperty{Key: jsii.String("deregistration_delay.timeout_seconds"), Value: jsii.String("30")},
		},
	})}
}

// rule is one listener rule: which requests it takes and where they go. At most
// five values of conditions fit in a rule.
type rule struct {
	priority   int
	host, path string
	methods    []string
	// signed asks for the query parameter of a Signature Version 4 signature.
	signed bool
	target targetGroup
	// rewriteHost, if set, is the Host that the target gets.
	rewriteHost *string
}

func addRule(stack awscdk.Stack, id string, listener elb.ApplicationListener, r rule) {
	props := &elb.CfnListenerRuleProps{
		ListenerArn: listener.ListenerArn(),
		Priority:    jsii.Number(float64(r.priority)),
		Conditions:  r.conditions(),
		Actions: []any{&elb.CfnListenerRule_ActionProperty{
			Type: jsii.String("forward"), TargetGroupArn: r.target.resource.Ref(),
		}},
	}
	if r.rewriteHost != nil {
		props.Transforms = []any{&elb.CfnListenerRule_TransformProperty{
			Type: jsii.String("host-header-rewrite"),
			HostHeaderRewriteConfig: &elb.CfnListenerRule_RewriteConfigObjectProperty{
				Rewrites: []any{&elb.CfnListenerRule_RewriteConfigProperty{Regex: jsii.String("^.*$"), Replace: r.rewriteHost}},
			},
		}}
	}
	elb.NewCfnListenerRule(stack, jsii.String(id), props)
}

func (r rule) conditions() []any {
	all := []any{
		&elb.CfnListenerRule_RuleConditionProperty{
			Field:            jsii.String("host-header"),
			HostHeaderConfig: &elb.CfnListenerRule_HostHeaderConfigProperty{Values: jsii.Strings(r.host)},
		},
		&elb.CfnListenerRule_RuleConditionProperty{
			Field:             jsii.String("path-pattern"),
			PathPatternConfig: &elb.CfnListenerRule_PathPatternConfigProperty{Values: jsii.Strings(r.path)},
		},
		&elb.CfnListenerRule_RuleConditionProperty{
			Field:                   jsii.String("http-request-method"),
			HttpRequestMethodConfig: &elb.CfnListenerRule_HttpRequestMethodConfigProperty{Values: jsii.Strings(r.methods...)},
		},
	}
	if r.signed {
		all = append(all, &elb.CfnListenerRule_RuleConditionProperty{
			Field: jsii.String("query-string"),
			QueryStringConfig: &elb.CfnListenerRule_QueryStringConfigProperty{Values: []any{
				&elb.CfnListenerRule_QueryStringKeyValueProperty{Key: jsii.String("X-Amz-Signature"), Value: jsii.String("*")},
			}},
		})
	}
	return all
}

