package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
)

func TestPlainHTTPLeadsToTheSameOverTLS(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, target := range []string{
			"/", "/presign/objects/a%20b+c%2Fd?expires=60&download=a%20b", "/objects/%EB%B3%B4?X-Amz-Signature=0&x=%2F+y", "/anything/at//all?",
		} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				answer := d.rawPlain(t, method+" "+target+" HTTP/1.1\r\nHost: "+d.domain+"\r\n\r\n")
				location := answer.header.Get("Location")
				got, err := url.Parse(location)
				if err != nil || answer.status != http.StatusMovedPermanently {
					t.Fatalf("%s http://%s%s = %d %s; want 301", method, d.domain, target, answer.status, location)
				}
				port := got.Port()
				if got.Scheme != "https" || got.Hostname() != d.domain || port != "" && port != "443" {
					t.Errorf("%s http://%s%s leads to %s; want https on the same domain", method, d.domain, target, location)
				}
				kept := location[len("https://"+got.Host):]
				if kept != target && kept+"?" != target {
					t.Errorf("%s leads to %s; want path and query byte for byte", target, kept)
				}
			}
		}
	})
}

func TestUnknownPathsAndMethodsGetA404Problem(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, r := range []request{
			{target: "/"},
			{target: "/?list-type=2"},
			{target: "/favicon.ico"},
			{target: "/presign"},
			{target: "/Presign/objects/a"},
			{target: "/presigned/objects/a"},
			{target: "/objects"},
			{target: "/objects/a"},
			{target: "/objects/a?X-Amz-Expires=60"},
			{target: "/.well-known/security.txt"},
			{target: "/ping"},
			{target: "/once"},
			{target: "/Once/a"},
			{method: http.MethodPost, target: "/presign/objects/a"},
			{method: http.MethodPut, target: "/presign/objects/a"},
			{method: http.MethodDelete, target: "/presign/objects/a"},
			{method: http.MethodOptions, target: "/presign/objects/a"},
			{method: http.MethodPost, target: "/presign/links-of-others"},
			{method: http.MethodPut, target: "/presign/links/a"},
			{method: http.MethodPatch, target: "/presign/links/a"},
			{method: http.MethodOptions, target: "/presign/links"},
			{method: http.MethodPut, target: "/once/a"},
			{method: http.MethodDelete, target: "/once/a"},
			{method: http.MethodOptions, target: "/once/a"},
			{method: http.MethodPut, target: "/objects/a?X-Amz-Signature=0"},
			{method: http.MethodDelete, target: "/objects/a?X-Amz-Signature=0"},
		} {
			answer := d.send(t, r)
			requireHeaders(t, answer, map[string]string{"Content-Type": "application/json"})
			parseProblem(t, answer, http.StatusNotFound)
			if !json.Valid(answer.body) {
				t.Errorf("%s %s = %s; want JSON", r.method, r.target, answer.body)
			}
		}
	})
}
