package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// openLink asks for a link's page as a browser does.
func (d *door) openLink(t *testing.T, l link) response {
	t.Helper()
	page := d.send(t, request{target: l.target, header: browser()})
	if page.status != http.StatusOK {
		t.Fatalf("a browser opens the link: %d %.300s; want the page", page.status, page.body)
	}
	return page
}

func TestPageSaysWhatTheLinkLeadsTo(t *testing.T) {
	const name = `보고서 "final" & <b>co</b>.pdf`
	throughEachDoor(t, func(t *testing.T, d *door) {
		named := d.openLink(t, d.newLink(t, order{"filename": strings.ReplaceAll(name, "/", "")}))
		if want := html.EscapeString(strings.ReplaceAll(name, "/", "")); !bytes.Contains(named.body, []byte(want)) {
			t.Errorf("the page doesn't say %s:\n%s", want, named.body)
		}
		byKey := d.openLink(t, d.newLink(t, nil))
		if want := html.EscapeString(d.sample.key[strings.LastIndexByte(d.sample.key, '/')+1:]); !bytes.Contains(byKey.body, []byte(want)) {
			t.Errorf("the page of a link without a file name doesn't say %s:\n%s", want, byKey.body)
		}
	})
}

func TestPageSaysTheSizeOfTheObject(t *testing.T) {
	throughEachLocalDoor(t, needsObjects, func(t *testing.T, d *door) {
		const key = "objects/links/ 크기+%2F.bin"
		d.store.put(t, key, make([]byte, 1_500_000))
		for _, test := range []struct{ key, want string }{{d.sample.key, "32 bytes"}, {key, "1.5 MB"}} {
			if page := d.openLink(t, d.newLink(t, order{"key": test.key})); !bytes.Contains(page.body, []byte(test.want)) {
				t.Errorf("the page for %s doesn't say %s:\n%s", test.key, test.want, page.body)
			}
		}
	})
}

func TestPageOfAMissingObjectIsShownWithoutItsSize(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, order{"key": "objects/not-there-yet.bin"})
		if page := d.openLink(t, l); !bytes.Contains(page.body, []byte("not-there-yet.bin")) {
			t.Errorf("the page doesn't name the object:\n%s", page.body)
		}
		d.requireClaims(t, l, 0)
	})
}

// inlineStyle is what the page's policy must allow by its hash.
var inlineStyle = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

// scriptOrResource is markup that runs code or fetches something.
var scriptOrResource = regexp.MustCompile(`(?i)<script|javascript:|\son\w+\s*=|\s(src|href|action|style)\s*=|url\(|@import`)

func TestPageNeedsNoScriptAndAllowsNone(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		page := d.openLink(t, d.newLink(t, nil))
		requireHeaders(t, page, map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		})
		policy := page.header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("the policy %q lacks %s", policy, directive)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") || strings.Contains(policy, "*") {
			t.Errorf("the policy %q allows what the page doesn't need", policy)
		}
		for _, style := range inlineStyle.FindAllSubmatch(page.body, -1) {
			sum := sha256.Sum256(style[1])
			if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
				t.Errorf("the policy %q doesn't allow the page's own style, %s", policy, want)
			}
		}
		for _, part := range []string{`<html lang="`, "<title>", "<main>", "<h1>", `<form method="post">`, `<button type="submit">`} {
			if bytes.Count(page.body, []byte(part)) != 1 {
				t.Errorf("the page doesn't have one %s:\n%s", part, page.body)
			}
		}
		if found := scriptOrResource.FindAll(page.body, -1); found != nil {
			t.Errorf("the page has %q, which its policy blocks:\n%s", found, page.body)
		}
	})
}

func TestOpeningIsShownToTheOwnerAndClaimsNothing(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, nil)
		d.openLink(t, l)
		first := d.stateOf(t, l)
		d.openLink(t, l)
		second := d.stateOf(t, l)
		if first.OpenedAt == nil || second.OpenedAt == nil || !first.OpenedAt.Equal(*second.OpenedAt) {
			t.Errorf("openedAt = %v, and %v after the second time; want when it was first opened", first.OpenedAt, second.OpenedAt)
		}
		d.requireClaims(t, l, 0)
	})
}

// TestButtonOfThePageClaims posts the form as browsers do.
func TestButtonOfThePageClaims(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		l := d.newLink(t, nil)
		d.openLink(t, l)
		header := browser()
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		header.Set("Origin", "null") // under Referrer-Policy: no-referrer
		header.Set("Sec-Fetch-Mode", "navigate")
		header.Set("Sec-Fetch-Dest", "document")
		pressed := d.send(t, request{method: http.MethodPost, target: l.target, header: header})
		d.requireSample(t, d.requireClaimed(t, pressed))
		again := d.send(t, request{method: http.MethodPost, target: l.target, header: header})
		requireLinkRefused(t, again)
		if !strings.HasPrefix(again.header.Get("Content-Type"), "text/html") {
			t.Errorf("the second press is answered in %s; want a page", again.header.Get("Content-Type"))
		}
		d.requireClaims(t, l, 1)
	})
}
