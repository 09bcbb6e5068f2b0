package querystring_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"onedoor/local/querystring"
)

func TestPairsAreUndecodedAndInOrder(t *testing.T) {
	var got [][2]string
	for name, value := range querystring.Pairs("b=1&&a=2;x&b=%zz&flag&=v&c=d=e") {
		got = append(got, [2]string{name, value})
	}
	want := [][2]string{{"b", "1"}, {"a", "2;x"}, {"b", "%zz"}, {"flag", ""}, {"", "v"}, {"c", "d=e"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Pairs mismatch (-want +got):\n%s", diff)
	}
}

func TestPairsStopWhenAsked(t *testing.T) {
	n := 0
	for range querystring.Pairs("a&b&c") {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d pairs; want 2", n)
	}
}

func TestUnescapeLeavesWhatItCannotDecode(t *testing.T) {
	for in, want := range map[string]string{"a%20b+c": "a b c", "%zz": "%zz", "100%": "100%", "%EB%AC%B8": "문"} {
		if got := querystring.Unescape(in); got != want {
			t.Errorf("Unescape(%q) = %q; want %q", in, got, want)
		}
	}
}
