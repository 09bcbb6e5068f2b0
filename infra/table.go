package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"

	"onedoor/lambdas/contract"
)

// newTable makes the table of one-time links, one row each, found by the hash
// of the link's token. DynamoDB deletes a row when its record has been kept long
// enough, days late at times: nothing relies on it but the size of the table.
func newTable(stack awscdk.Stack, s settings) awsdynamodb.Table {
	return awsdynamodb.NewTable(stack, jsii.String("LinksTable"), &awsdynamodb.TableProps{
		PartitionKey:        &awsdynamodb.Attribute{Name: jsii.String(contract.TablePartitionKey), Type: awsdynamodb.AttributeType_STRING},
		TimeToLiveAttribute: jsii.String(contract.TableTTL),
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		// AWS's key in the account: its use is in the account's trail, and nobody
		// needs a grant for it.
		Encryption: awsdynamodb.TableEncryption_AWS_MANAGED,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
		DeletionProtection: jsii.Bool(s.retain),
		RemovalPolicy:      removal(s),
	})
}
