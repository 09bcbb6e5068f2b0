package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestWhatBecomesOfALinkIsLoggedAndItsTokenIsNot: the log alone has the true
// reason of a refusal.
func TestWhatBecomesOfALinkIsLoggedAndItsTokenIsNot(t *testing.T) {
	throughEachLocalDoor(t, needsLogs, func(t *testing.T, d *door) {
		l := d.newLink(t, order{"filename": "e2e-file-name.txt"})
		d.openLink(t, l)
		signed := d.claim(t, l)
		d.get(t, l.target)
		d.stateOf(t, l)
		revoked := d.newLink(t, nil)
		d.revoke(t, revoked)
		d.get(t, revoked.target)
		d.send(t, request{target: revoked.target, header: browser()})
		expired := d.newLink(t, order{"expiresIn": 1})
		time.Sleep(time.Until(expired.ExpiresAt))
		d.send(t, request{method: http.MethodPost, target: expired.target})
		needsPOST := d.newLink(t, order{"claim": "post"})
		d.get(t, needsPOST.target)
		unknown, malformed := unknownToken(), "e2e-malformed-token"
		d.get(t, "/once/"+unknown+"?e2e-query-text")
		d.get(t, "/once/"+malformed)
		d.get(t, linksPath+"/"+unknown)
		d.orderLink(t, `{"key": "objects/e2e-order-text", "uses": 0}`)
		d.orderLink(t, `{"key": "objects/e2e-order-text", "e2e-field-text": 0}`)

		const client = `"clientIp":"127.0.0.1"`
		for _, words := range [][]string{
			{"links | ", `"action":"create link"`, `"outcome":"done"`, l.hash(), l.Key, client, `"requestId":"`},
			{"links | ", `"action":"create link"`, `"outcome":"refused"`, `"reason":"link-order"`, client},
			{"links | ", `"action":"create link"`, `"outcome":"refused"`, `"reason":"body"`, client},
			{"links | ", `"action":"show link"`, `"outcome":"done"`, l.hash(), client},
			{"links | ", `"action":"revoke link"`, `"outcome":"done"`, revoked.hash(), client},
			{"edge | ", `"action":"open link"`, `"outcome":"done"`, l.hash(), l.Key, client, `"requestId":"`},
			{"edge | ", `"action":"open link"`, `"outcome":"refused"`, revoked.hash(), "revoked", client},
			{"edge | ", `"action":"claim link"`, `"outcome":"done"`, l.hash(), l.Key, client, `"requestId":"`},
			{"edge | ", `"action":"claim link"`, `"outcome":"refused"`, l.hash(), "used up", client},
			{"edge | ", `"action":"claim link"`, `"outcome":"refused"`, revoked.hash(), "revoked", client},
			{"edge | ", `"action":"claim link"`, `"outcome":"refused"`, expired.hash(), "expired", client},
			{"edge | ", `"action":"claim link"`, `"outcome":"refused"`, needsPOST.hash(), "POST", client},
			{"edge | ", `"action":"claim link"`, `"outcome":"refused"`, "unknown", client},
		} {
			if _, found := d.local.output.await(words...); !found {
				t.Errorf("no log line has %q", words)
			}
		}
		for _, secret := range []string{
			l.token(), l.secret(), revoked.token(), revoked.secret(), expired.token(), needsPOST.token(), unknown, malformed, queryOf(t, signed).Get("X-Amz-Signature"),
			"e2e-query-text", "e2e-order-text", "e2e-field-text",
		} {
			if strings.Contains(d.local.output.String(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	})
}
