package door

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// request is a request with its target taken apart, undecoded.
type request struct {
	*http.Request
	listener    *listener
	path, query string
	hasQuery    bool
	client      netip.Addr
}

func newRequest(l *listener, r *http.Request) *request {
	made := &request{Request: r, listener: l}
	made.path, made.query, made.hasQuery = strings.Cut(originForm(r.RequestURI), "?")
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		made.client = peer.Addr().Unmap()
	}
	return made
}

// target is path and query as they came.
func (r *request) target() string {
	if r.hasQuery {
		return r.path + "?" + r.query
	}
	return r.path
}

// hostname is Host without its port.
func (r *request) hostname() string {
	if name, _, err := net.SplitHostPort(r.Host); err == nil {
		return name
	}
	return r.Host
}

// originForm takes scheme and authority off a request target in absolute form
// (RFC 9112, section 3.2.2).
func originForm(target string) string {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || strings.HasPrefix(target, "/") || strings.ContainsAny(scheme, "?#") {
		return target
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[i:]
	} else {
		rest = ""
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest
}
