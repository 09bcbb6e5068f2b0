package presign_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// knownSignature computes the query signature of an unsigned URL with the
// credentials of AWS's published example, straight from the specification:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
// The query must already be sorted and escaped.
func knownSignature(t *testing.T, method, unsigned, host string) string {
	t.Helper()
	rest := strings.TrimPrefix(unsigned, "https://")
	path, query, found := strings.Cut(rest[strings.Index(rest, "/"):], "?")
	if !found {
		t.Fatalf("%s has no query", unsigned)
	}
	value := func(name string) string {
		_, after, _ := strings.Cut(query, name+"=")
		v, _, _ := strings.Cut(after, "&")
		return strings.ReplaceAll(v, "%2F", "/")
	}
	_, scope, _ := strings.Cut(value("X-Amz-Credential"), "/")

	canonicalRequest := strings.Join([]string{method, path, query, "host:" + host, "", "host", "UNSIGNED-PAYLOAD"}, "\n")
	hash := sha256.Sum256([]byte(canonicalRequest))
	stringToSign := strings.Join([]string{"AWS4-HMAC-SHA256", value("X-Amz-Date"), scope, hex.EncodeToString(hash[:])}, "\n")

	key := []byte("AWS4" + exampleCredentials.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	return hex.EncodeToString(hmacSHA256(key, stringToSign))
}

func hmacSHA256(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}

// The published example of the specification proves knownSignature itself.
func TestKnownSignatureIsThatOfTheSpecification(t *testing.T) {
	got := knownSignature(t, "GET", "https://examplebucket.s3.amazonaws.com/test.txt"+
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256"+
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"+
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host", "examplebucket.s3.amazonaws.com")
	const want = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	if got != want {
		t.Errorf("knownSignature = %s; want the published %s", got, want)
	}
}
