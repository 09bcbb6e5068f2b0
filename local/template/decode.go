package template

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Ignored is the type of a property that matters on AWS only. Its value isn't
// even resolved.
type Ignored struct{}

// Decode resolves the resource's properties into the struct that into points
// to. The struct's fields have the names of the properties, at every level; a
// property without a field is an error that names it. An absent property
// leaves its field alone.
func (r *Resource) Decode(into any) error {
	d := decoder{r.Stack}
	if path, err := d.object(r.properties, reflect.ValueOf(into).Elem()); err != nil {
		return r.Errorf("property %s: %w", path, err)
	}
	return nil
}

type decoder struct{ stack *Stack }

// value decodes v into target; on an error it returns the path from v to what
// is wrong.
func (d decoder) value(v any, target reflect.Value) (path string, err error) {
	if target.Type() == reflect.TypeFor[Ignored]() {
		return "", nil
	}
	if target.Kind() == reflect.Interface {
		if v, err = d.stack.resolve(v); err == nil && v != (noValue{}) {
			target.Set(reflect.ValueOf(v))
		}
		return "", err
	}
	if v, err = d.stack.evaluate(v); err != nil || v == (noValue{}) {
		return "", err
	}
	switch target.Kind() {
	case reflect.Struct:
		return d.object(v, target)
	case reflect.Slice:
		return d.list(v, target)
	case reflect.Map:
		return d.dictionary(v, target)
	}
	text, err := d.stack.text(v)
	if err != nil {
		return "", err
	}
	return "", setScalar(target, text)
}

func setScalar(target reflect.Value, text string) error {
	switch target.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("want a whole number, got %q", text)
		}
		target.SetInt(int64(n))
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("want true or false, got %q", text)
		}
		target.SetBool(b)
	default:
		target.SetString(text)
	}
	return nil
}

func (d decoder) object(v any, target reflect.Value) (string, error) {
	properties, ok := v.(map[string]any)
	if !ok && v != nil {
		return "", fmt.Errorf("want an object, got %v", v)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		field := target.FieldByName(name)
		if !field.CanSet() {
			return name, fmt.Errorf("not understood by the local door")
		}
		if path, err := d.value(properties[name], field); err != nil {
			return join(name, path), err
		}
	}
	return "", nil
}

func (d decoder) list(v any, target reflect.Value) (string, error) {
	items, ok := v.([]any)
	if !ok {
		return "", fmt.Errorf("want a list, got %v", v)
	}
	list := reflect.MakeSlice(target.Type(), 0, len(items))
	for i, item := range items {
		element := reflect.New(target.Type().Elem()).Elem()
		if path, err := d.value(item, element); err != nil {
			return join(strconv.Itoa(i), path), err
		}
		list = reflect.Append(list, element)
	}
	target.Set(list)
	return "", nil
}

func (d decoder) dictionary(v any, target reflect.Value) (string, error) {
	entries, ok := v.(map[string]any)
	if !ok {
		return "", fmt.Errorf("want an object, got %v", v)
	}
	dictionary := reflect.MakeMap(target.Type())
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		element := reflect.New(target.Type().Elem()).Elem()
		if path, err := d.value(entries[name], element); err != nil {
			return join(name, path), err
		}
		dictionary.SetMapIndex(reflect.ValueOf(name), element)
	}
	target.Set(dictionary)
	return "", nil
}

func join(name, path string) string {
	if path == "" {
		return name
	}
	return name + "." + path
}
