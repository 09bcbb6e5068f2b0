package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"onedoor/lambdas/contract"
)

// networkInterface is one interface of the endpoint.
type networkInterface struct {
	id, subnetID, address string
}

// errNotReady means that EC2 doesn't tell yet; asking again may help.
var errNotReady = errors.New("network interfaces are not ready")

// resource answers the life cycle of Custom::EndpointIPs.
type resource struct {
	describe func(ctx context.Context, ids []string) ([]networkInterface, error)
	// pause is the time between two questions while interfaces are not ready.
	pause  time.Duration
	logger *slog.Logger
}

// answerMargin is kept of the invocation's time to answer CloudFormation.
const answerMargin = 10 * time.Second

// maxReason bounds the text of a failure: CloudFormation takes 4,096 bytes for
// the whole answer and waits on where it is longer.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
const maxReason = 1024

// handle returns the addresses for Create and Update, and nothing for Delete,
// which always succeeds: there is nothing to delete. The physical id is the
// endpoint's, so a new endpoint replaces the resource.
func (r *resource) handle(ctx context.Context, event cfn.Event) (string, map[string]any, error) {
	if event.RequestType == cfn.RequestDelete {
		return event.PhysicalResourceID, nil, nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerMargin))
		defer cancel()
	}
	p, err := parseProperties(event.ResourceProperties)
	if err != nil {
		return event.PhysicalResourceID, nil, brief(err)
	}
	addresses, err := r.addresses(ctx, p)
	if err != nil {
		r.logger.ErrorContext(ctx, "endpoint addresses not found", "endpoint", p.endpointID, "error", err.Error())
		return event.PhysicalResourceID, nil, brief(fmt.Errorf("addresses of endpoint %s: %w", p.endpointID, err))
	}
	data := make(map[string]any, len(addresses))
	for i, address := range addresses {
		data[contract.EndpointIPsAttribute+strconv.Itoa(i)] = address
	}
	r.logger.InfoContext(ctx, "endpoint addresses found", "endpoint", p.endpointID, "addresses", addresses)
	return p.endpointID, data, nil
}

// addresses asks until every interface is there, or ctx ends.
func (r *resource) addresses(ctx context.Context, p properties) ([]string, error) {
	for {
		interfaces, err := r.describe(ctx, p.interfaceIDs)
		if err == nil {
			var addresses []string
			if addresses, err = inSubnetOrder(interfaces, p.subnetIDs); err == nil {
				return addresses, nil
			}
		}
		if !errors.Is(err, errNotReady) {
			return nil, err
		}
		select {
		case <-time.After(r.pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("gave up waiting: %w", err)
		}
	}
}

// inSubnetOrder returns one address for each subnet, in the order of subnetIDs,
// so that the addresses of the others stay in place when a subnet is appended.
func inSubnetOrder(interfaces []networkInterface, subnetIDs []string) ([]string, error) {
	bySubnet := map[string]networkInterface{}
	for _, i := range interfaces {
		if other, found := bySubnet[i.subnetID]; found {
			return nil, fmt.Errorf("subnet %s holds two interfaces, %s and %s; one is expected", i.subnetID, other.id, i.id)
		}
		bySubnet[i.subnetID] = i
	}
	addresses := make([]string, 0, len(subnetIDs))
	for _, subnetID := range subnetIDs {
		i, found := bySubnet[subnetID]
		if !found {
			return nil, fmt.Errorf("%w: none in subnet %s", errNotReady, subnetID)
		}
		if address, err := netip.ParseAddr(i.address); err != nil || !address.Is4() {
			return nil, fmt.Errorf("%w: %s has the address %q", errNotReady, i.id, i.address)
		}
		delete(bySubnet, subnetID)
		addresses = append(addresses, i.address)
	}
	for subnetID, i := range bySubnet {
		return nil, fmt.Errorf("interface %s is in subnet %s, which is not one of %s", i.id, subnetID, strings.Join(subnetIDs, ", "))
	}
	return addresses, nil
}

// properties are the resource's properties in the template.
type properties struct {
	endpointID              string
	interfaceIDs, subnetIDs []string
}

// parseProperties reports all problems at once.
func parseProperties(raw map[string]any) (properties, error) {
	p := properties{}
	p.endpointID, _ = raw[contract.EndpointIPsPropertyEndpoint].(string)
	var errs []error
	if p.endpointID == "" {
		errs = append(errs, propertyError(contract.EndpointIPsPropertyEndpoint, "the id of an interface endpoint"))
	}
	if p.interfaceIDs = stringList(raw[contract.EndpointIPsPropertyInterfaces]); p.interfaceIDs == nil {
		errs = append(errs, propertyError(contract.EndpointIPsPropertyInterfaces, "a list of network interface ids"))
	}
	if p.subnetIDs = stringList(raw[contract.EndpointIPsPropertySubnets]); p.subnetIDs == nil {
		errs = append(errs, propertyError(contract.EndpointIPsPropertySubnets, "a list of subnet ids"))
	}
	return p, errors.Join(errs...)
}

func propertyError(name, want string) error {
	return fmt.Errorf("property %s of %s is missing or malformed; want %s", name, contract.EndpointIPsType, want)
}

// stringList returns nil unless v is a list of strings with at least one.
func stringList(v any) []string {
	items, _ := v.([]any)
	var list []string
	for _, item := range items {
		text, ok := item.(string)
		if !ok || text == "" {
			return nil
		}
		list = append(list, text)
	}
	return list
}

// brief cuts an error to what CloudFormation takes.
func brief(err error) error {
	if text := err.Error(); len(text) > maxReason {
		return errors.New(strings.ToValidUTF8(text[:maxReason], "") + "…")
	}
	return err
}
