package presign_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/internal/objectkey"
	"onedoor/lambdas/internal/presign"
)

var bounds = presign.TTLBounds{Default: 15 * time.Minute, Max: time.Hour}

func TestParseOptions(t *testing.T) {
	const key objectkey.Key = "objects/2026/보고서.pdf"
	for _, test := range []struct {
		query string
		want  presign.Options
	}{
		{"", presign.Options{TTL: 15 * time.Minute}},
		{"expires=1", presign.Options{TTL: time.Second}},
		{"expires=3600", presign.Options{TTL: time.Hour}},
		{"inline", presign.Options{TTL: 15 * time.Minute, Response: presign.Response{ContentDisposition: "inline"}}},
		{"inline=true", presign.Options{TTL: 15 * time.Minute, Response: presign.Response{ContentDisposition: "inline"}}},
		{"download=a.pdf", presign.Options{TTL: 15 * time.Minute, Response: presign.Response{ContentDisposition: `attachment; filename="a.pdf"`}}},
		{"download", presign.Options{TTL: 15 * time.Minute, Response: presign.Response{
			ContentDisposition: `attachment; filename="___.pdf"; filename*=UTF-8''%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf`}}},
		{"content-type=text/plain;%20charset=utf-8", presign.Options{TTL: 15 * time.Minute, Response: presign.Response{ContentType: "text/plain; charset=utf-8"}}},
		{"version-id=3/L4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY", presign.Options{TTL: 15 * time.Minute, Response: presign.Response{VersionID: "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY"}}},
	} {
		got, err := presign.ParseOptions(parseQuery(t, test.query), key, bounds)
		if err != nil {
			t.Errorf("ParseOptions(%q) error = %v", test.query, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("ParseOptions(%q) mismatch (-want +got):\n%s", test.query, diff)
		}
	}
}

func TestParseOptionsSaysWhatIsWrongAndWhatIsAllowed(t *testing.T) {
	for _, test := range []struct {
		query string
		says  []string
	}{
		{"expires=0", []string{"expires", `"0"`, "1 to 3600"}},
		{"expires=3601", []string{"expires", `"3601"`, "1 to 3600"}},
		{"expires=-1", []string{"expires", `"-1"`, "1 to 3600"}},
		{"expires=1.5", []string{"expires", `"1.5"`, "whole seconds"}},
		{"expires=", []string{"expires", `""`, "whole seconds"}},
		{"expires=%2B60", []string{"expires", `"+60"`, "whole seconds"}},
		{"expires=99999999999999999999", []string{"expires", "1 to 3600"}},
		{"expires=60&expires=61", []string{"expires", "2 times", "once"}},
		{"expire=60", []string{`"expire"`, "unknown", "expires, download, inline, content-type, version-id"}},
		{"Expires=60", []string{`"Expires"`, "unknown"}},
		{"download=a&inline", []string{"download and inline exclude each other"}},
		{"inline=a.pdf", []string{"inline", `"a.pdf"`}},
		{"download=a/b", []string{"download", "path separator"}},
		{"download=a%0d%0ab", []string{"download", "control character"}},
		{"download=" + strings.Repeat("x", 256), []string{"download", "256 bytes", "255"}},
		{"content-type=", []string{"content-type", "media type"}},
		{"content-type=text", []string{"content-type", `"text"`, "media type"}},
		{"content-type=text/plain%0d%0aSet-Cookie:a", []string{"content-type", "media type"}},
		{"version-id=", []string{"version-id", "1 to 1024"}},
		{"version-id=a%20%00", []string{"version-id"}},
	} {
		_, err := presign.ParseOptions(parseQuery(t, test.query), "objects/a", bounds)
		if !errors.Is(err, presign.ErrParameter) {
			t.Errorf("ParseOptions(%.40q) error = %v; want ErrParameter", test.query, err)
			continue
		}
		for _, want := range test.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("ParseOptions(%.40q) error = %q; want it to say %q", test.query, err, want)
			}
		}
	}
}

func TestDownloadWithoutANameNeedsOneInTheKey(t *testing.T) {
	for _, key := range []objectkey.Key{"objects/folder/", objectkey.Key("objects/" + strings.Repeat("x", 256))} {
		if _, err := presign.ParseOptions(url.Values{"download": {""}}, key, bounds); !errors.Is(err, presign.ErrParameter) {
			t.Errorf("ParseOptions of download for key %.20q error = %v; want ErrParameter", key, err)
		}
	}
}

func parseQuery(t *testing.T, query string) url.Values {
	t.Helper()
	// Semicolons are data to API Gateway, but an error to url.ParseQuery.
	values, err := url.ParseQuery(strings.ReplaceAll(query, ";", "%3B"))
	if err != nil {
		t.Fatal(err)
	}
	return values
}
