package door

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"/objects/*", "/objects/a/b", true},
		{"/objects/*", "/objects/", true},
		{"/objects/*", "/objects", false},
		{"/objects/*", "/Objects/a", false},
		{"/objects/*", "x/objects/a", false},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"*.html", "/a.html.html", true},
		{"*a*b", "xaxbxab", true},
		{"*a*b", "xaxbxa", false},
		{"a**b", "ab", true},
		{"*?", "", false},
		{"[ab].(c)", "[ab].(c)", true},
		{"[ab]", "a", false},
	} {
		if got := match(test.pattern, test.text); got != test.want {
			t.Errorf("match(%q, %q) = %t; want %t", test.pattern, test.text, got, test.want)
		}
	}
}

// reference is match by a regular expression.
func reference(pattern, text string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `(?s:.*)`), `\?`, `(?s:.)`)
	return regexp.MustCompile(`\A` + quoted + `\z`).MatchString(text)
}

func FuzzMatch(f *testing.F) {
	f.Add("/objects/*", "/objects/a")
	f.Add("*a?*b", "aaaaab")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if strings.ContainsFunc(pattern+text, func(r rune) bool { return r > 127 }) {
			return // the reference counts characters, match counts bytes
		}
		if got, want := match(pattern, text), reference(pattern, text); got != want {
			t.Errorf("match(%q, %q) = %t; want %t", pattern, text, got, want)
		}
	})
}

func TestNormalize(t *testing.T) {
	for path, want := range map[string]string{
		"/objects/a":                 "/objects/a",
		"/objects/../secret":         "/secret",
		"/objects/%2e%2E/secret":     "/secret",
		"/objects/./a/":              "/objects/a/",
		"/objects/a/..":              "/objects/",
		"/objects/a/.":               "/objects/a/",
		"/../../x":                   "/x",
		"/objects/a%2Fb%20c":         "/objects/a%2Fb%20c",
		"/%6Fbjects/%7Ea":            "/objects/~a",
		"/objects//a":                "/objects//a",
		"/objects/.../a":             "/objects/.../a",
		"/objects/%":                 "/objects/%",
		"/objects/%2":                "/objects/%2",
		"/objects/%zz":               "/objects/%zz",
		"/objects/%252e%252e/secret": "/objects/%252e%252e/secret",
		"*":                          "*",
		"":                           "",
	} {
		if got := normalize(path); got != want {
			t.Errorf("normalize(%q) = %q; want %q", path, got, want)
		}
	}
}

func FuzzNormalizeLeavesNoWayUp(f *testing.F) {
	f.Add("/objects/%2e%2e/./a/../..")
	f.Add("/a/.%2E")
	f.Fuzz(func(t *testing.T, path string) {
		path = "/" + path
		got := normalize(path)
		for segment := range strings.SplitSeq(got, "/") {
			if segment == "." || segment == ".." {
				t.Errorf("normalize(%q) = %q; want no dot segment", path, got)
			}
		}
		if !strings.HasPrefix(got, "/") {
			t.Errorf("normalize(%q) = %q; want an absolute path", path, got)
		}
		if u, err := url.ParseRequestURI(path); err == nil && !strings.ContainsAny(path, "%?.") && got != u.Path {
			t.Errorf("normalize(%q) = %q; want it as it came", path, got)
		}
	})
}
