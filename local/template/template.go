// Package template reads a synthesized CDK app (a cloud assembly, cdk.out) and
// resolves what its CloudFormation templates say to values that hold on one
// machine.
//
// Nothing in a template is skipped in silence. A resource is decoded into a
// struct that names every property its reader understands; any other property
// is an error that names stack, resource, type and property. Resource types
// that mean something on AWS only are listed, with the reason, in onaws.go.
package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// DefaultRegion is where stacks without a region of their own live.
	DefaultRegion = "us-east-1"
	// Account is the account that every ARN names.
	Account = "000000000000"

	partition = "aws"
	urlSuffix = "amazonaws.com"
)

// Assembly is a synthesized CDK app.
type Assembly struct {
	stacks []*Stack
}

// Stack is one synthesized CloudFormation stack.
type Stack struct {
	Name   string
	Region string

	assembly   *Assembly
	parameters map[string]parameter
	outputs    map[string]output
	resources  map[string]*Resource
}

// Resource is one resource of a stack.
type Resource struct {
	Stack *Stack
	// ID is the logical ID.
	ID   string
	Type string

	metadata   map[string]any
	properties map[string]any
}

type parameter struct {
	Type    string
	Default any
}

type output struct {
	Value  any
	Export struct{ Name any }
}

// Load reads the cloud assembly in dir.
func Load(dir string) (*Assembly, error) {
	var manifest struct {
		Artifacts map[string]struct {
			Type        string
			Environment string
			Properties  struct {
				TemplateFile string
				StackName    string
			}
		}
	}
	if err := readJSON(filepath.Join(dir, "manifest.json"), &manifest); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no synthesized app in %s: run `make synth` first", dir)
		}
		return nil, err
	}
	a := &Assembly{}
	for id, artifact := range manifest.Artifacts {
		switch artifact.Type {
		case "aws:cloudformation:stack":
			name := artifact.Properties.StackName
			if name == "" {
				name = id
			}
			file := filepath.Join(dir, artifact.Properties.TemplateFile)
			if err := a.add(name, region(artifact.Environment), file); err != nil {
				return nil, err
			}
		case "cdk:cloud-assembly":
			return nil, fmt.Errorf("artifact %s of %s: nested assemblies are not understood", id, dir)
		}
	}
	if len(a.stacks) == 0 {
		return nil, fmt.Errorf("no stack in %s: run `make synth` first", dir)
	}
	slices.SortFunc(a.stacks, func(x, y *Stack) int { return strings.Compare(x.Name, y.Name) })
	return a, nil
}

func (a *Assembly) add(name, region, file string) error {
	var body struct {
		Parameters map[string]parameter
		Outputs    map[string]output
		Resources  map[string]struct {
			Type       string
			Condition  string
			Metadata   map[string]any
			Properties map[string]any
		}
	}
	if err := readJSON(file, &body); err != nil {
		return fmt.Errorf("stack %s: %w", name, err)
	}
	s := &Stack{
		Name: name, Region: region, assembly: a,
		parameters: body.Parameters, outputs: body.Outputs,
		resources: make(map[string]*Resource, len(body.Resources)),
	}
	for id, r := range body.Resources {
		made := &Resource{Stack: s, ID: id, Type: r.Type, metadata: r.Metadata, properties: r.Properties}
		if r.Condition != "" && onAWSOnly[r.Type] == "" {
			return made.Errorf("condition %s: conditions are not understood by the local door", r.Condition)
		}
		s.resources[id] = made
	}
	a.stacks = append(a.stacks, s)
	return nil
}

// Resources returns every resource of the type, ordered by stack and logical
// ID.
func (a *Assembly) Resources(resourceType string) []*Resource {
	return a.filter(func(r *Resource) bool { return r.Type == resourceType })
}

// ByRef returns the resource of the type whose Ref is the value.
func (a *Assembly) ByRef(resourceType, value string) (*Resource, error) {
	for _, r := range a.Resources(resourceType) {
		ref, err := r.Ref()
		if err != nil {
			return nil, err
		}
		if ref == value {
			return r, nil
		}
	}
	return nil, fmt.Errorf("no %s with Ref %q in the app", resourceType, value)
}

func (a *Assembly) filter(keep func(*Resource) bool) []*Resource {
	var found []*Resource
	for _, s := range a.stacks {
		for _, r := range s.resources {
			if keep(r) {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(x, y *Resource) int {
		return strings.Compare(x.Stack.Name+"/"+x.ID, y.Stack.Name+"/"+y.ID)
	})
	return found
}

// Metadata returns the resource's metadata entry of that name, "" when there
// is none.
func (r *Resource) Metadata(name string) string {
	value, _ := r.metadata[name].(string)
	return value
}

// Errorf reports a problem of the resource.
func (r *Resource) Errorf(format string, args ...any) error {
	return fmt.Errorf("stack %s: resource %s (%s): %w", r.Stack.Name, r.ID, r.Type, fmt.Errorf(format, args...))
}

// region takes the region out of an environment such as aws://account/region.
func region(environment string) string {
	name := environment[strings.LastIndex(environment, "/")+1:]
	if name == "" || name == "unknown-region" {
		return DefaultRegion
	}
	return name
}

func readJSON(file string, into any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}
