package template_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onedoor/local/template"
	"onedoor/local/template/templatetest"
)

const network = `{
	"Resources": {
		"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
		"S3Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {
			"ServiceName": {"Fn::Join": ["", ["com.amazonaws.", {"Ref": "AWS::Region"}, ".s3"]]}}},
		"S3Addresses": {"Type": "Custom::EndpointIPs", "Properties": {
			"ServiceToken": {"Fn::GetAtt": ["Nobody", "Arn"]},
			"VpcEndpointId": {"Ref": "S3Endpoint"},
			"NetworkInterfaceIds": {"Fn::GetAtt": ["S3Endpoint", "NetworkInterfaceIds"]},
			"SubnetIds": [{"Ref": "Subnet"}]}}
	},
	"Outputs": {
		"Address": {"Value": {"Fn::GetAtt": ["S3Addresses", "IpAddress0"]}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:address"}}}
	}
}`

// value resolves one property value of a function's environment.
func value(t *testing.T, expression string) (string, error) {
	t.Helper()
	a := templatetest.Load(t, map[string]string{"network": network, "service": `{
		"Parameters": {
			"Color": {"Type": "String", "Default": "blue"},
			"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/version"}
		},
		"Resources": {
			"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files.example.com"}},
			"Logs": {"Type": "AWS::S3::Bucket"},
			"Key": {"Type": "AWS::IAM::Role"},
			"Reader": {"Type": "AWS::Lambda::Function", "Properties": {"Value": ` + expression + `}}
		}
	}`})
	var p struct{ Value string }
	err := a.Resources("AWS::Lambda::Function")[0].Decode(&p)
	return p.Value, err
}

func TestIntrinsicFunctionsResolveToLocalValues(t *testing.T) {
	for expression, want := range map[string]string{
		`"plain"`:                           "plain",
		`3`:                                 "3",
		`true`:                              "true",
		`{"Ref": "AWS::Region"}`:            "eu-central-1",
		`{"Ref": "AWS::AccountId"}`:         "000000000000",
		`{"Ref": "AWS::Partition"}`:         "aws",
		`{"Ref": "AWS::URLSuffix"}`:         "amazonaws.com",
		`{"Ref": "AWS::StackName"}`:         "service",
		`{"Ref": "AWS::NoValue"}`:           "",
		`{"Ref": "Color"}`:                  "blue",
		`{"Ref": "Bucket"}`:                 "files.example.com",
		`{"Ref": "Logs"}`:                   "service-logs",
		`{"Fn::GetAtt": ["Bucket", "Arn"]}`: "arn:aws:s3:::files.example.com",
		`{"Fn::GetAtt": "Reader.Arn"}`:      "arn:aws:lambda:eu-central-1:000000000000:function:service-Reader",
		`{"Fn::Join": ["", ["a", {"Ref": "Color"}, 1]]}`:                                            "ablue1",
		`{"Fn::Join": [",", {"Fn::GetAZs": ""}]}`:                                                   "eu-central-1a,eu-central-1b,eu-central-1c",
		`{"Fn::Select": [1, {"Fn::Split": ["-", "x-y-z"]}]}`:                                        "y",
		`{"Fn::Select": ["0", {"Fn::GetAZs": {"Ref": "AWS::Region"}}]}`:                             "eu-central-1a",
		`{"Fn::Sub": "${Color} ${Bucket.Arn} ${!Literal} ${AWS::Region}"}`:                          "blue arn:aws:s3:::files.example.com ${Literal} eu-central-1",
		`{"Fn::Sub": ["${a}-${Color}", {"a": {"Ref": "Logs"}}]}`:                                    "service-logs-blue",
		`{"Fn::ImportValue": "network:address"}`:                                                    "s3",
		`{"Fn::ImportValue": {"Fn::Join": [":", ["network", "address"]]}}`:                          "s3",
		`{"Fn::Join": ["", [{"Ref": "Bucket"}, ".s3.", {"Ref": "AWS::Region"}, ".amazonaws.com"]]}`: "files.example.com.s3.eu-central-1.amazonaws.com",
	} {
		got, err := value(t, expression)
		if err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", expression, got, err, want)
		}
	}
}

func TestWhatHasNoLocalValueIsNamed(t *testing.T) {
	for expression, want := range map[string]string{
		`{"Ref": "Key"}`:                           "its Ref has no value on this machine",
		`{"Ref": "Nobody"}`:                        "stack service has no resource or parameter Nobody",
		`{"Ref": "BootstrapVersion"}`:              "parameter BootstrapVersion has no value on this machine",
		`{"Fn::GetAtt": ["Bucket", "WebsiteURL"]}`: "its attribute WebsiteURL has no value on this machine",
		`{"Fn::GetAtt": ["Nobody", "Arn"]}`:        "has no resource",
		`{"Fn::ImportValue": "nothing"}`:           "no stack exports nothing",
		`{"Fn::If": ["c", "a", "b"]}`:              "Fn::If: this intrinsic function is not understood",
		`{"Fn::Select": [7, ["a"]]}`:               "no item 7 in a list of 1",
		`["a", "list"]`:                            "want a text",
		`{"Fn::Sub": "${Key.Arn}"}`:                "its attribute Arn has no value on this machine",
	} {
		_, err := value(t, expression)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "resource Reader (AWS::Lambda::Function): property Value") {
			t.Errorf("%s: error %v; want one of property Value that says %q", expression, err, want)
		}
	}
}

