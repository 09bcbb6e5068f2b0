package e2e

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignatureIsGoodForOneRequestOnly(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		signed := d.signed(t)
		path, query, _ := strings.Cut(signed, "?")
		forHEAD := d.presign(t, http.MethodHead, presignTarget(d.sample.key))
		for name, r := range map[string]request{
			"no signature":                    {target: path},
			"an empty signature":              {target: path + "?X-Amz-Signature="},
			"a signature and nothing else":    {target: path + "?X-Amz-Signature=" + queryOf(t, signed).Get("X-Amz-Signature")},
			"another key":                     {target: "/objects/another-key?" + query},
			"a longer key":                    {target: path + "a?" + query},
			"a key in another folder":         {target: "/objects/a" + strings.TrimPrefix(path, "/objects") + "?" + query},
			"HEAD with a GET signature":       {method: http.MethodHead, target: signed},
			"GET with a HEAD signature":       {target: forHEAD},
			"PUT with a GET signature":        {method: http.MethodPut, target: signed, body: "overwritten"},
			"POST with a GET signature":       {method: http.MethodPost, target: signed, body: "overwritten"},
			"DELETE with a GET signature":     {method: http.MethodDelete, target: signed},
			"PATCH with a GET signature":      {method: http.MethodPatch, target: signed, body: "overwritten"},
			"OPTIONS with a GET signature":    {method: http.MethodOptions, target: signed},
			"a method in lower case":          {method: "get", target: signed},
			"another host":                    {target: signed, host: "other." + d.domain},
			"another bucket by its S3 host":   {target: signed, host: "another-bucket.s3.amazonaws.com"},
			"S3's own host":                   {target: signed, host: "s3.amazonaws.com"},
			"an address as host":              {target: signed, host: "127.0.0.1"},
			"another subresource":             {target: signed + "&acl"},
			"another version":                 {target: signed + "&versionId=null"},
			"another response header":         {target: signed + "&response-content-type=text/html"},
			"a longer life":                   {target: strings.Replace(signed, "X-Amz-Expires=900", "X-Amz-Expires=901", 1) + "&a"},
			"more signed headers":             {target: strings.Replace(signed, "X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Brange", 1)},
			"a security token":                {target: signed + "&X-Amz-Security-Token=forged"},
			"the signature twice, false last": {target: signed + "&X-Amz-Signature=" + strings.Repeat("0", 64)},
			"the signature twice, false first": {
				target: path + "?X-Amz-Signature=" + strings.Repeat("0", 64) + "&" + query},
			"an override of the method": {method: http.MethodPost, target: signed, header: http.Header{"X-Http-Method-Override": {"GET"}}},
		} {
			t.Run(name, func(t *testing.T) { d.requireRefused(t, name, d.send(t, r)) })
		}
		d.requireSample(t, signed)
	})
}

// requireSample fails unless the target gives the sample whole.
func (d *door) requireSample(t *testing.T, target string) {
	t.Helper()
	if got := d.get(t, target); got.status != http.StatusOK || got.sum() != d.sample.sha256 {
		t.Errorf("GET %s = %d %.200s; want the sample, as it was", target, got.status, got.body)
	}
}

func TestReorderedQueryIsTheSameSignatureOfTheSameObject(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		path, query, _ := strings.Cut(d.signed(t), "?")
		pairs := strings.Split(query, "&")
		for range pairs {
			pairs = append(pairs[1:], pairs[0])
			d.requireSample(t, path+"?"+strings.Join(pairs, "&"))
		}
		slices.Reverse(pairs)
		d.requireSample(t, path+"?"+strings.Join(pairs, "&"))
	})
}

// TestTamperingByOneByteIsRefusedAtEachPosition changes each byte of a signed
// request target in two ways and takes each away.
func TestTamperingByOneByteIsRefusedAtEachPosition(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		signed := d.signed(t)
		for i := 1; i < len(signed); i++ {
			for _, tampered := range []string{
				replaceByte(signed, i, signed[i]^1),
				replaceByte(signed, i, signed[i]^0x20),
				signed[:i] + signed[i+1:],
			} {
				if !travels(tampered) {
					continue
				}
				if meaning(tampered) == meaning(signed) {
					d.requireSample(t, tampered)
					continue
				}
				d.requireRefused(t, fmt.Sprintf("byte %d changed: …%s", i, tampered[max(0, i-30):]), d.get(t, tampered))
			}
		}
		d.requireSample(t, signed)
	})
}

func replaceByte(s string, i int, b byte) string { return s[:i] + string(rune(b)) + s[i+1:] }

// travels reports whether a request line can hold the target: printable ASCII
// without a space or a fragment, and a path that isn't taken for a host.
func travels(target string) bool {
	return !strings.HasPrefix(target, "//") && !strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' })
}

