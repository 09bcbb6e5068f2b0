package link_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"onedoor/lambdas/internal/link"
)

func TestTokenHasAtLeast128RandomBits(t *testing.T) {
	// Every bit of the token varies: over 64 tokens each stands at 0 and at 1
	// (a fixed bit would pass with a chance of 2^-63).
	var ones, zeros []byte
	for range 64 {
		b, err := base64.RawURLEncoding.DecodeString(string(link.NewToken()))
		if err != nil {
			t.Fatal(err)
		}
		if ones == nil {
			ones, zeros = make([]byte, len(b)), make([]byte, len(b))
		}
		for i := range b {
			ones[i] |= b[i]
			zeros[i] |= ^b[i]
		}
	}
	if bits := len(ones) * 8; bits < 128 {
		t.Fatalf("a token has %d bits; want at least 128", bits)
	}
	for i := range ones {
		if ones[i] != 0xff || zeros[i] != 0xff {
			t.Errorf("byte %d of tokens has fixed bits", i)
		}
	}
}

func TestTokenAndHandleParseBack(t *testing.T) {
	token := link.NewToken()
	if got, ok := link.ParseToken(string(token)); !ok || got != token {
		t.Errorf("ParseToken of a new token = %t", ok)
	}
	handle := link.NewHandle(token.ID())
	if got, ok := link.ParseHandle(handle.String()); !ok || got != handle {
		t.Errorf("ParseHandle(%q) = %q, %t", handle, got, ok)
	}
	if strings.Contains(handle.String(), string(token)) {
		t.Error("the handle shows the token")
	}
}

func TestOnlyTheHandleOwns(t *testing.T) {
	id := link.NewToken().ID()
	handle := link.NewHandle(id)
	l := link.Link{ID: id, OwnerHash: handle.OwnerHash()}
	if !l.OwnedBy(handle) {
		t.Error("the link's own handle doesn't own it")
	}
	for name, other := range map[string]link.Handle{
		"another handle of the id":  link.NewHandle(id),
		"a handle of another link":  link.NewHandle(link.NewToken().ID()),
		"the id without any secret": {ID: id},
		"nothing":                   {},
	} {
		if l.OwnedBy(other) {
			t.Errorf("%s owns the link", name)
		}
	}
	if strings.Contains(l.OwnerHash, handle.String()[len(id):]) {
		t.Error("the row would show the secret")
	}
}

func TestMalformedHandlesAreNone(t *testing.T) {
	handle := link.NewHandle(link.NewToken().ID()).String()
	for _, s := range []string{"", handle[1:], handle + "A", handle[:len(handle)-1] + "=", "/" + handle[1:], handle[:42] + "/" + handle[43:], string(link.NewToken().ID())} {
		if _, ok := link.ParseHandle(s); ok {
			t.Errorf("ParseHandle(%q) took it", s)
		}
	}
}

func TestMalformedTokensAreNone(t *testing.T) {
	token := string(link.NewToken())
	for _, s := range []string{
		"", "x", token[1:], token + "A", token + "=", token[:31] + "=", token[:31] + "\n", token[:31] + "/", token[:31] + "+",
		token[:31] + " ", token[:30] + "é", "/" + token[1:], strings.Repeat("A", 64), string(link.NewToken().ID()),
	} {
		if _, ok := link.ParseToken(s); ok {
			t.Errorf("ParseToken(%q) took it", s)
		}
	}
}

// FuzzParseToken: one token has one spelling, so no two URLs share a row, and
// what isn't a token's spelling never gets to the store.
func FuzzParseToken(f *testing.F) {
	f.Add(strings.Repeat("A", 32))
	f.Add(strings.Repeat("-_", 16))
	f.Add("AAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		token, ok := link.ParseToken(s)
		if !ok {
			return
		}
		b, err := base64.RawURLEncoding.Strict().DecodeString(s)
		if err != nil || len(b)*8 < 128 || base64.RawURLEncoding.EncodeToString(b) != s {
			t.Errorf("ParseToken(%q) took what is not the spelling of at least 128 bits: %v", s, err)
		}
		handle := link.NewHandle(token.ID())
		if got, ok := link.ParseHandle(handle.String()); !ok || got != handle {
			t.Errorf("a handle of %q does not parse back", s)
		}
	})
}
