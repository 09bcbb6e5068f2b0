package template

import (
	"regexp"
	"strings"
)

// identity is what Ref and Fn::GetAtt of a resource type yield. In the texts
// {name} is the resource's physical name; {region} and {account} are its
// stack's.
type identity struct {
	// nameProperty holds the physical name; without it, or when it isn't set,
	// the name is made of stack and logical ID.
	nameProperty string
	ref          string
	attributes   map[string]string
}

const (
	functionARN     = "arn:aws:lambda:{region}:{account}:function:{name}"
	tableARN        = "arn:aws:dynamodb:{region}:{account}:table/{name}"
	targetGroupARN  = "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/0000000000000000"
	loadBalancerARN = "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/0000000000000000"
	listenerARN     = "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/{name}/0000000000000000"
	domainNameARN   = "arn:aws:apigateway:{region}:{account}:/domainnames/{name}+local"
)

var identities = map[string]identity{
	"AWS::Lambda::Function": {
		nameProperty: "FunctionName",
		ref:          "{name}",
		attributes:   map[string]string{"Arn": functionARN},
	},
	"AWS::S3::Bucket": {
		nameProperty: "BucketName",
		ref:          "{name}",
		attributes: map[string]string{
			"Arn":                "arn:aws:s3:::{name}",
			"DomainName":         "{name}.s3.amazonaws.com",
			"RegionalDomainName": "{name}.s3.{region}.amazonaws.com",
		},
	},
	"AWS::DynamoDB::Table": {
		nameProperty: "TableName",
		ref:          "{name}",
		attributes:   map[string]string{"Arn": tableARN},
	},
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {
		ref:        loadBalancerARN,
		attributes: map[string]string{"LoadBalancerArn": loadBalancerARN},
	},
	"AWS::ElasticLoadBalancingV2::Listener": {
		ref:        listenerARN,
		attributes: map[string]string{"ListenerArn": listenerARN},
	},
	"AWS::ElasticLoadBalancingV2::TargetGroup": {
		ref:        targetGroupARN,
		attributes: map[string]string{"TargetGroupArn": targetGroupARN},
	},
	"AWS::ApiGateway::RestApi": {
		ref:        "{name}",
		attributes: map[string]string{"RestApiId": "{name}"},
	},
	"AWS::ApiGateway::Deployment": {
		ref:        "{name}",
		attributes: map[string]string{"DeploymentId": "{name}"},
	},
	"AWS::ApiGateway::Stage": {
		nameProperty: "StageName",
		ref:          "{name}",
	},
	"AWS::ApiGateway::DomainNameV2": {
		nameProperty: "DomainName",
		ref:          domainNameARN,
		attributes:   map[string]string{"DomainNameArn": domainNameARN},
	},
	"AWS::EC2::VPCEndpoint": {
		ref:        "vpce-{name}",
		attributes: map[string]string{"Id": "vpce-{name}"},
	},
}

// Ref is what Ref of the resource yields.
func (r *Resource) Ref() (string, error) {
	known, ok := identities[r.Type]
	if !ok {
		return "", r.Errorf("its Ref has no value on this machine")
	}
	return r.fill(known, known.ref)
}

// Name is the physical name: the one that the template gives, else one made of
// stack and logical ID.
func (r *Resource) Name() (string, error) {
	return r.fill(identities[r.Type], "{name}")
}

// ARN is the attribute Arn.
func (r *Resource) ARN() (string, error) {
	return r.attribute("Arn")
}

func (r *Resource) attribute(name string) (string, error) {
	if r.Type == endpointIPs {
		return r.endpointAddress(name)
	}
	known := identities[r.Type]
	text, ok := known.attributes[name]
	if !ok {
		return "", r.Errorf("its attribute %s has no value on this machine", name)
	}
	return r.fill(known, text)
}

func (r *Resource) fill(known identity, text string) (string, error) {
	name := r.Stack.Name + "-" + r.ID
	if r.Type == "AWS::S3::Bucket" {
		name = strings.ToLower(name)
	}
	if given, ok := r.properties[known.nameProperty]; ok {
		var err error
		if name, err = r.Stack.text(given); err != nil {
			return "", r.Errorf("property %s: %w", known.nameProperty, err)
		}
	}
	fill := strings.NewReplacer("{name}", name, "{region}", r.Stack.Region, "{account}", Account)
	return fill.Replace(text), nil
}

// endpointIPs is the custom resource that on AWS looks up the addresses of an
// interface endpoint. Here an address is the name of the endpoint's service,
// such as s3: that is what the load balancer has to know of a target.
const endpointIPs = "Custom::EndpointIPs"

var endpointAddressAttribute = regexp.MustCompile(`^IpAddress[0-9]+$`)

func (r *Resource) endpointAddress(attribute string) (string, error) {
	if !endpointAddressAttribute.MatchString(attribute) {
		return "", r.Errorf("its attribute %s has no value on this machine", attribute)
	}
	var lookup struct {
		NetworkInterfaceIds, ServiceTimeout, ServiceToken, SubnetIds Ignored
		VpcEndpointId                                                string
	}
	if err := r.Decode(&lookup); err != nil {
		return "", err
	}
	endpoint, err := r.Stack.assembly.ByRef("AWS::EC2::VPCEndpoint", lookup.VpcEndpointId)
	if err != nil {
		return "", r.Errorf("%w", err)
	}
	service, err := endpoint.Stack.text(endpoint.properties["ServiceName"])
	if err != nil {
		return "", endpoint.Errorf("property ServiceName: %w", err)
	}
	return service[strings.LastIndex(service, ".")+1:], nil
}
