package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// api is the private REST API.
type api struct {
	name     string
	resource awsapigateway.CfnRestApi
}

// newAPI makes the REST API that only our endpoint can call, and the private
// custom domain under which it is called. It is written as resources: what CDK
// has for documents adds a domain, a role and permissions of its own.
func newAPI(stack awscdk.Stack, s settings, document contractDocument, net network, dom domain, functions map[string]function) api {
	body := document.body(func(name string) *string { return integrationURI(functions[name]) })
	policy := invokeThroughOurEndpoint(net, ownRoutes(s, document))
	rest := api{name: "onedoor-" + s.stage}
	rest.resource = awsapigateway.NewCfnRestApi(stack, jsii.String("Api"), &awsapigateway.CfnRestApiProps{
		Name:        jsii.String(rest.name),
		Description: jsii.String(document.doc.Info.Title),
		Body:        body,
		Policy:      policy,
		// The only name of the API is the private custom domain's.
		DisableExecuteApiEndpoint: jsii.Bool(true),
		EndpointConfiguration: &awsapigateway.CfnRestApi_EndpointConfigurationProperty{
			Types:          jsii.Strings("PRIVATE"),
			VpcEndpointIds: &[]*string{net.api.id},
		},
	})
	acknowledge(rest.resource, finding{
		rule:   "AwsSolutions-APIG2",
		reason: "The functions check every parameter themselves and answer with problem details; keys are opaque to API Gateway.",
	})
	// A deployment is a snapshot. Another id makes CloudFormation take another.
	deployment := awsapigateway.NewCfnDeployment(stack, jsii.String("ApiDeployment"+digest(stack, body, policy)), &awsapigateway.CfnDeploymentProps{
		RestApiId: rest.resource.Ref(),
	})
	stage := newStage(stack, s, rest, deployment)
	newPrivateDomain(stack, s, net, dom, rest, stage)
	for _, r := range document.apiRoutes() {
		newPermission(stack, s, rest, r, functions[r.function])
	}
	return rest
}

