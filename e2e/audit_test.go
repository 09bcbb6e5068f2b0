package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// requireLoggedClient fails unless the door logs the client's true address, and
// only that.
func (d *door) requireLoggedClient(t *testing.T, forged string) {
	t.Helper()
	if _, found := d.local.output.await(`"action":"presign"`, `"clientIp":"127.0.0.1"`); !found {
		t.Error("no log line names the client 127.0.0.1")
	}
	if strings.Contains(d.local.output.String(), forged) {
		t.Errorf("the log repeats the forged address %s", forged)
	}
}

func TestEveryDecisionIsLoggedAndNoSecretIs(t *testing.T) {
	throughEachLocalDoor(t, needsLogs, func(t *testing.T, d *door) {
		const key = "objects/audit/보고서.pdf"
		d.store.put(t, key, contentOf(key))
		target := presignTarget(key) + "?download=e2e-query-text.pdf"
		signed := d.presign(t, http.MethodGet, target)
		d.get(t, signed)
		d.get(t, replaceByte(signed, len(signed)-1, signed[len(signed)-1]^1))
		d.send(t, request{target: target, header: http.Header{"Authorization": {"Bearer e2e-bearer-text"}, "Cookie": {"a=e2e-cookie-text"}}})
		d.send(t, request{target: signed, header: http.Header{"Authorization": {"Bearer e2e-bearer-text"}}})
		d.get(t, presignTarget(key)+"?refused=e2e-query-text")
		for _, words := range [][]string{
			{`"action":"presign"`, `"outcome":"done"`, key, `"requestId":"`},
			{`"action":"presign"`, `"outcome":"refused"`, key, `"reason":"query-parameter"`},
		} {
			if _, found := d.local.output.await(words...); !found {
				t.Errorf("no log line has %q; the log:\n%s", words, d.local.output)
			}
		}
		for _, secret := range []string{
			queryOf(t, signed).Get("X-Amz-Signature"), "X-Amz-Credential=", url.QueryEscape(localCredentials.SecretAccessKey),
			"e2e-query-text", "e2e-bearer-text", "e2e-cookie-text",
		} {
			if strings.Contains(d.local.output.String(), secret) {
				t.Errorf("the log holds %q:\n%s", secret, d.local.output)
			}
		}
	})
}
