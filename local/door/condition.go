package door

import (
	"fmt"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"

	"onedoor/local/querystring"
)

// condition reports whether a request meets it.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
type condition func(*request) bool

type conditionProperties struct {
	Field            string
	HostHeaderConfig struct{ Values []string }
	HttpHeaderConfig struct {
		HttpHeaderName string
		Values         []string
	}
	HttpRequestMethodConfig struct{ Values []string }
	PathPatternConfig       struct{ Values []string }
	QueryStringConfig       struct{ Values []queryProperties }
	SourceIpConfig          struct{ Values []string }
}

type queryProperties struct{ Key, Value string }

func (p conditionProperties) condition() (condition, error) {
	switch p.Field {
	case "host-header":
		return host(p.HostHeaderConfig.Values), checkValues(p.HostHeaderConfig.Values)
	case "http-header":
		return header(p.HttpHeaderConfig.HttpHeaderName, p.HttpHeaderConfig.Values), checkValues(p.HttpHeaderConfig.Values)
	case "http-request-method":
		return method(p.HttpRequestMethodConfig.Values), checkValues(p.HttpRequestMethodConfig.Values)
	case "path-pattern":
		return path(p.PathPatternConfig.Values), checkValues(p.PathPatternConfig.Values)
	case "query-string":
		return query(p.QueryStringConfig.Values), checkQuery(p.QueryStringConfig.Values)
	case "source-ip":
		return source(p.SourceIpConfig.Values)
	}
	return nil, fmt.Errorf("field %q is not understood by the local door", p.Field)
}

// checkValues refuses what the load balancer would refuse, and escapes, which
// no rule needs.
func checkValues(values []string) error {
	if len(values) == 0 {
		return fmt.Errorf("a condition without values")
	}
	for _, value := range values {
		if strings.Contains(value, `\`) {
			return fmt.Errorf("the escape in %q is not understood by the local door", value)
		}
	}
	return nil
}

func checkQuery(values []queryProperties) error {
	var texts []string
	for _, value := range values {
		texts = append(texts, value.Key, value.Value)
	}
	return checkValues(texts)
}

// host takes the name without the port, in any case.
func host(patterns []string) condition {
	return func(r *request) bool { return matchAny(patterns, r.hostname(), matchFold) }
}

func header(name string, patterns []string) condition {
	name = textproto.CanonicalMIMEHeaderKey(name)
	return func(r *request) bool {
		return slices.ContainsFunc(r.Header[name], func(value string) bool {
			return matchAny(patterns, value, matchFold)
		})
	}
}

func method(names []string) condition {
	return func(r *request) bool { return slices.Contains(names, r.Method) }
}

// path is case-sensitive and sees the normalized path.
func path(patterns []string) condition {
	return func(r *request) bool { return matchAny(patterns, normalize(r.path), match) }
}

// query is met by one parameter that fits one of the values.
func query(values []queryProperties) condition {
	return func(r *request) bool {
		for name, value := range querystring.Pairs(r.query) {
			for _, want := range values {
				if (want.Key == "" || matchFold(want.Key, name)) && matchFold(want.Value, value) {
					return true
				}
			}
		}
		return false
	}
}

func source(blocks []string) (condition, error) {
	var prefixes []netip.Prefix
	for _, block := range blocks {
		prefix, err := netip.ParsePrefix(block)
		if err != nil {
			return nil, fmt.Errorf("source-ip: %w", err)
		}
		prefixes = append(prefixes, prefix)
	}
	return func(r *request) bool {
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(r.client) })
	}, nil
}
