package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// bindAddresses synthesizes the door's stage with links.bindAddress set.
func (d *door) bindAddresses(t *testing.T) (assembly string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var app map[string]any
	if err := json.Unmarshal(data, &app); err != nil {
		t.Fatal(err)
	}
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	app["app"] = "cd '" + repository + "' && " + app["app"].(string)
	stage := app["context"].(map[string]any)["onedoor"].(map[string]any)[d.stage].(map[string]any)
	stage["links"] = map[string]any{"bindAddress": true}
	if data, err = json.Marshal(app); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	assembly = filepath.Join(dir, "cdk.out")
	if err := synthesize(dir, d.stage, assembly); err != nil {
		t.Fatal(err)
	}
	return assembly
}

func TestWithBindAddressAClaimedURLServesItsClientOnly(t *testing.T) {
	throughEachLocalDoor(t, needsSettings, func(t *testing.T, d *door) {
		bound := d.another(d.bindAddresses(t), t.TempDir())
		bound.start(t)
		t.Run("it is worth nothing elsewhere", bound.testElsewhere)
		t.Run("it works behind a proxy that names its client", bound.testBehindProxy)
	})
}

func (d *door) testElsewhere(t *testing.T) {
	claimer, thief := d.from("127.0.0.2"), d.from("127.0.0.3")
	l := d.newLink(t, nil)
	signed := claimer.requireClaimed(t, claimer.get(t, l.target))
	for name, header := range map[string]http.Header{
		"another client":                           nil,
		"a forged X-Forwarded-For":                 {"X-Forwarded-For": {"127.0.0.2"}},
		"a forged X-Forwarded-For, twice":          {"X-Forwarded-For": {"127.0.0.2", "127.0.0.2"}},
		"an X-Forwarded-For that tries to be last": {"X-Forwarded-For": {"127.0.0.2,"}},
		"the header in lower case":                 {"x-forwarded-for": {"127.0.0.2"}},
		"the header with underscores":              {"X_Forwarded_For": {"127.0.0.2"}},
		"the header named as hop by hop":           {"X-Forwarded-For": {"127.0.0.2"}, "Connection": {"X-Forwarded-For"}},
		"other headers of its kind":                {"Forwarded": {"for=127.0.0.2"}, "X-Real-Ip": {"127.0.0.2"}},
	} {
		answer := thief.send(t, request{target: signed, header: header})
		d.requireRefused(t, name, answer)
		if answer.status != http.StatusForbidden {
			t.Errorf("%s = %d %.200s; want 403", name, answer.status, answer.body)
		}
	}
	if got := claimer.get(t, signed); got.sum() != d.sample.sha256 {
		t.Errorf("the claimer gets %d %.200s; want the sample", got.status, got.body)
	}
	resumed := claimer.send(t, request{target: signed, header: http.Header{"Range": {"bytes=5-"}}})
	if resumed.status != http.StatusPartialContent {
		t.Errorf("the claimer resumes: %d %.200s; want 206", resumed.status, resumed.body)
	}
	if s := d.stateOf(t, l); len(s.Claims) != 1 || s.Claims[0].ClientIP != "127.0.0.2" {
		t.Errorf("claims = %+v; want one by 127.0.0.2", s.Claims)
	}
}

// testBehindProxy: a proxy that writes X-Forwarded-For writes it into both
// requests, and the load balancer appends to it.
func (d *door) testBehindProxy(t *testing.T) {
	l := d.newLink(t, nil)
	proxied := http.Header{"X-Forwarded-For": {"192.0.2.1"}}
	signed := d.requireClaimed(t, d.send(t, request{target: l.target, header: proxied}))
	if got := d.send(t, request{target: signed, header: proxied}); got.sum() != d.sample.sha256 {
		t.Errorf("the same client behind the same proxy gets %d %.200s; want the sample", got.status, got.body)
	}
	d.requireRefused(t, "the same address without the proxy", d.get(t, signed))
}