func TestDecodeNamesWhatItDoesNotUnderstand(t *testing.T) {
	type known struct {
		Flag  bool
		Count int
		Inner struct {
			Names []string
			Tags  map[string]string
		}
		Secret template.Ignored
		Any    any
	}
	for _, test := range []struct{ name, properties, want string }{
		{"everything known", `{"Flag": "true", "Count": "3", "Inner": {"Names": ["a"], "Tags": {"k": 1}}, "Any": [{"Ref": "AWS::Region"}]}`, ""},
		{"ignored isn't resolved", `{"Secret": {"Ref": "Nobody"}}`, ""},
		{"unknown property", `{"Colour": 1}`, "stack s: resource R (T): property Colour: not understood by the local door"},
		{"unknown property inside", `{"Inner": {"Nested": 1}}`, "property Inner.Nested: not understood"},
		{"lower-case name", `{"flag": true}`, "property flag: not understood"},
		{"no number", `{"Count": "many"}`, `property Count: want a whole number, got "many"`},
		{"no boolean", `{"Flag": "maybe"}`, `property Flag: want true or false, got "maybe"`},
		{"no list", `{"Inner": {"Names": "a"}}`, "property Inner.Names: want a list"},
		{"wrong item", `{"Inner": {"Names": ["a", {}]}}`, "property Inner.Names.1: want a text"},
		{"no object", `{"Inner": []}`, "property Inner: want an object"},
		{"unresolvable inside any", `{"Any": {"x": {"Ref": "Nobody"}}}`, "property Any: x: Ref: stack s has no resource"},
	} {
		a := templatetest.Load(t, map[string]string{"s": `{"Resources": {"R": {"Type": "T", "Properties": ` + test.properties + `}}}`})
		var got known
		err := a.Resources("T")[0].Decode(&got)
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v; want one that says %q", test.name, err, test.want)
		}
	}
}

func TestDecodeKeepsDefaultsOfAbsentProperties(t *testing.T) {
	a := templatetest.Load(t, map[string]string{"s": `{"Resources": {"R": {"Type": "T", "Properties": {
		"Names": ["a", {"Ref": "AWS::Region"}], "Any": {"n": 1, "gone": {"Ref": "AWS::NoValue"}}, "Other": {"Ref": "AWS::NoValue"}}}}}`})
	got := struct {
		Timeout int
		Names   []string
		Other   string
		Any     any
	}{Timeout: 3, Other: "kept"}
	if err := a.Resources("T")[0].Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Timeout != 3 || got.Other != "kept" {
		t.Errorf("defaults became %d, %q; want 3, kept", got.Timeout, got.Other)
	}
	if diff := cmp.Diff([]string{"a", "eu-central-1"}, got.Names); diff != "" {
		t.Errorf("Names mismatch (-want +got):\n%s", diff)
	}
	if inner := got.Any.(map[string]any); len(inner) != 1 {
		t.Errorf("Any = %v; want one entry", inner)
	}
}

func TestCheckNamesEveryUnknownResourceType(t *testing.T) {
	a := templatetest.Load(t, map[string]string{"network": network, "service": `{"Resources": {
		"Pool": {"Type": "AWS::Cognito::UserPool"},
		"Queue": {"Type": "AWS::SQS::Queue"},
		"Bucket": {"Type": "AWS::S3::Bucket"},
		"Role": {"Type": "AWS::IAM::Role"}
	}}`})
	err := a.Check([]string{"AWS::S3::Bucket"})
	want := "stack service: resource Pool (AWS::Cognito::UserPool): this resource type is not understood by the local door\n" +
		"stack service: resource Queue (AWS::SQS::Queue): this resource type is not understood by the local door"
	if err == nil || err.Error() != want {
		t.Errorf("Check: %v; want %s", err, want)
	}
	if err := a.Check([]string{"AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::Cognito::UserPool"}); err != nil {
		t.Errorf("Check with all types served: %v", err)
	}
}

func TestConditionsAreNotUnderstood(t *testing.T) {
	_, err := template.Load(templatetest.Write(t, map[string]string{"s": `{"Resources": {
		"Usage": {"Type": "AWS::CDK::Metadata", "Condition": "Available"},
		"Bucket": {"Type": "AWS::S3::Bucket", "Condition": "Wanted"}
	}}`}))
	if err == nil || !strings.Contains(err.Error(), "stack s: resource Bucket (AWS::S3::Bucket): condition Wanted: conditions are not understood") {
		t.Errorf("Load = %v; want an error that names the condition", err)
	}
}

func TestLoadSaysHowToSynthesize(t *testing.T) {
	if _, err := template.Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make synth") {
		t.Errorf("Load of an empty folder: %v; want a hint at make synth", err)
	}
	if _, err := template.Load(templatetest.Write(t, nil)); err == nil || !strings.Contains(err.Error(), "no stack") {
		t.Errorf("Load without stacks: %v; want an error", err)
	}
}
