// Package ids makes the identifiers that AWS services put on requests.
package ids

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// UUID returns a random UUID (RFC 9562, version 4), the form of request IDs.
func UUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Trace returns the version, time and identifier of an X-Ray trace that begins
// at the instant: 1-67891233-abcdef012345678912345678.
func Trace(at time.Time) string {
	return fmt.Sprintf("1-%08x-%s", at.Unix(), Hex(12))
}

// Hex returns n random bytes in hexadecimal.
func Hex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
