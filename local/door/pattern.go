package door

import "strings"

// match reports whether the text fits the pattern, in which * stands for any
// number of bytes and ? for exactly one.
func match(pattern, text string) bool {
	// On a mismatch the last * takes one more byte: star is what follows it in
	// the pattern, taken how much of the text it has taken.
	p, t, star, taken := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, taken = p+1, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			taken++
			p, t = star, taken
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchFold is match without regard to the case of letters.
func matchFold(pattern, text string) bool {
	return match(strings.ToLower(pattern), strings.ToLower(text))
}

// matchAny reports whether the text fits one of the patterns.
func matchAny(patterns []string, text string, fits func(pattern, text string) bool) bool {
	for _, pattern := range patterns {
		if fits(pattern, text) {
			return true
		}
	}
	return false
}

// normalize returns the path as rules see it: percent-encoded unreserved
// characters decoded and dot segments removed (RFC 3986, sections 6.2.2.2 and
// 6.2.2.3). What is forwarded is the path as it came.
func normalize(path string) string {
	return removeDotSegments(decodeUnreserved(path))
}

func decodeUnreserved(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var decoded strings.Builder
	for i := 0; i < len(path); i++ {
		if c, ok := unhex(path[i:]); ok && unreserved(c) {
			decoded.WriteByte(c)
			i += 2
			continue
		}
		decoded.WriteByte(path[i])
	}
	return decoded.String()
}

// unhex returns the byte that %XX at the start of s stands for.
func unhex(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, low := strings.IndexByte(hexDigits, s[1]|0x20), strings.IndexByte(hexDigits, s[2]|0x20)
	if high < 0 || low < 0 {
		return 0, false
	}
	return byte(high<<4 | low), true
}

const hexDigits = "0123456789abcdef"

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// removeDotSegments is RFC 3986, section 5.2.4, for absolute paths.
func removeDotSegments(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path, "/")
	kept := segments[:1]
	for i, segment := range segments[1:] {
		isLast := i == len(segments)-2
		switch segment {
		case ".":
		case "..":
			if len(kept) > 1 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, segment)
			continue
		}
		if isLast {
			kept = append(kept, "")
		}
	}
	return strings.Join(kept, "/")
}
