package door

import (
	"fmt"
	"net/http"
	"strings"
)

const (
	httpPort  = 80
	httpsPort = 443

	serverName = "awselb/2.0"

	// Limits of an Application Load Balancer.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
	maxRequestLine  = 16 << 10
	maxHeaderLine   = 16 << 10
	maxHeaders      = 64 << 10
	maxForwardedFor = 30

	// statusForwardedForTooLong answers a request with too many addresses in
	// X-Forwarded-For.
	statusForwardedForTooLong = 463
)

// ServeHTTP answers one request to the listener.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if unclear(r) {
		w.Header().Set("Connection", "close")
	}
	if status := refuse(r); status != 0 {
		answer(w, status)
		return
	}
	request := newRequest(l, r)
	if l.dropInvalidHeaders {
		dropInvalid(r.Header)
	}
	for _, rule := range l.rules {
		if rule.matches(request) {
			rule.transforms.apply(request)
			rule.action.serve(w, request)
			return
		}
	}
	l.fallback.serve(w, request)
}

func (r rule) matches(request *request) bool {
	for _, met := range r.conditions {
		if !met(request) {
			return false
		}
	}
	return true
}

func (t transforms) apply(r *request) {
	r.Host = t.host.apply(r.Host)
	if t.url != nil {
		r.path, r.query, r.hasQuery = strings.Cut(t.url.apply(r.target()), "?")
	}
}

// refuse returns the status for a request that the load balancer doesn't take,
// 0 for all others.
func refuse(r *http.Request) int {
	switch {
	case r.Method == http.MethodTrace:
		return http.StatusMethodNotAllowed
	case r.Method == http.MethodConnect:
		return http.StatusBadRequest
	case len(r.Method)+len(r.RequestURI)+len("  HTTP/1.1") > maxRequestLine:
		return http.StatusRequestURITooLong
	case !headersFit(r):
		return http.StatusBadRequest
	case strings.Count(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",") >= maxForwardedFor:
		return statusForwardedForTooLong
	}
	return 0
}

func headersFit(r *http.Request) bool {
	total := len("Host: ") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size := len(name) + len(": ") + len(value)
			if size > maxHeaderLine {
				return false
			}
			total += size
		}
	}
	return total <= maxHeaders
}

// dropInvalid removes headers whose names hold anything but letters, digits
// and hyphens.
func dropInvalid(h http.Header) {
	for name := range h {
		if strings.Trim(name, "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			delete(h, name)
		}
	}
}

// answer is what the load balancer says when it answers itself.
func answer(w http.ResponseWriter, status int) {
	title := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	w.Header().Set("Server", serverName)
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n", title, title)
}
