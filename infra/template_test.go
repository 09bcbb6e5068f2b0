package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// ofType returns the resources of a type by logical id.
func (m template) ofType(kind string) map[string]resource {
	found := map[string]resource{}
	for id, r := range m.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	return found
}

// find returns the one resource of a type whose logical id begins with prefix.
func (m template) find(t *testing.T, kind, prefix string) (id string, r resource) {
	t.Helper()
	var ids []string
	for id := range m.ofType(kind) {
		if strings.HasPrefix(id, prefix) {
			ids = append(ids, id)
		}
	}
	if len(ids) != 1 {
		t.Fatalf("%d resources of %s begin with %q: %v; want one", len(ids), kind, prefix, ids)
	}
	return ids[0], m.Resources[ids[0]]
}

// get walks down maps and lists: get("Conditions", 0, "Field").
func (r resource) get(t *testing.T, path ...any) any {
	t.Helper()
	var value any = r.Properties
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				t.Fatalf("%s has no %v", r.Type, path)
			}
			value = list[step]
		}
	}
	return value
}

// attributes are a list of Key and Value, as load balancers have them.
func attributes(list any) map[string]any {
	found := map[string]any{}
	for _, item := range list.([]any) {
		pair := item.(map[string]any)
		found[pair["Key"].(string)] = pair["Value"]
	}
	return found
}

// render writes a value with its intrinsic functions as text: ${Id} for Ref,
// ${Id.Attribute} for Fn::GetAtt, and what Network exports for Fn::ImportValue.
func (a assembly) render(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			return a.intrinsic(name, v[name])
		}
		return "{}"
	default:
		return fmt.Sprint(v)
	}
}

func (a assembly) intrinsic(name string, argument any) string {
	switch name {
	case "Ref":
		return "${" + argument.(string) + "}"
	case "Fn::GetAtt":
		return "${" + strings.Join(a.renderAll(argument), ".") + "}"
	case "Fn::Join":
		pair := argument.([]any)
		return strings.Join(a.renderAll(pair[1]), pair[0].(string))
	case "Fn::Select":
		pair := argument.([]any)
		return fmt.Sprintf("${%v of %s}", pair[0], a.render(pair[1]))
	case "Fn::ImportValue":
		for _, output := range a.network.Outputs {
			if export, _ := output["Export"].(map[string]any); export["Name"] == argument {
				return a.render(output["Value"])
			}
		}
	}
	return fmt.Sprintf("${%s %v}", name, argument)
}

// renderAll renders the items of a list; anything else is a list of one.
func (a assembly) renderAll(value any) []string {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = a.render(item)
	}
	return texts
}