// digest changes with anything that a deployment freezes.
func digest(stack awscdk.Stack, parts ...any) string {
	text, err := json.Marshal(stack.Resolve(parts))
	if err != nil {
		panic(err) // what CDK resolved came from JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// accessLog is the JSON line of a request. It holds the path, and with it the
// key, and never the query string. Balancer is the load balancer's address: the
// client's is in the log lines of load balancer and functions.
var accessLog = map[string]string{
	"requestId":            "$context.requestId",
	"time":                 "$context.requestTime",
	"method":               "$context.httpMethod",
	"path":                 "$context.path",
	"domain":               "$context.domainName",
	"status":               "$context.status",
	"error":                "$context.error.responseType",
	"latencyMs":            "$context.responseLatency",
	"integrationStatus":    "$context.integration.status",
	"integrationLatencyMs": "$context.integration.latency",
	"responseBytes":        "$context.responseLength",
	"vpcEndpoint":          "$context.identity.vpceId",
	"balancer":             "$context.identity.sourceIp",
}

func newStage(stack awscdk.Stack, s settings, rest api, deployment awsapigateway.CfnDeployment) awsapigateway.CfnStage {
	format, err := json.Marshal(accessLog)
	if err != nil {
		panic(err) // a map of strings
	}
	stage := awsapigateway.NewCfnStage(stack, jsii.String("ApiStage"), &awsapigateway.CfnStageProps{
		RestApiId:    rest.resource.Ref(),
		DeploymentId: deployment.Ref(),
		StageName:    jsii.String(s.stage),
		AccessLogSetting: &awsapigateway.CfnStage_AccessLogSettingProperty{
			DestinationArn: newLogGroup(stack, "ApiLogGroup", s).LogGroupArn(),
			Format:         jsii.String(string(format)),
		},
		MethodSettings: []any{&awsapigateway.CfnStage_MethodSettingProperty{
			HttpMethod:           jsii.String("*"),
			ResourcePath:         jsii.String("/*"),
			MetricsEnabled:       jsii.Bool(true),
			LoggingLevel:         jsii.String("OFF"),
			DataTraceEnabled:     jsii.Bool(false),
			ThrottlingRateLimit:  number(s.throttle.rate),
			ThrottlingBurstLimit: number(s.throttle.burst),
		}},
	})
	acknowledge(stage,
		finding{
			rule:   "AwsSolutions-APIG3",
			reason: "The API is private: requests come from our load balancer alone, whose rules pin host, method and path, and the stage is throttled. A web ACL, where one is wanted, belongs on the load balancer, which also guards what the API does not see.",
		},
		finding{
			rule:   "AwsSolutions-APIG6",
			reason: "Execution logs hold query strings and headers, which are secrets here. The access log has one line per request without them.",
		})
	if s.cloudWatchRole {
		stage.AddResourceDependency(newLogWriter(stack), nil)
	}
	return stage
}

// newLogWriter sets the role by which API Gateway writes logs in this account
// and region. It outlives the stack, since other APIs may use it.
func newLogWriter(stack awscdk.Stack) awsapigateway.CfnAccount {
	role := awsiam.NewRole(stack, jsii.String("ApiLogRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), nil),
		ManagedPolicies: &[]awsiam.IManagedPolicy{
			awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AmazonAPIGatewayPushToCloudWatchLogs")),
		},
	})
	acknowledge(role, finding{
		rule:   "AwsSolutions-IAM4",
		reason: "The role is the account's, for all its APIs, and this is the policy that AWS documents and keeps for it.",
		of:     `AmazonAPIGatewayPushToCloudWatchLogs$`,
	})
	role.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
	account := awsapigateway.NewCfnAccount(stack, jsii.String("ApiAccount"), &awsapigateway.CfnAccountProps{CloudWatchRoleArn: role.RoleArn()})
	account.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	return account
}

// newPrivateDomain gives the API the public domain's name inside the endpoint,
// with an empty base path, so that paths are the public ones.
func newPrivateDomain(stack awscdk.Stack, s settings, net network, dom domain, rest api, stage awsapigateway.CfnStage) {
	name := awsapigateway.NewCfnDomainNameV2(stack, jsii.String("ApiDomain"), &awsapigateway.CfnDomainNameV2Props{
		DomainName:     jsii.String(s.domain),
		CertificateArn: dom.certificate.CertificateArn(),
		SecurityPolicy: jsii.String("TLS_1_2"), // there is no later one for private domains
		EndpointConfiguration: &awsapigateway.CfnDomainNameV2_EndpointConfigurationProperty{
			Types: jsii.Strings("PRIVATE"),
		},
		Policy: invokeThroughOurEndpoint(net, []string{"execute-api:/*"}),
	})
	mapping := awsapigateway.NewCfnBasePathMappingV2(stack, jsii.String("ApiMapping"), &awsapigateway.CfnBasePathMappingV2Props{
		DomainNameArn: name.AttrDomainNameArn(),
		RestApiId:     rest.resource.Ref(),
		Stage:         jsii.String(s.stage),
	})
	mapping.AddResourceDependency(stage, nil)
	awsapigateway.NewCfnDomainNameAccessAssociation(stack, jsii.String("ApiDomainAccess"), &awsapigateway.CfnDomainNameAccessAssociationProps{
		DomainNameArn:               name.AttrDomainNameArn(),
		AccessAssociationSource:     net.api.id,
		AccessAssociationSourceType: jsii.String("VPCE"),
	})
}

// ownRoutes are the API's routes as its resource policy calls them.
func ownRoutes(s settings, document contractDocument) []string {
	var routes []string
	for _, name := range document.invocations(s.stage) {
		routes = append(routes, "execute-api:"+name)
	}
	return routes
}

// invokeThroughOurEndpoint is a resource policy. Private APIs and domains refuse
// whatever their policy doesn't allow.
func invokeThroughOurEndpoint(net network, resources []string) map[string]any {
	return map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect":    "Allow",
			"Principal": "*",
			"Action":    "execute-api:Invoke",
			"Resource":  resources,
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": net.api.id}},
		}},
	}
}

// integrationURI is how the API calls a function.
func integrationURI(f function) *string {
	return join("arn:", awscdk.Aws_PARTITION(), ":apigateway:", awscdk.Aws_REGION(),
		":lambda:path/2015-03-31/functions/", f.FunctionArn(), "/invocations")
}

// newPermission lets one route of the API invoke its function.
func newPermission(stack awscdk.Stack, s settings, rest api, r route, f function) {
	awslambda.NewCfnPermission(stack, jsii.String(r.id+"Permission"), &awslambda.CfnPermissionProps{
		Action:       jsii.String("lambda:InvokeFunction"),
		FunctionName: f.FunctionArn(),
		Principal:    jsii.String("apigateway.amazonaws.com"),
		SourceArn:    executeARN(rest.resource.Ref(), "/"+s.stage+"/"+r.method+r.pattern()),
	})
}
