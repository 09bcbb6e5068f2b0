package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestClaimedDownloadResumesWithinTheWindow(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		signed := d.claim(t, d.newLink(t, nil))
		first := d.send(t, request{target: signed, header: http.Header{"Range": {"bytes=0-4"}}})
		rest := d.send(t, request{target: signed, header: http.Header{"Range": {"bytes=5-"}, "If-Range": {first.header.Get("ETag")}}})
		if first.status != http.StatusPartialContent || rest.status != http.StatusPartialContent {
			t.Fatalf("the parts = %d and %d; want 206 for both", first.status, rest.status)
		}
		if whole := slices.Concat(first.body, rest.body); sha256Hex(whole) != d.sample.sha256 {
			t.Errorf("the parts make %.200q; want the sample", whole)
		}
		d.requireSample(t, signed)
	})
}

func TestClaimedURLLivesForTheWindowAndIsDeadAfterIt(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		byDefault := queryOf(t, d.claim(t, d.newLink(t, nil)))
		if got := byDefault.Get("X-Amz-Expires"); got != "60" {
			t.Errorf("without a window in the order, the URL lives for %s s; want 60", got)
		}
		signed := d.claim(t, d.newLink(t, order{"window": 2}))
		if got := queryOf(t, signed).Get("X-Amz-Expires"); got != "2" {
			t.Errorf("with a window of 2 s, the URL lives for %s s", got)
		}
		d.requireSample(t, signed)
		// S3 counts whole seconds, and the clocks need not be the same.
		time.Sleep(time.Until(endOf(t, queryOf(t, signed))) + 1500*time.Millisecond)
		for _, header := range []http.Header{nil, {"Range": {"bytes=5-"}}} {
			answer := d.send(t, request{target: signed, header: header})
			d.requireRefused(t, "the URL after its window", answer)
			if answer.status != http.StatusForbidden {
				t.Errorf("after the window = %d %.200s; want 403", answer.status, answer.body)
			}
		}
	})
}

func TestClaimedURLIsUselessForAnythingElse(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		signed := d.claim(t, d.newLink(t, nil))
		path, query, _ := strings.Cut(signed, "?")
		for name, r := range map[string]request{
			"another key":         {target: "/objects/another-key?" + query},
			"a longer key":        {target: path + "a?" + query},
			"the bucket":          {target: "/objects/?" + query},
			"HEAD":                {method: http.MethodHead, target: signed},
			"PUT":                 {method: http.MethodPut, target: signed, body: "overwritten"},
			"POST":                {method: http.MethodPost, target: signed, body: "overwritten"},
			"DELETE":              {method: http.MethodDelete, target: signed},
			"another host":        {target: signed, host: "other." + d.domain},
			"S3's own host":       {target: signed, host: "s3.amazonaws.com"},
			"a longer life":       {target: strings.Replace(signed, "X-Amz-Expires=60", "X-Amz-Expires=3600", 1)},
			"a later date":        {target: strings.Replace(signed, "X-Amz-Date=20", "X-Amz-Date=21", 1)},
			"another file name":   {target: signed + "&response-content-disposition=inline"},
			"another subresource": {target: signed + "&acl"},
			"the link's own path": {target: "/once" + strings.TrimPrefix(path, "/objects") + "?" + query},
			"the path to presign": {method: http.MethodPost, target: "/presign" + path + "?" + query},
		} {
			t.Run(name, func(t *testing.T) { d.requireRefused(t, name, d.send(t, r)) })
		}
		d.requireSample(t, signed)
	})
}

func TestClaimedObjectIsSavedUnderTheLinksFileName(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		signed := d.claim(t, d.newLink(t, order{"filename": "보고서 2026.pdf"}))
		got := d.get(t, signed)
		requireHeaders(t, got, map[string]string{
			"Content-Disposition": `attachment; filename="___ 2026.pdf"; filename*=UTF-8''%EB%B3%B4%EA%B3%A0%EC%84%9C%202026.pdf`,
		})
		if got.sum() != d.sample.sha256 {
			t.Errorf("the object = %d %.200s; want the sample", got.status, got.body)
		}
	})
}
