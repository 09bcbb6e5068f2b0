package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
)

// describeOnEC2 asks EC2 for network interfaces. An interface that EC2 doesn't
// know, or not yet, is errNotReady.
func describeOnEC2(ctx context.Context, ids []string) ([]networkInterface, error) {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	output, err := ec2.NewFromConfig(settings).DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: ids})
	var apiError smithy.APIError
	if errors.As(err, &apiError) && apiError.ErrorCode() == "InvalidNetworkInterfaceID.NotFound" {
		return nil, fmt.Errorf("%w: %s", errNotReady, apiError.ErrorMessage())
	}
	if err != nil {
		return nil, fmt.Errorf("describe network interfaces: %w", err)
	}
	interfaces := make([]networkInterface, 0, len(output.NetworkInterfaces))
	for _, i := range output.NetworkInterfaces {
		interfaces = append(interfaces, networkInterface{
			id:       aws.ToString(i.NetworkInterfaceId),
			subnetID: aws.ToString(i.SubnetId),
			address:  aws.ToString(i.PrivateIpAddress),
		})
	}
	return interfaces, nil
}
