// Package templatetest makes cloud assemblies for tests.
package templatetest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"onedoor/local/template"
)

// Load returns an app with the stacks, each a CloudFormation template in JSON,
// all in eu-central-1.
func Load(t testing.TB, stacks map[string]string) *template.Assembly {
	t.Helper()
	a, err := template.Load(Write(t, stacks))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Write writes the cloud assembly that Load reads and returns its folder.
func Write(t testing.TB, stacks map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	artifacts := map[string]any{}
	for name, body := range stacks {
		write(t, filepath.Join(dir, name+".template.json"), []byte(body))
		artifacts[name] = map[string]any{
			"type":        "aws:cloudformation:stack",
			"environment": "aws://unknown-account/eu-central-1",
			"properties":  map[string]any{"templateFile": name + ".template.json", "stackName": name},
		}
	}
	manifest, err := json.Marshal(map[string]any{"artifacts": artifacts})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "manifest.json"), manifest)
	return dir
}

func write(t testing.TB, file string, body []byte) {
	t.Helper()
	if err := os.WriteFile(file, body, 0o644); err != nil {
		t.Fatal(err)
	}
}
