package presign_test

import (
	"errors"
	"mime"
	"strings"
	"testing"

	"onedoor/lambdas/internal/presign"
)

func TestAttachment(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"report.pdf", `attachment; filename="report.pdf"`},
		{"annual report.pdf", `attachment; filename="annual report.pdf"; filename*=UTF-8''annual%20report.pdf`},
		{"보고서.pdf", `attachment; filename="___.pdf"; filename*=UTF-8''%EB%B3%B4%EA%B3%A0%EC%84%9C.pdf`},
		{"€ rates", `attachment; filename="_ rates"; filename*=UTF-8''%E2%82%AC%20rates`},
		{`a"b`, `attachment; filename="a_b"; filename*=UTF-8''a%22b`},
		{"100%.txt", `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`},
		{"a;b=c", `attachment; filename="a;b=c"; filename*=UTF-8''a%3Bb%3Dc`},
	} {
		got, err := presign.Attachment(test.name)
		if err != nil || got != test.want {
			t.Errorf("Attachment(%q) = %s, %v; want %s", test.name, got, err, test.want)
		}
	}
}

func TestAttachmentRefuses(t *testing.T) {
	for _, name := range []string{"", "a/b", `a\b`, "a\r\nSet-Cookie: b", "\x00", "\xff", strings.Repeat("x", presign.MaxFileName+1)} {
		if got, err := presign.Attachment(name); !errors.Is(err, presign.ErrFileName) {
			t.Errorf("Attachment(%.20q) = %q, %v; want ErrFileName", name, got, err)
		}
	}
}

// FuzzAttachment reads each header back with the standard library's parser.
func FuzzAttachment(f *testing.F) {
	f.Add("report.pdf")
	f.Add(`보고서 "final" 100%.pdf`)
	f.Fuzz(func(t *testing.T, name string) {
		header, err := presign.Attachment(name)
		if err != nil {
			return
		}
		for i := range len(header) {
			if header[i] < ' ' || header[i] > '~' {
				t.Fatalf("Attachment(%q) = %q; byte %d is not printable ASCII", name, header, i)
			}
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" {
			// The standard parser refuses a header that gives both forms.
			first, exact, _ := strings.Cut(header, "; filename*=")
			if kind, _, err = mime.ParseMediaType(first); err != nil || kind != "attachment" {
				t.Fatalf("%q does not parse: %v", first, err)
			}
			_, params, err = mime.ParseMediaType("attachment; filename*=" + exact)
			if err != nil {
				t.Fatalf("filename*=%s does not parse: %v", exact, err)
			}
		}
		if params["filename"] != name {
			t.Errorf("Attachment(%q) reads back as %q", name, params["filename"])
		}
	})
}
