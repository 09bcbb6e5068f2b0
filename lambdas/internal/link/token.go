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

// ID names a link's row and the link in the log: the SHA-256 of its token, from
// which nobody gets the token back. It gives no rights.
type ID string

// ID returns the id of the token's link.
func (t Token) ID() ID {
	sum := sha256.Sum256([]byte(t))
	return ID(base64.RawURLEncoding.EncodeToString(sum[:]))
}

// ownerBytes is the randomness of a handle's secret: 128 bits.
const ownerBytes = 16

// Handle names a link to its owner and gives an owner's rights: to see the
// link's state and to revoke it. It is the ID and a secret, so neither does a
// handle lead to the token, nor the token or the log to a handle.
type Handle struct {
	ID     ID
	secret string
}

// NewHandle returns a handle of the link with a secret of its own.
func NewHandle(id ID) Handle {
	var b [ownerBytes]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
	return Handle{ID: id, secret: base64.RawURLEncoding.EncodeToString(b[:])}
}

// ParseHandle accepts what Handle.String writes and nothing else.
func ParseHandle(s string) (Handle, bool) {
	idLength := base64.RawURLEncoding.EncodedLen(sha256.Size)
	if len(s) != idLength+base64.RawURLEncoding.EncodedLen(ownerBytes) {
		return Handle{}, false
	}
	h := Handle{ID: ID(s[:idLength]), secret: s[idLength:]}
	if !isCanonicalBase64(string(h.ID)) || !isCanonicalBase64(h.secret) {
		return Handle{}, false
	}
	return h, true
}

func (h Handle) String() string { return string(h.ID) + h.secret }

// OwnerHash is what the link's row holds of the handle: the SHA-256 of its
// secret.
func (h Handle) OwnerHash() string {
	sum := sha256.Sum256([]byte(h.secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isCanonicalBase64 excludes second spellings of the same bytes, and the line
// breaks that the decoder passes over.
func isCanonicalBase64(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && base64.RawURLEncoding.EncodeToString(b) == s
}