// meaning is what a signature covers of a target: the decoded path, and the
// decoded query whatever its order (AWS Signature Version 4, canonical
// request). What can't be decoded means itself.
func meaning(target string) string {
	path, raw, _ := strings.Cut(target, "?")
	query, err := url.ParseQuery(raw)
	if err != nil {
		return target
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return target
	}
	return decoded + "?" + query.Encode()
}

func TestMeaningSeesThroughEquivalentEncodingsOnly(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"/objects/a%2Bb?x=1", "/objects/a%2bb?x=1", true},
		{"/objects/a?x=1&y=2", "/objects/a?y=2&x=1", true},
		{"/objects/a?x=a%2Fb", "/objects/a?x=a/b", true},
		{"/objects/a", "/objects/A", false},
		{"/objects/a%2", "/objects/a%", false},
		{"/objects/a?x=1", "/objects/a?X=1", false},
		{"/objects/a?x=1", "/objects/a", false},
	} {
		if got := meaning(test.a) == meaning(test.b); got != test.same {
			t.Errorf("%s and %s mean the same = %t; want %t", test.a, test.b, got, test.same)
		}
	}
}

// TestSignaturesForOtherHostsAndTimesAreRefused signs with the function's own
// credentials what the function never signs, so that nothing but the door and
// S3 can refuse it.
func TestSignaturesForOtherHostsAndTimesAreRefused(t *testing.T) {
	throughEachLocalDoor(t, needsCredentials, func(t *testing.T, d *door) {
		now := time.Now()
		presign := func(host, key string, at time.Time) string {
			return d.store.presign(t, http.MethodGet, host, key, time.Minute, at)
		}
		d.requireSample(t, presign(d.store.host, d.sample.key, now))
		strangers := *d.store
		strangers.credentials.SecretAccessKey = "a-strangers-secret"
		for name, r := range map[string]request{
			"signed for another host":                      {target: presign("files.example.com", d.sample.key, now)},
			"signed for and sent to another host":          {target: presign("files.example.com", d.sample.key, now), host: "files.example.com"},
			"signed for and sent to another bucket":        {target: presign("another."+d.store.host, d.sample.key, now), host: "another." + d.store.host},
			"signed for the bucket in the path":            {target: presign(d.store.host, d.store.host+"/"+d.sample.key, now)},
			"signed for S3's own host":                     {target: presign("s3.eu-central-1.amazonaws.com", d.sample.key, now), host: "s3.eu-central-1.amazonaws.com"},
			"signed with another secret":                   {target: strangers.presign(t, http.MethodGet, d.store.host, d.sample.key, time.Minute, now)},
			"expired":                                      {target: presign(d.store.host, d.sample.key, now.Add(-2*time.Minute))},
			"signed in the future":                         {target: presign(d.store.host, d.sample.key, now.Add(time.Hour))},
			"a PUT signed as such":                         {method: http.MethodPut, target: d.store.presign(t, http.MethodPut, d.store.host, d.sample.key, time.Minute, now), body: "overwritten"},
			"a DELETE signed as such":                      {method: http.MethodDelete, target: d.store.presign(t, http.MethodDelete, d.store.host, d.sample.key, time.Minute, now)},
			"the listing of the bucket, signed as such":    {target: presign(d.store.host, "", now)},
			"a key outside objects/, signed as such":       {target: presign(d.store.host, "private.txt", now)},
			"a way out of objects/, signed as such":        {target: presign(d.store.host, "objects/../private.txt", now)},
			"an escaped way out, signed as such":           {target: strings.Replace(presign(d.store.host, "objects/../private.txt", now), "..", "%2e%2e", 1)},
			"a way out of objects/, signed for the inside": {target: strings.Replace(presign(d.store.host, "private.txt", now), "/private", "/objects/../private", 1)},
		} {
			t.Run(name, func(t *testing.T) { d.requireRefused(t, name, d.send(t, r)) })
		}
		d.requireSample(t, presign(d.store.host, d.sample.key, now))
	})
}

func TestPathsThatLeaveObjectsAreRefused(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		path, query, _ := strings.Cut(d.signed(t), "?")
		inside := strings.TrimPrefix(path, "/objects/")
		for _, target := range []string{
			"/objects/../private", "/objects/%2e%2e/private", "/objects/%2E%2E%2Fprivate", "/objects/..%2Fprivate",
			"/objects/%252e%252e/private", "/objects/a/../../private", "/objects//../private", `/objects/..\private`, "/objects/..%5Cprivate",
			"/presign/../objects/../private", "/presign/../../private", "/../private", "/objects/..", "/objects/%2e%2e", "/objects/.",
			"/objects/../objects/" + inside, "/objects/./" + inside, "/objects/a/%2e%2e/" + inside, "/a/../objects/" + inside,
			"/private", "/", "/objects", "/objects/", "/OBJECTS/" + inside,
		} {
			d.requireRefused(t, target, d.get(t, target+"?"+query))
			d.requireRefused(t, target+" without a signature", d.get(t, target))
		}
		for _, line := range []string{"//" + d.domain + path + "?" + query, "/" + path + "?" + query, "*"} {
			d.requireRefused(t, line, d.raw(t, "GET "+line+" HTTP/1.1\r\nHost: "+d.domain+"\r\n\r\n"))
		}
	})
}

