package request_test

import (
	"net/netip"
	"testing"

	"onedoor/lambdas/internal/request"
)

func TestClientIPTakesTheHopOfTheLoadBalancer(t *testing.T) {
	const loadBalancer = "10.0.1.7"
	for _, test := range []struct {
		name   string
		values []string
		want   string
	}{
		{"one hop", []string{"203.0.113.9"}, "203.0.113.9"},
		{"forged first hop", []string{"1.2.3.4, 203.0.113.9"}, "203.0.113.9"},
		{"forged header of its own", []string{"1.2.3.4", "203.0.113.9"}, "203.0.113.9"},
		{"the API appended the load balancer", []string{"1.2.3.4, 203.0.113.9, 10.0.1.7"}, "203.0.113.9"},
		{"forged load balancer address", []string{"10.0.1.7, 203.0.113.9"}, "203.0.113.9"},
		{"the load balancer itself asks", []string{"10.0.1.7"}, "10.0.1.7"},
		{"with port", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 with port", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"IPv4 in IPv6", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
	} {
		if got := request.ClientIP(test.values, loadBalancer); got != netip.MustParseAddr(test.want) {
			t.Errorf("%s: ClientIP(%q) = %s; want %s", test.name, test.values, got, test.want)
		}
	}
}

func TestClientIPWithoutAnAddress(t *testing.T) {
	for _, values := range [][]string{nil, {""}, {"unknown"}, {"203.0.113.9, <script>"}} {
		for _, peer := range []string{"10.0.1.7", ""} {
			if got := request.ClientIP(values, peer); got.IsValid() {
				t.Errorf("ClientIP(%q, %q) = %s; want none", values, peer, got)
			}
		}
	}
}
