package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// presignMethods and downloadMethods are what the door lets through.
var (
	presignMethods  = []string{"GET", "HEAD"}
	downloadMethods = []string{"GET", "HEAD"}
)

// api is the private REST API.
type api struct {
	name     string
	resource awsapigateway.CfnRestApi
}

// newAPI makes the REST API that the endpoint alone can call, and the private
// custom domain under which it does.
func newAPI(stack awscdk.Stack, s settings, network network, definition apiDefinition, domain domain, functions map[string]function) api {
	body := definition.body(func(name string) *string { return integrationURI(functions[name]) })
	policy := invokePolicy(s, network)
	made := api{name: "onedoor-" + s.stage}
	made.resource = awsapigateway.NewCfnRestApi(stack, jsii.String("Api"), &awsapigateway.CfnRestApiProps{
		Name:                      jsii.String(made.name),
		Description:               jsii.String("onedoor: presigned URLs"),
		Body:                      body,
		Policy:                    policy,
		DisableExecuteApiEndpoint: jsii.Bool(true),
		FailOnWarnings:            jsii.Bool(true),
		EndpointConfiguration: &awsapigateway.CfnRestApi_EndpointConfigurationProperty{
			Types:          jsii.Strings("PRIVATE"),
			VpcEndpointIds: &[]*string{network.api.id},
		},
	})
	deployment := awsapigateway.NewCfnDeployment(stack, jsii.String("ApiDeployment"+digest(stack, body, policy)), &awsapigateway.CfnDeploymentProps{
		RestApiId: made.resource.Ref(),
	})
	stage := newStage(stack, s, made, deployment)
	newPrivateDomain(stack, s, network, domain, made, stage)
	for _, route := range definition.routes() {
		newPermission(stack, s, made, route, functions[route.function])
	}
	return made
}

// digest changes with anything that a deployment freezes.
func digest(stack awscdk.Stack, parts ...any) string {
	text, err := json.Marshal(stack.Resolve(parts))
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// accessLog is one JSON line per request. It holds the path, which is the key,
// and never the query string.
var accessLog = map[string]string{
	"requestId":          "$context.requestId",
	"time":               "$context.requestTime",
	"method":             "$context.httpMethod",
	"path":               "$context.path",
	"status":             "$context.status",
	"error":              "$context.error.responseType",
	"latencyMs":          "$context.responseLatency",
	"integrationStatus":  "$context.integration.status",
	"integrationLatency": "$context.integration.latency",
	"responseBytes":      "$context.responseLength",
	"domain":             "$context.domainName",
	"vpcEndpoint":        "$context.identity.vpceId",
	"balancer":           "$context.identity.sourceIp",
}

func newStage(stack awscdk.Stack, s settings, api api, deployment awsapigateway.CfnDeployment) awsapigateway.CfnStage {
	format, err := json.Marshal(accessLog)
	if err != nil {
		panic(err)
	}
	stage := awsapigateway.NewCfnStage(stack, jsii.String("ApiStage"), &awsapigateway.CfnStageProps{
		RestApiId:    api.resource.Ref(),
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
			ThrottlingRateLimit:  jsii.Number(float64(s.throttle.rate)),
			ThrottlingBurstLimit: jsii.Number(float64(s.throttle.burst)),
		}},
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
	role.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
	account := awsapigateway.NewCfnAccount(stack, jsii.String("ApiAccount"), &awsapigateway.CfnAccountProps{CloudWatchRoleArn: role.RoleArn()})
	account.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	return account
}

// newPrivateDomain gives the API the public domain's name inside the endpoint,
// with an empty base path, so that paths are the public ones.
func newPrivateDomain(stack awscdk.Stack, s settings, network network, domain domain, api api, stage awsapigateway.CfnStage) {
	name := awsapigateway.NewCfnDomainNameV2(stack, jsii.String("ApiDomain"), &awsapigateway.CfnDomainNameV2Props{
		DomainName:     jsii.String(s.domain),
		CertificateArn: domain.certificate.CertificateArn(),
		SecurityPolicy: jsii.String("TLS_1_2"),
		EndpointConfiguration: &awsapigateway.CfnDomainNameV2_EndpointConfigurationProperty{
			Types: jsii.Strings("PRIVATE"),
		},
		Policy: allowInvoke(network, "execute-api:/*"),
	})
	mapping := awsapigateway.NewCfnBasePathMappingV2(stack, jsii.String("ApiMapping"), &awsapigateway.CfnBasePathMappingV2Props{
		DomainNameArn: name.AttrDomainNameArn(),
		RestApiId:     api.resource.Ref(),
		Stage:         jsii.String(s.stage),
	})
	mapping.AddResourceDependency(stage, nil)
	awsapigateway.NewCfnDomainNameAccessAssociation(stack, jsii.String("ApiDomainAccess"), &awsapigateway.CfnDomainNameAccessAssociationProps{
		DomainNameArn:               name.AttrDomainNameArn(),
		AccessAssociationSource:     network.api.id,
		AccessAssociationSourceType: jsii.String("VPCE"),
	})
}

// invokePolicy is the API's resource policy: our routes, through our endpoint.
func invokePolicy(s settings, network network) map[string]any {
	var resources []string
	for _, method := range presignMethods {
		resources = append(resources, "execute-api:/"+s.stage+"/"+method+contract.PresignRoot+"*")
	}
	return allowInvoke(network, resources...)
}

// allowInvoke is a policy that lets anybody invoke through our endpoint; a
// private API refuses whatever its policy doesn't allow.
func allowInvoke(network network, resources ...string) map[string]any {
	return map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect":    "Allow",
			"Principal": "*",
			"Action":    "execute-api:Invoke",
			"Resource":  resources,
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": network.api.id}},
		}},
	}
}

// integrationURI is how the API calls a function.
func integrationURI(f function) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{
		jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":apigateway:"), awscdk.Aws_REGION(),
		jsii.String(":lambda:path/2015-03-31/functions/"), f.FunctionArn(), jsii.String("/invocations"),
	})
}

// newPermission lets one route of the API invoke its function.
func newPermission(stack awscdk.Stack, s settings, api api, r route, f function) {
	awslambda.NewCfnPermission(stack, jsii.String(f.id+r.id()+"Permission"), &awslambda.CfnPermissionProps{
		Action:       jsii.String("lambda:InvokeFunction"),
		FunctionName: f.FunctionArn(),
		Principal:    jsii.String("apigateway.amazonaws.com"),
		SourceArn:    executeARN(*api.resource.Ref() + "/" + s.stage + "/" + r.method + r.pattern()),
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
