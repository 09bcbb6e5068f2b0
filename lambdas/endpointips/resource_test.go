package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/contract"
)

// cloudFormation is the side of CloudFormation that waits for the answer.
type cloudFormation struct {
	url     string
	answers chan map[string]any
}

func newCloudFormation(t *testing.T) *cloudFormation {
	c := &cloudFormation{answers: make(chan map[string]any, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPut || len(body) > 4096 {
			t.Errorf("answer by %s with %d bytes, %v; want PUT with at most 4096", r.Method, len(body), err)
		}
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Errorf("answer %q: %v", body, err)
		}
		c.answers <- answer
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// run sends one event through the function as main wires it and returns what
// CloudFormation got.
func (c *cloudFormation) run(t *testing.T, r *resource, event cfn.Event) map[string]any {
	t.Helper()
	event.ResponseURL = c.url + "/answer?signature=abc"
	event.RequestID, event.StackID, event.LogicalResourceID = "request-1", "stack-1", "EndpointIPs"
	_, err := cfn.LambdaWrap(r.handle)(t.Context(), event)
	if err != nil {
		t.Fatalf("the function did not answer: %v", err)
	}
	select {
	case answer := <-c.answers:
		return answer
	default:
		t.Fatal("CloudFormation got no answer")
		return nil
	}
}

func newResource(describe func(context.Context, []string) ([]networkInterface, error)) *resource {
	return &resource{describe: describe, pause: time.Millisecond, logger: slog.New(slog.DiscardHandler)}
}

func returns(interfaces ...networkInterface) func(context.Context, []string) ([]networkInterface, error) {
	return func(context.Context, []string) ([]networkInterface, error) { return interfaces, nil }
}

func testProperties() map[string]any {
	return map[string]any{
		contract.EndpointIPsPropertyEndpoint:   "vpce-1",
		contract.EndpointIPsPropertyInterfaces: []any{"eni-b", "eni-a"},
		contract.EndpointIPsPropertySubnets:    []any{"subnet-a", "subnet-b"},
	}
}

var (
	interfaceA = networkInterface{id: "eni-a", subnetID: "subnet-a", address: "10.0.1.10"}
	interfaceB = networkInterface{id: "eni-b", subnetID: "subnet-b", address: "10.0.2.10"}
)

func TestCreateAndUpdateReturnEveryAddressInSubnetOrder(t *testing.T) {
	for _, requestType := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
		var asked []string
		r := newResource(func(_ context.Context, ids []string) ([]networkInterface, error) {
			asked = ids
			return []networkInterface{interfaceB, interfaceA}, nil
		})
		answer := newCloudFormation(t).run(t, r, cfn.Event{
			RequestType: requestType, PhysicalResourceID: "vpce-0", ResourceProperties: testProperties(),
		})
		if answer["Status"] != "SUCCESS" || answer["PhysicalResourceId"] != "vpce-1" {
			t.Errorf("%s: answer = %v; want SUCCESS for vpce-1", requestType, answer)
		}
		if diff := cmp.Diff(map[string]any{"IpAddress0": "10.0.1.10", "IpAddress1": "10.0.2.10"}, answer["Data"]); diff != "" {
			t.Errorf("%s: data mismatch (-want +got):\n%s", requestType, diff)
		}
		if !slices.Equal(asked, []string{"eni-b", "eni-a"}) {
			t.Errorf("%s: asked for %q", requestType, asked)
		}
	}
}

func TestDeleteAlwaysSucceedsAndAsksNothing(t *testing.T) {
	r := newResource(func(context.Context, []string) ([]networkInterface, error) {
		t.Error("Delete asked EC2")
		return nil, nil
	})
	answer := newCloudFormation(t).run(t, r, cfn.Event{RequestType: cfn.RequestDelete, PhysicalResourceID: "vpce-1"})
	if answer["Status"] != "SUCCESS" || answer["PhysicalResourceId"] != "vpce-1" {
		t.Errorf("answer = %v; want SUCCESS for vpce-1", answer)
	}
}

func TestWaitsForInterfacesThatAreNotReady(t *testing.T) {
	calls := 0
	r := newResource(func(context.Context, []string) ([]networkInterface, error) {
		switch calls++; calls {
		case 1:
			return nil, errNotReady
		case 2:
			return []networkInterface{interfaceA}, nil
		case 3:
			return []networkInterface{interfaceA, {id: "eni-b", subnetID: "subnet-b"}}, nil
		default:
			return []networkInterface{interfaceA, interfaceB}, nil
		}
	})
	answer := newCloudFormation(t).run(t, r, cfn.Event{RequestType: cfn.RequestCreate, ResourceProperties: testProperties()})
	if answer["Status"] != "SUCCESS" || calls != 4 {
		t.Errorf("answer = %v after %d calls; want SUCCESS after 4", answer, calls)
	}
}

func TestFailuresAreAnsweredWithTheReason(t *testing.T) {
	for _, test := range []struct {
		name       string
		describe   func(context.Context, []string) ([]networkInterface, error)
		properties map[string]any
		says       string
	}{
		{"EC2 refuses", func(context.Context, []string) ([]networkInterface, error) {
			return nil, errors.New("UnauthorizedOperation")
		}, testProperties(), "addresses of endpoint vpce-1: UnauthorizedOperation"},
		{"no properties", nil, nil, "VpcEndpointId"},
		{"malformed list", nil, map[string]any{
			contract.EndpointIPsPropertyEndpoint: "vpce-1", contract.EndpointIPsPropertyInterfaces: []any{1}, contract.EndpointIPsPropertySubnets: []any{"subnet-a"},
		}, "NetworkInterfaceIds"},
		{"two in a subnet", returns(interfaceA, interfaceB, networkInterface{id: "eni-c", subnetID: "subnet-b", address: "10.0.2.11"}), testProperties(), "two interfaces"},
		{"one elsewhere", returns(interfaceA, interfaceB, networkInterface{id: "eni-c", subnetID: "subnet-c", address: "10.0.3.11"}), testProperties(), "eni-c"},
		{"long reason", func(context.Context, []string) ([]networkInterface, error) {
			return nil, errors.New(strings.Repeat("한", 4096))
		}, testProperties(), "…"},
	} {
		answer := newCloudFormation(t).run(t, newResource(test.describe), cfn.Event{RequestType: cfn.RequestCreate, ResourceProperties: test.properties})
		reason, _ := answer["Reason"].(string)
		if answer["Status"] != "FAILED" || !strings.Contains(reason, test.says) {
			t.Errorf("%s: answer = %v; want FAILED because of %q", test.name, answer, test.says)
		}
	}
}

func TestFailedUpdateKeepsThePhysicalID(t *testing.T) {
	answer := newCloudFormation(t).run(t, newResource(nil), cfn.Event{RequestType: cfn.RequestUpdate, PhysicalResourceID: "vpce-1"})
	if answer["Status"] != "FAILED" || answer["PhysicalResourceId"] != "vpce-1" {
		t.Errorf("answer = %v; want FAILED for vpce-1, or CloudFormation deletes it", answer)
	}
}

func TestPanicIsAnsweredToo(t *testing.T) {
	cloudFormation := newCloudFormation(t)
	r := newResource(func(context.Context, []string) ([]networkInterface, error) { panic("boom") })
	event := cfn.Event{RequestType: cfn.RequestCreate, RequestID: "request-1", ResponseURL: cloudFormation.url, ResourceProperties: testProperties()}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed; Lambda should log it")
			}
		}()
		_, _ = cfn.LambdaWrap(r.handle)(t.Context(), event)
	}()
	if answer := <-cloudFormation.answers; answer["Status"] != "FAILED" {
		t.Errorf("answer = %v; want FAILED", answer)
	}
}

func TestAnswersBeforeTheInvocationEnds(t *testing.T) {
	r := newResource(func(context.Context, []string) ([]networkInterface, error) { return nil, errNotReady })
	ctx, cancel := context.WithTimeout(t.Context(), answerMargin+50*time.Millisecond)
	defer cancel()
	_, _, err := r.handle(ctx, cfn.Event{RequestType: cfn.RequestCreate, ResourceProperties: testProperties()})
	if err == nil || !strings.Contains(err.Error(), "gave up waiting") {
		t.Errorf("error = %v; want one that says it gave up", err)
	}
	if ctx.Err() != nil {
		t.Error("the invocation's time was used up before the answer")
	}
}
