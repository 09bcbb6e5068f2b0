package main

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// join concatenates texts (string) and what only CloudFormation knows (*string).
func join(parts ...any) *string {
	list := make([]*string, len(parts))
	for i, part := range parts {
		if text, isText := part.(string); isText {
			part = &text
		}
		list[i] = part.(*string)
	}
	return awscdk.Fn_Join(jsii.String(""), &list)
}

// executeARN is the ARN of what callers of REST APIs invoke in this account and
// region.
func executeARN(resource ...any) *string {
	return join(append([]any{"arn:", awscdk.Aws_PARTITION(), ":execute-api:", awscdk.Aws_REGION(), ":", awscdk.Aws_ACCOUNT_ID(), ":"}, resource...)...)
}

func seconds(n int) awscdk.Duration { return awscdk.Duration_Seconds(number(n)) }

func days(n int) awscdk.Duration { return awscdk.Duration_Days(number(n)) }

func number(n int) *float64 { return jsii.Number(float64(n)) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// finding is a rule of cdk-nag with the reason why it doesn't hold here.
type finding struct {
	rule, reason string
	// of, where set, is a regular expression: only the parts of the finding that
	// it matches are acknowledged.
	of string
}

// acknowledge records, beside a construct, findings that are right as they are.
func acknowledge(scope constructs.IConstruct, findings ...finding) {
	var suppressions []*cdknag.NagPackSuppression
	for _, f := range findings {
		suppression := &cdknag.NagPackSuppression{Id: jsii.String(f.rule), Reason: jsii.String(f.reason)}
		if f.of != "" {
			suppression.AppliesTo = &[]any{&cdknag.RegexAppliesTo{Regex: jsii.String("/" + f.of + "/")}}
		}
		suppressions = append(suppressions, suppression)
	}
	cdknag.NagSuppressions_AddResourceSuppressions(scope, &suppressions, jsii.Bool(true))
}