func TestSubresourcesOfTheBucketAreRefused(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		path, query, _ := strings.Cut(d.signed(t), "?")
		for _, subresource := range []string{
			"acl", "attributes", "encryption", "legal-hold", "list-type=2", "location", "logging", "max-keys=10", "object-lock", "policy",
			"prefix=objects/", "retention", "select&select-type=2", "tagging", "torrent", "uploads", "uploadId=1", "versioning", "versions", "website",
		} {
			for _, at := range []string{"/", "/objects/", path} {
				d.requireRefused(t, at+"?"+subresource, d.get(t, at+"?"+subresource))
				d.requireRefused(t, at+"?"+subresource+" with a signature", d.get(t, at+"?"+subresource+"&"+query))
			}
		}
	})
}

func TestAuthorizationBesideASignatureGetsS3s400(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, value := range []string{"Bearer e2e-not-a-secret", "Basic YTpi", "AWS4-HMAC-SHA256 Credential=a"} {
			answer := d.send(t, request{target: d.signed(t), header: http.Header{"Authorization": {value}}})
			var fault struct {
				XMLName xml.Name `xml:"Error"`
				Code    string
				Message string
			}
			if err := xml.Unmarshal(answer.body, &fault); err != nil || answer.status != http.StatusBadRequest {
				t.Fatalf("Authorization: %s = %d %.300s; want 400 and S3's XML", value, answer.status, answer.body)
			}
			if fault.Code != "InvalidArgument" || !strings.Contains(fault.Message, "Only one auth mechanism allowed") {
				t.Errorf("Authorization: %s = %s: %s; want InvalidArgument: Only one auth mechanism allowed", value, fault.Code, fault.Message)
			}
		}
	})
}

func TestUnsignedAmzHeadersAreRefused(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, name := range []string{
			"X-Amz-Acl", "X-Amz-Checksum-Mode", "X-Amz-Content-Sha256", "X-Amz-Date", "X-Amz-Meta-A", "X-Amz-Security-Token", "X-Amz-Request-Payer",
		} {
			answer := d.send(t, request{target: d.signed(t), header: http.Header{name: {"a"}}})
			if answer.status != http.StatusForbidden {
				t.Errorf("with %s = %d %.200s; want 403, as for any unsigned x-amz-* header", name, answer.status, answer.body)
			}
		}
	})
}

func TestAPIAnswersOnTheDomainOnly(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		for _, host := range []string{
			"other." + d.domain, "files.example.com", "127.0.0.1", "localhost", d.domain + ".example.com", "x" + d.domain,
			"a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", "a1b2c3d4e5-vpce-0123456789abcdef0.execute-api.eu-central-1.amazonaws.com",
		} {
			d.requireRefused(t, host, d.send(t, request{target: presignTarget(d.sample.key), host: host}))
		}
		if answer := d.send(t, request{target: presignTarget(d.sample.key), host: strings.ToUpper(d.domain)}); !slices.Contains(d.redirects, answer.status) {
			t.Errorf("the domain in upper case = %d %.200s; want a redirect: host names have no case", answer.status, answer.body)
		}
	})
}

func TestForgedForwardingHeadersChangeNothing(t *testing.T) {
	throughEachDoor(t, func(t *testing.T, d *door) {
		const forged = "203.0.113.77"
		header := http.Header{
			"X-Forwarded-For":   {forged, forged + ", 203.0.113.78"},
			"X-Forwarded-Host":  {"evil.example.com"},
			"X-Forwarded-Proto": {"http"},
			"X-Forwarded-Port":  {"80"},
			"X-Real-Ip":         {forged},
			"Forwarded":         {"for=" + forged + ";host=evil.example.com;proto=http"},
			"X-Host":            {"evil.example.com"},
			"X-Original-Url":    {"/presign/private"},
			"X-Rewrite-Url":     {"/presign/private"},
		}
		answer := d.send(t, request{target: presignTarget(d.sample.key), header: header})
		signed := d.targetOf(t, answer.header.Get("Location"))
		if got := d.send(t, request{target: signed, header: header}); got.sum() != d.sample.sha256 {
			t.Errorf("the object with forged headers = %d %.200s; want the sample", got.status, got.body)
		}
		if d.local != nil {
			d.requireLoggedClient(t, forged)
		}
	})
}
