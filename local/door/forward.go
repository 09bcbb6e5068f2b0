package door

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"onedoor/local/ids"
	"onedoor/local/template"
)

// balancerAddress is where targets see requests come from: an address of the
// VPC that no client has.
const balancerAddress = "10.0.0.10:443"

// loadTargetGroups returns what forwarding to each target group does, by ARN.
func loadTargetGroups(a *template.Assembly, targets Targets) (map[string]action, error) {
	groups := map[string]action{}
	for _, r := range a.Resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
		arn, err := r.Ref()
		if err != nil {
			return nil, err
		}
		if groups[arn], err = loadTargetGroup(r, arn, targets); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

func loadTargetGroup(r *template.Resource, arn string, targets Targets) (action, error) {
	var p struct {
		Targets []struct {
			Id                     string
			AvailabilityZone, Port template.Ignored
		}
		TargetGroupAttributes []attribute
		TargetType            string

		// Targets on one machine are as healthy as the machine, and encrypting
		// what doesn't leave it would prove nothing.
		HealthCheckEnabled, HealthCheckIntervalSeconds, HealthCheckPath template.Ignored
		HealthCheckPort, HealthCheckProtocol, HealthCheckTimeoutSeconds template.Ignored
		HealthyThresholdCount, Matcher, UnhealthyThresholdCount         template.Ignored
		IpAddressType, Name, Port, Protocol, Tags, VpcId                template.Ignored
	}
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	multiValue, err := multiValueHeaders(p.TargetGroupAttributes)
	if err != nil {
		return nil, r.Errorf("property TargetGroupAttributes: %w", err)
	}
	var ids []string
	for _, target := range p.Targets {
		if !slices.Contains(ids, target.Id) {
			ids = append(ids, target.Id)
		}
	}
	if len(ids) != 1 {
		return nil, r.Errorf("property Targets: want one function or the addresses of one endpoint, got %v", ids)
	}
	switch p.TargetType {
	case "ip":
		service, ok := targets.Services[ids[0]]
		if !ok {
			return nil, r.Errorf("property Targets: %s is no service that runs on this machine", ids[0])
		}
		return serviceTarget{service}, nil
	case "lambda":
		function, err := targets.Function(ids[0])
		if err != nil {
			return nil, r.Errorf("property Targets: %w", err)
		}
		return lambdaTarget{arn: arn, function: function, multiValue: multiValue}, nil
	}
	return nil, r.Errorf("property TargetType: %q is not understood by the local door", p.TargetType)
}

func multiValueHeaders(attributes []attribute) (enabled bool, err error) {
	for _, a := range attributes {
		switch a.Key {
		case "lambda.multi_value_headers.enabled":
			enabled, err = strconv.ParseBool(a.Value)
		case "deregistration_delay.timeout_seconds": // targets never leave
		case "stickiness.enabled":
			if a.Value != "false" {
				err = fmt.Errorf("%s: %s is not understood by the local door", a.Key, a.Value)
			}
		default:
			err = fmt.Errorf("%s is not understood by the local door", a.Key)
		}
		if err != nil {
			return false, err
		}
	}
	return enabled, nil
}

// serviceTarget is an AWS service behind an interface endpoint.
type serviceTarget struct{ service http.Handler }

func (t serviceTarget) serve(w http.ResponseWriter, r *request) {
	out := r.Clone(r.Context())
	out.Header = r.forwarded()
	out.Host = r.Host
	out.RequestURI = r.target()
	out.RemoteAddr = balancerAddress
	t.service.ServeHTTP(w, out)
}

// hopByHop are headers that concern one connection only (RFC 9110, section
// 7.6.1). The load balancer answers Expect itself.
var hopByHop = []string{
	"Connection", "Expect", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// forwarded returns the headers that a target gets.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func (r *request) forwarded() http.Header {
	h := r.Header.Clone()
	for _, value := range r.Header["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopByHop {
		h.Del(name)
	}
	h.Set("X-Forwarded-For", strings.Join(append(h.Values("X-Forwarded-For"), r.client.String()), ", "))
	h.Set("X-Forwarded-Proto", r.listener.protocol)
	h.Set("X-Forwarded-Port", strconv.Itoa(r.listener.port))
	h.Set("X-Amzn-Trace-Id", traceID(h.Get("X-Amzn-Trace-Id"), time.Now()))
	return h
}

// traceID keeps the Root of the client's header and marks the hop by Self.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
func traceID(received string, now time.Time) string {
	if !strings.Contains(received, "Root=") {
		return "Root=" + ids.Trace(now)
	}
	fields := []string{"Self=" + ids.Trace(now)}
	for field := range strings.SplitSeq(received, ";") {
		if !strings.HasPrefix(field, "Self=") {
			fields = append(fields, field)
		}
	}
	return strings.Join(fields, ";")
}
