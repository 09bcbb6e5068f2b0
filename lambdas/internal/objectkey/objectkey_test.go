package objectkey_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/smithy-go/encoding/httpbinding"

	"onedoor/lambdas/internal/objectkey"
)

func TestFromPathDecodesExactlyOnce(t *testing.T) {
	for _, test := range []struct{ escaped, want string }{
		{"objects/report.pdf", "objects/report.pdf"},
		{"objects%2Freport.pdf", "objects/report.pdf"},
		{"objects/a%20b", "objects/a b"},
		{"objects/a+b", "objects/a+b"},
		{"objects/a%2Bb", "objects/a+b"},
		{"objects/a%252Fb", "objects/a%2Fb"},
		{"objects/a%2Fb", "objects/a/b"},
		{"objects/100%25", "objects/100%"},
		{"objects//double//slash", "objects//double//slash"},
		{"objects/%5Cback", `objects/\back`},
		{"objects/...", "objects/..."},
		{"objects/.hidden", "objects/.hidden"},
		{"objects/%EB%AC%B8%EC%84%9C", "objects/문서"},
		{"objects/", "objects/"},
	} {
		got, err := objectkey.FromPath(test.escaped)
		if err != nil || string(got) != test.want {
			t.Errorf("FromPath(%q) = %q, %v; want %q", test.escaped, got, err, test.want)
		}
	}
}

func TestFromPathRefusesWithTheReason(t *testing.T) {
	long := "objects/" + strings.Repeat("x", objectkey.MaxBytes-len("objects/")+1)
	for _, test := range []struct{ name, escaped, reason string }{
		{"empty", "", "empty"},
		{"over-long", long, "1025 bytes"},
		{"over-long after decoding only in escapes", strings.Repeat("%41", 1025), "1025 bytes"},
		{"not UTF-8", "objects/%ff", "not UTF-8"},
		{"overlong UTF-8", "objects/%c0%af", "not UTF-8"},
		{"surrogate", "objects/%ed%a0%80", "not UTF-8"},
		{"NUL", "objects/%00", "control character at byte 8"},
		{"newline", "objects/a%0ab", "control character at byte 9"},
		{"DEL", "objects/%7f", "control character"},
		{"C1 control", "objects/%c2%85", "control character"},
		{"dot segment", "objects/./a", `"."`},
		{"dot dot segment", "objects/../a", `".."`},
		{"encoded dot dot segment", "objects/%2e%2e/a", `".."`},
		{"dot dot behind an encoded slash", "objects/a%2F..%2Fb", `".."`},
		{"trailing dot segment", "objects/a/.", `"."`},
		{"outside", "private/a", `begin with "objects/"`},
		{"outside by one letter", "objects", `begin with "objects/"`},
		{"leading slash", "/objects/a", `begin with "objects/"`},
		{"case differs", "Objects/a", `begin with "objects/"`},
		{"cut escape", "objects/a%2", "%25"},
		{"no escape", "objects/100%zz", "%25"},
	} {
		_, err := objectkey.FromPath(test.escaped)
		if !errors.Is(err, objectkey.ErrInvalid) {
			t.Errorf("%s: FromPath(%.40q) error = %v; want ErrInvalid", test.name, test.escaped, err)
			continue
		}
		if !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: FromPath(%.40q) error = %q; want it to say %q", test.name, test.escaped, err, test.reason)
		}
	}
}

func TestKeyOf1024BytesIsLegal(t *testing.T) {
	key := "objects/" + strings.Repeat("x", objectkey.MaxBytes-len("objects/"))
	if _, err := objectkey.New(key); err != nil {
		t.Errorf("New(key of %d bytes) error = %v; want none", len(key), err)
	}
}

func TestName(t *testing.T) {
	for key, want := range map[objectkey.Key]string{
		"objects/a/b.pdf": "b.pdf",
		"objects/b":       "b",
		"objects/dir/":    "",
	} {
		if got := key.Name(); got != want {
			t.Errorf("%q.Name() = %q; want %q", key, got, want)
		}
	}
}

// FuzzPath holds Path against the SDK's escaping and against its own inverse.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"objects/a", "objects/ +%2F#?&=;:@!*'()~", "objects/[]{}|\\^\"<>`", "objects//한국어/😀/e\u0301", "objects/%", "../x", "objects/\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := objectkey.New(s)
		if err != nil {
			if !errors.Is(err, objectkey.ErrInvalid) {
				t.Fatalf("New(%q) error = %v; want one that wraps ErrInvalid", s, err)
			}
			return
		}
		path := key.Path()
		if want := "/" + httpbinding.EscapePath(s, false); path != want {
			t.Errorf("%q.Path() = %q; the SDK escapes it to %q", s, path, want)
		}
		back, err := objectkey.FromPath(path[1:])
		if err != nil || back != key {
			t.Errorf("FromPath(%q) = %q, %v; want %q back", path[1:], back, err, key)
		}
		base, _ := url.Parse("https://door.example/presign/x")
		ref, err := url.Parse(path)
		if err != nil {
			t.Fatalf("url.Parse(%q) error = %v", path, err)
		}
		if got := base.ResolveReference(ref).Path; got != "/"+s {
			t.Errorf("a client that resolves %q fetches %q; want %q", path, got, "/"+s)
		}
	})
}
