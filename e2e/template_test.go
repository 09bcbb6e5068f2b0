package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// resource is a resource of a template.
type resource = map[string]any

// TestUnknownThingsInTheTemplateStopTheDoor changes the template as a later CDK
// or a later stage might, into what the local door can't know.
func TestUnknownThingsInTheTemplateStopTheDoor(t *testing.T) {
	setProperty := func(name string, value any) func(resource) {
		return func(r resource) { r["Properties"].(map[string]any)[name] = value }
	}
	tests := []struct {
		name string
		// kind is the type of the resource to change, and the first such one whose
		// logical id begins with the text behind the bar.
		kind   string
		change func(resource)
		// says is what the message must name besides the resource.
		says string
	}{
		{"a property of the load balancer", "AWS::ElasticLoadBalancingV2::LoadBalancer", setProperty("Unheard", "of"), "Unheard"},
		{"a property of a listener", "AWS::ElasticLoadBalancingV2::Listener", setProperty("Unheard", "of"), "Unheard"},
		{"a property of a rule", "AWS::ElasticLoadBalancingV2::ListenerRule", setProperty("Unheard", "of"), "Unheard"},
		{"a property of a target group", "AWS::ElasticLoadBalancingV2::TargetGroup", setProperty("Unheard", "of"), "Unheard"},
		{"a property of the API", "AWS::ApiGateway::RestApi", setProperty("Unheard", "of"), "Unheard"},
		{"a property of a stage", "AWS::ApiGateway::Stage", setProperty("Unheard", "of"), "Unheard"},
		{"a property of a function", "AWS::Lambda::Function|Presign", setProperty("Unheard", "of"), "Unheard"},
		{"a property of a table", "AWS::DynamoDB::Table", setProperty("Unheard", "of"), "Unheard"},
		{"a property of a bucket", "AWS::S3::Bucket", setProperty("Unheard", "of"), "Unheard"},
		{"a kind of condition", "AWS::ElasticLoadBalancingV2::ListenerRule",
			setProperty("Conditions", []any{map[string]any{"Field": "phase-of-the-moon", "Values": []any{"full"}}}), "Conditions"},
		{"a kind of action", "AWS::ElasticLoadBalancingV2::ListenerRule",
			setProperty("Actions", []any{map[string]any{"Type": "teleport"}}), "Actions"},
		{"a kind of transform", "AWS::ElasticLoadBalancingV2::ListenerRule",
			setProperty("Transforms", []any{map[string]any{"Type": "body-rewrite"}}), "Transforms"},
		{"an intrinsic function", "AWS::ElasticLoadBalancingV2::ListenerRule",
			setProperty("Priority", map[string]any{"Fn::Unheard": "of"}), "Priority"},
		{"a type of resource", "AWS::ElasticLoadBalancingV2::ListenerRule",
			func(r resource) { r["Type"] = "AWS::Unheard::Of" }, "AWS::Unheard::Of"},
	}
	throughEachLocalDoor(t, needsProcess, func(t *testing.T, d *door) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				assembly := t.TempDir()
				if err := os.CopyFS(assembly, os.DirFS(d.local.assembly)); err != nil {
					t.Fatal(err)
				}
				changed := changeResource(t, assembly, test.kind, test.change)
				changedDoor := &localDoor{program: d.local.program, assembly: assembly, data: t.TempDir()}
				err := changedDoor.start()
				if err == nil {
					t.Fatalf("the door serves a template that it can't understand: %v", changedDoor.stop())
				}
				for _, want := range []string{changed, test.says, "exit status 1"} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the door says\n%v\nwant it to say %s", err, want)
					}
				}
			})
		}
	})
}

// changeResource changes a resource in an assembly and returns its logical id.
func changeResource(t *testing.T, assembly, which string, change func(resource)) string {
	t.Helper()
	kind, prefix, _ := strings.Cut(which, "|")
	files, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var template map[string]any
		if err := json.Unmarshal(data, &template); err != nil {
			t.Fatal(err)
		}
		resources := template["Resources"].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(resources)) {
			if r := resources[id].(map[string]any); r["Type"] == kind && strings.HasPrefix(id, prefix) {
				change(r)
				if data, err = json.Marshal(template); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
				return id
			}
		}
	}
	t.Fatalf("no template of %s has a resource %s", assembly, which)
	return ""
}
