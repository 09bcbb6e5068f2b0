package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// noValue is what Ref AWS::NoValue stands for: the property isn't there.
type noValue struct{}

// intrinsic returns name and argument of v when v is a call of an intrinsic
// function.
func intrinsic(v any) (name string, argument any, ok bool) {
	object, isObject := v.(map[string]any)
	if !isObject || len(object) != 1 {
		return "", nil, false
	}
	for name, argument = range object {
	}
	return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::")
}

// evaluate reduces v to a plain value one level deep: the result is no
// intrinsic call, but may contain some.
func (s *Stack) evaluate(v any) (any, error) {
	name, argument, ok := intrinsic(v)
	if !ok {
		return v, nil
	}
	value, err := s.call(name, argument)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return value, nil
}

// resolve reduces v to plain values all the way down.
func (s *Stack) resolve(v any) (any, error) {
	v, err := s.evaluate(v)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		resolved := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			value, err := s.resolve(v[key])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			if value != (noValue{}) {
				resolved[key] = value
			}
		}
		return resolved, nil
	case []any:
		resolved := make([]any, 0, len(v))
		for i, item := range v {
			value, err := s.resolve(item)
			if err != nil {
				return nil, fmt.Errorf("item %d: %w", i, err)
			}
			if value != (noValue{}) {
				resolved = append(resolved, value)
			}
		}
		return resolved, nil
	}
	return v, nil
}

func (s *Stack) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return s.ref(argument)
	case "Fn::GetAtt":
		return s.getAtt(argument)
	case "Fn::ImportValue":
		return s.importValue(argument)
	case "Fn::Join":
		return s.join(argument)
	case "Fn::Sub":
		return s.sub(argument)
	case "Fn::Select":
		return s.selectItem(argument)
	case "Fn::Split":
		return s.split(argument)
	case "Fn::GetAZs":
		return s.getAZs(argument)
	}
	return nil, errors.New("this intrinsic function is not understood")
}

func (s *Stack) ref(argument any) (any, error) {
	id, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("want a name, got %v", argument)
	}
	switch id {
	case "AWS::Region":
		return s.Region, nil
	case "AWS::AccountId":
		return Account, nil
	case "AWS::Partition":
		return partition, nil
	case "AWS::URLSuffix":
		return urlSuffix, nil
	case "AWS::StackName":
		return s.Name, nil
	case "AWS::StackId":
		return fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/local", partition, s.Region, Account, s.Name), nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if p, ok := s.parameters[id]; ok {
		if p.Default == nil || strings.HasPrefix(p.Type, "AWS::SSM::") {
			return nil, fmt.Errorf("parameter %s has no value on this machine", id)
		}
		return p.Default, nil
	}
	r, ok := s.resources[id]
	if !ok {
		return nil, fmt.Errorf("stack %s has no resource or parameter %s", s.Name, id)
	}
	return r.Ref()
}

func (s *Stack) getAtt(argument any) (any, error) {
	var id, attribute string
	switch argument := argument.(type) {
	case string:
		id, attribute, _ = strings.Cut(argument, ".")
	case []any:
		if len(argument) == 2 {
			id, _ = argument[0].(string)
			attribute, _ = argument[1].(string)
		}
	}
	r, ok := s.resources[id]
	if !ok {
		return nil, fmt.Errorf("stack %s has no resource %v", s.Name, argument)
	}
	return r.attribute(attribute)
}

func (s *Stack) importValue(argument any) (any, error) {
	name, err := s.text(argument)
	if err != nil {
		return nil, err
	}
	for _, exporter := range s.assembly.stacks {
		for _, out := range exporter.outputs {
			if out.Export.Name == nil {
				continue
			}
			exported, err := exporter.text(out.Export.Name)
			if err != nil {
				return nil, err
			}
			if exported == name {
				return exporter.resolve(out.Value)
			}
		}
	}
	return nil, fmt.Errorf("no stack exports %s", name)
}

func (s *Stack) join(argument any) (any, error) {
	separator, items, err := s.textAndList(argument)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if texts[i], err = s.text(item); err != nil {
			return nil, err
		}
	}
	return strings.Join(texts, separator), nil
}

func (s *Stack) selectItem(argument any) (any, error) {
	position, items, err := s.textAndList(argument)
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(position)
	if err != nil || i < 0 || i >= len(items) {
		return nil, fmt.Errorf("no item %s in a list of %d", position, len(items))
	}
	return s.resolve(items[i])
}

func (s *Stack) split(argument any) (any, error) {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return nil, fmt.Errorf("want [separator, text], got %v", argument)
	}
	separator, err := s.text(pair[0])
	if err != nil {
		return nil, err
	}
	text, err := s.text(pair[1])
	if err != nil {
		return nil, err
	}
	var items []any
	for _, part := range strings.Split(text, separator) {
		items = append(items, part)
	}
	return items, nil
}

func (s *Stack) getAZs(argument any) (any, error) {
	name, err := s.text(argument)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = s.Region
	}
	return []any{name + "a", name + "b", name + "c"}, nil
}

var subPlaceholder = regexp.MustCompile(`\$\{(!?)([^}]+)\}`)

func (s *Stack) sub(argument any) (any, error) {
	variables := map[string]any{}
	if pair, ok := argument.([]any); ok && len(pair) == 2 {
		argument = pair[0]
		variables, _ = pair[1].(map[string]any)
	}
	text, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("want a text, got %v", argument)
	}
	var problems []error
	replaced := subPlaceholder.ReplaceAllStringFunc(text, func(match string) string {
		parts := subPlaceholder.FindStringSubmatch(match)
		if parts[1] == "!" {
			return "${" + parts[2] + "}"
		}
		value, err := s.text(placeholder(parts[2], variables))
		if err != nil {
			problems = append(problems, err)
		}
		return value
	})
	return replaced, errors.Join(problems...)
}

// placeholder returns what ${name} of Fn::Sub stands for.
func placeholder(name string, variables map[string]any) any {
	if value, ok := variables[name]; ok {
		return value
	}
	if strings.Contains(name, ".") {
		return map[string]any{"Fn::GetAtt": name}
	}
	return map[string]any{"Ref": name}
}

func (s *Stack) textAndList(argument any) (string, []any, error) {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return "", nil, fmt.Errorf("want two arguments, got %v", argument)
	}
	text, err := s.text(pair[0])
	if err != nil {
		return "", nil, err
	}
	list, err := s.evaluate(pair[1])
	if err != nil {
		return "", nil, err
	}
	items, ok := list.([]any)
	if !ok {
		return "", nil, fmt.Errorf("want a list, got %v", list)
	}
	return text, items, nil
}

// text resolves v to a string; CloudFormation takes numbers and booleans for
// strings.
func (s *Stack) text(v any) (string, error) {
	v, err := s.evaluate(v)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", fmt.Errorf("want a text, got %v", v)
}
