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

func TestTokenAndIDParseBack(t *testing.T) {
	token := link.NewToken()
	if got, ok := link.ParseToken(string(token)); !ok || got != token {
		t.Errorf("ParseToken of a new token = %t", ok)
	}
	if got, ok := link.ParseID(string(token.ID())); !ok || got != token.ID() {
		t.Errorf("ParseID(%q) = %q, %t", token.ID(), got, ok)
	}
	if strings.Contains(string(token.ID()), string(token)) {
		t.Error("the id shows the token")
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
		if id, ok := link.ParseID(string(token.ID())); !ok || id != token.ID() {
			t.Errorf("the id of %q does not parse back", s)
		}
	})
}
