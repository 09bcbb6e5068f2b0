package link

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// tokenBytes is the randomness of a token: 192 bits.
const tokenBytes = 24

// Token is the secret in a link's URL. Whoever has it can use the link; it is
// shown once and stored nowhere. It is never logged.
type Token string

// NewToken returns a token from the system's secure source of randomness.
func NewToken() Token {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
	return Token(base64.RawURLEncoding.EncodeToString(b[:]))
}

// ParseToken accepts what NewToken writes and nothing else, so that what can't
// be a token costs no call of the store.
func ParseToken(s string) (Token, bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(tokenBytes) || !isCanonicalBase64(s) {
		return "", false
	}
	return Token(s), true
}

// ID names a link to its owner and in the log: the SHA-256 of its token, from
// which nobody gets the token back.
type ID string

// ID returns the id of the token's link.
func (t Token) ID() ID {
	sum := sha256.Sum256([]byte(t))
	return ID(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// ParseID accepts what Token.ID writes and nothing else.
func ParseID(s string) (ID, bool) {
	if len(s) != base64.RawURLEncoding.EncodedLen(sha256.Size) || !isCanonicalBase64(s) {
		return "", false
	}
	return ID(s), true
}

// isCanonicalBase64 excludes second spellings of the same bytes, and the line
// breaks that the decoder passes over.
func isCanonicalBase64(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && base64.RawURLEncoding.EncodeToString(b) == s
}
