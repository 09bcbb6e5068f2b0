package door

import (
	"net/http"
	"strings"
)

// unclear reports whether another reader of the same bytes could see the
// request end elsewhere. The load balancer hangs up after such a request, so
// that nothing behind it is taken for a request of its own: that is desync
// mitigation in its defensive mode. What has no reading at all, net/http
// refuses.
//
// https://github.com/aws/http-desync-guardian
func unclear(r *http.Request) bool {
	if r.ProtoMajor != 1 {
		return false // HTTP/2 has frames
	}
	if len(r.TransferEncoding) > 0 {
		return true // net/http doesn't tell whether a length came with it
	}
	if r.ContentLength > 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return true
	}
	for name, values := range r.Header {
		if name != "Content-Length" && framing(name) {
			return true
		}
		for _, value := range values {
			if framing(value) { // a folded header, which net/http unfolds
				return true
			}
		}
	}
	return false
}

var letters = strings.NewReplacer("-", "", "_", "", ".", "", " ", "", "\t", "")

// framing reports whether the text holds the name of a header that says where
// a body ends, however it is spelt.
func framing(text string) bool {
	text = strings.ToLower(letters.Replace(text))
	return strings.Contains(text, "transferencoding") || strings.Contains(text, "contentlength")
}
