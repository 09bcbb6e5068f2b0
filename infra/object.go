package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// settingError is one mistake in the settings.
type settingError struct {
	// name is the setting's path, such as onedoor.prod.ttl.max.
	name string
	// value is what was found, as JSON; empty when nothing was.
	value string
	// fix says what to do.
	fix string
}

func (e *settingError) Error() string {
	if e.value == "" {
		return fmt.Sprintf("%s is missing: %s", e.name, e.fix)
	}
	return fmt.Sprintf("%s is %s: %s", e.name, e.value, e.fix)
}

// faults collects the mistakes of all settings.
type faults []error

func (f *faults) join() error { return errors.Join(*f...) }

// object reads one JSON object of the settings. Each reader takes a setting by
// name and returns its default where it is absent; a value of the wrong form is
// reported and also read as the default, so that one run finds every mistake.
type object struct {
	path   string
	values map[string]any
	taken  []string
	faults *faults
}

func (f *faults) add(name string, value any, fix string, args ...any) {
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Appendf(nil, "%v", value)
	}
	*f = append(*f, &settingError{name: name, value: string(text), fix: fmt.Sprintf(fix, args...)})
}

// object takes value as an object; nil is an empty one.
func (f *faults) object(path string, value any) *object {
	values, isObject := value.(map[string]any)
	if !isObject && value != nil {
		f.add(path, value, "use an object: {…}")
	}
	return &object{path: path, values: values, faults: f}
}

// fault reports a setting that was taken; an empty text was never there.
func (o *object) fault(name string, value any, fix string, args ...any) {
	if value == "" {
		o.missing(name, fix)
		return
	}
	o.faults.add(o.path+"."+name, value, fix, args...)
}

func (o *object) missing(name, fix string) {
	*o.faults = append(*o.faults, &settingError{name: o.path + "." + name, fix: fix})
}

func (o *object) isSet(name string) bool {
	_, isSet := o.values[name]
	return isSet
}

func (o *object) isObject(name string) bool {
	_, isObject := o.values[name].(map[string]any)
	return isObject
}

func (o *object) take(name string) (any, bool) {
	o.taken = append(o.taken, name)
	value, isSet := o.values[name]
	return value, isSet
}

// close reports the settings that nobody took.
func (o *object) close() {
	slices.Sort(o.taken)
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		if !slices.Contains(o.taken, name) {
			o.fault(name, o.values[name], "no such setting: use one of %s", strings.Join(o.taken, ", "))
		}
	}
}

func (o *object) object(name string) *object {
	value, _ := o.take(name)
	return o.faults.object(o.path+"."+name, value)
}

func (o *object) text(name, byDefault string) string {
	value, isSet := o.take(name)
	if !isSet {
		return byDefault
	}
	text, isText := value.(string)
	if !isText || text == "" {
		o.faults.add(o.path+"."+name, value, "use a text that isn't empty, or leave it out")
		return byDefault
	}
	return text
}

func (o *object) flag(name string, byDefault bool) bool {
	value, isSet := o.take(name)
	if !isSet {
		return byDefault
	}
	flag, isFlag := value.(bool)
	if !isFlag {
		o.fault(name, value, "use true or false")
		return byDefault
	}
	return flag
}

// number reads a whole number from low to high.
func (o *object) number(name string, byDefault, low, high int) int {
	value, isSet := o.take(name)
	if !isSet {
		return byDefault
	}
	number, isNumber := value.(float64)
	if !isNumber || number != math.Trunc(number) || number < float64(low) || number > float64(high) {
		o.fault(name, value, "use a whole number from %d to %d", low, high)
		return byDefault
	}
	return int(number)
}

func (o *object) oneOf(name string, byDefault int, allowed []int) int {
	value, isSet := o.take(name)
	if !isSet {
		return byDefault
	}
	number, isNumber := value.(float64)
	if !isNumber || !slices.Contains(allowed, int(number)) || number != math.Trunc(number) {
		o.fault(name, value, "use one of %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(allowed), " ", ", "), "[]"))
		return byDefault
	}
	return int(number)
}

// cidr reads one IPv4 range; it is the zero Prefix where it is malformed.
func (o *object) cidr(name, byDefault string) netip.Prefix {
	return o.prefix(name, o.text(name, byDefault))
}

// texts reads a list with at least one text.
func (o *object) texts(name, byDefault string) []string {
	value, isSet := o.take(name)
	if !isSet {
		return []string{byDefault}
	}
	list, isList := value.([]any)
	if !isList || len(list) == 0 {
		o.fault(name, value, "use a list of texts, such as [%q]", byDefault)
		return nil
	}
	texts := make([]string, len(list))
	for i, item := range list {
		text, isText := item.(string)
		if !isText {
			o.fault(fmt.Sprintf("%s[%d]", name, i), item, "use a text")
		}
		texts[i] = text
	}
	return texts
}

// cidrs reads a list of IPv4 ranges, without the malformed ones.
func (o *object) cidrs(name, byDefault string) []netip.Prefix {
	var prefixes []netip.Prefix
	for i, text := range o.texts(name, byDefault) {
		if prefix := o.prefix(fmt.Sprintf("%s[%d]", name, i), text); prefix.IsValid() {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

func (o *object) prefix(name, text string) netip.Prefix {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !prefix.Addr().Is4():
		o.fault(name, text, "use an IPv4 range such as 10.0.0.0/24")
	case prefix != prefix.Masked():
		o.fault(name, text, "bits are set behind the mask: use %s", prefix.Masked())
	default:
		return prefix
	}
	return netip.Prefix{}
}
