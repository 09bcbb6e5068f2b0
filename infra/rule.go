package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"
)

// rule is one listener rule: which requests it takes and where they go. A rule
// holds at most five values in its conditions.
type rule struct {
	priority int
	// host and paths are patterns; matching paths is case-sensitive.
	host           string
	paths, methods []string
	// signed asks for the query parameter that every Signature Version 4 has.
	signed bool
	target elb.CfnTargetGroup
	// rewriteHost, if set, is the Host that the target receives.
	rewriteHost *string
}

// newRule is written as a resource: CDK's construct knows no transforms.
func newRule(stack awscdk.Stack, id string, listener elb.ApplicationListener, r rule) {
	props := &elb.CfnListenerRuleProps{
		ListenerArn: listener.ListenerArn(),
		Priority:    number(r.priority),
		Conditions:  r.conditions(),
		Actions: []any{&elb.CfnListenerRule_ActionProperty{
			Type: jsii.String("forward"), TargetGroupArn: r.target.Ref(),
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
	conditions := []any{
		&elb.CfnListenerRule_RuleConditionProperty{
			Field:            jsii.String("host-header"),
			HostHeaderConfig: &elb.CfnListenerRule_HostHeaderConfigProperty{Values: jsii.Strings(r.host)},
		},
		&elb.CfnListenerRule_RuleConditionProperty{
			Field:             jsii.String("path-pattern"),
			PathPatternConfig: &elb.CfnListenerRule_PathPatternConfigProperty{Values: jsii.Strings(r.paths...)},
		},
		&elb.CfnListenerRule_RuleConditionProperty{
			Field:                   jsii.String("http-request-method"),
			HttpRequestMethodConfig: &elb.CfnListenerRule_HttpRequestMethodConfigProperty{Values: jsii.Strings(r.methods...)},
		},
	}
	if r.signed {
		signature := &elb.CfnListenerRule_QueryStringKeyValueProperty{Key: jsii.String("X-Amz-Signature"), Value: jsii.String("*")}
		conditions = append(conditions, &elb.CfnListenerRule_RuleConditionProperty{
			Field:             jsii.String("query-string"),
			QueryStringConfig: &elb.CfnListenerRule_QueryStringConfigProperty{Values: []any{signature}},
		})
	}
	return conditions
}
