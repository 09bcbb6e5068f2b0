package door

import (
	"fmt"
	"regexp"
	"strings"
)

type transformProperties struct {
	Type                    string
	HostHeaderRewriteConfig rewriteProperties
	UrlRewriteConfig        rewriteProperties
}

type rewriteProperties struct {
	Rewrites []struct{ Regex, Replace string }
}

// transforms rewrite what a target gets, after the rule has matched.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
type transforms struct{ host, url *rewrite }

type rewrite struct {
	regex   *regexp.Regexp
	replace string
}

func newTransforms(properties []transformProperties) (transforms, error) {
	var made transforms
	for _, p := range properties {
		config, target := p.HostHeaderRewriteConfig, &made.host
		switch p.Type {
		case "host-header-rewrite":
		case "url-rewrite":
			config, target = p.UrlRewriteConfig, &made.url
		default:
			return made, fmt.Errorf("type %q is not understood by the local door", p.Type)
		}
		if *target != nil || len(config.Rewrites) != 1 {
			return made, fmt.Errorf("%s: want one rewrite", p.Type)
		}
		regex, err := regexp.Compile(config.Rewrites[0].Regex)
		if err != nil {
			return made, fmt.Errorf("%s: %w", p.Type, err)
		}
		*target = &rewrite{regex, expandable(config.Rewrites[0].Replace)}
	}
	return made, nil
}

var groupReference = regexp.MustCompile(`\$([0-9])`)

// expandable turns $1, which ends after one digit, into the form of package
// regexp.
func expandable(replace string) string {
	return groupReference.ReplaceAllString(strings.ReplaceAll(replace, "$$", "$$$$"), "$${$1}")
}

// apply replaces the first match; a text without one stays as it is.
func (w *rewrite) apply(text string) string {
	if w == nil {
		return text
	}
	found := w.regex.FindStringSubmatchIndex(text)
	if found == nil {
		return text
	}
	replaced := w.regex.ExpandString(nil, w.replace, text, found)
	return text[:found[0]] + string(replaced) + text[found[1]:]
}
