package e2e

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
)

var hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// deployedDoor reads the settings of a deployment and reports all problems at
// once.
func deployedDoor(setting func(string) string) (*door, error) {
	var errs []error
	problem := func(name, want string) {
		errs = append(errs, fmt.Errorf("%s is %q; want %s", name, setting(name), want))
	}
	base, err := url.Parse(setting("E2E_BASE_URL"))
	if err != nil || base.Scheme != "https" || base.Host == "" || base.Path != "" && base.Path != "/" {
		problem("E2E_BASE_URL", "a URL such as https://files.example.com")
		base = &url.URL{}
	}
	d := &door{name: base.Host, sample: object{key: setting("E2E_KEY"), sha256: setting("E2E_SHA256")}}
	if d.sample.key == "" {
		problem("E2E_KEY", "the key of an object in the bucket, such as objects/hello.txt")
	}
	if !hexSHA256.MatchString(d.sample.sha256) {
		problem("E2E_SHA256", "the SHA-256 of the object E2E_KEY, 64 lower-case hexadecimal digits")
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if file := setting("E2E_CA"); file != "" {
		if pem, err := os.ReadFile(file); err != nil || !roots.AppendCertsFromPEM(pem) {
			problem("E2E_CA", "a file of PEM certificates")
		}
	}
	address, plainAddress := setting("E2E_CONNECT"), setting("E2E_CONNECT")
	if address == "" {
		address = net.JoinHostPort(base.Hostname(), cmp.Or(base.Port(), "443"))
		plainAddress = net.JoinHostPort(base.Hostname(), "80")
	} else if _, _, err := net.SplitHostPort(address); err != nil {
		problem("E2E_CONNECT", "host:port")
	}
	d.client = newClient(base.Hostname(), address, plainAddress, roots)
	d.caFile = setting("E2E_CA")
	d.redirects = []int{301, 302, 303, 307} // a stage chooses one of them
	return d, errors.Join(errs...)
}
