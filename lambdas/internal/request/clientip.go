package request

import (
	"net/netip"
	"strings"
)

// ClientIP returns the address that the load balancer appended to
// X-Forwarded-For, given all values of that header in order. The load balancer
// appends the address it sees and keeps what the client sent before it:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
//
// peer is the address from which the next hop took the request: the API's
// sourceIp, which is the load balancer. Where that hop has appended it, it is
// passed over. Without a usable address the result is the zero Addr.
func ClientIP(values []string, peer string) netip.Addr {
	hops := strings.Split(strings.Join(values, ","), ",")
	last := parse(hops[len(hops)-1])
	if loadBalancer := parse(peer); loadBalancer.IsValid() && last == loadBalancer && len(hops) > 1 {
		return parse(hops[len(hops)-2])
	}
	return last
}

// parse takes an address with or without a port, which a load balancer can be
// told to add.
func parse(s string) netip.Addr {
	s = strings.TrimSpace(s)
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Unmap()
	}
	if addrPort, err := netip.ParseAddrPort(s); err == nil {
		return addrPort.Addr().Unmap()
	}
	return netip.Addr{}
}
