package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden templates anew")

// assetHash is the name of an asset, which changes with every line of Go.
var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

func TestTemplatesAreTheGoldenOnes(t *testing.T) {
	for _, stage := range []string{domainStage, bucketStage} {
		for _, stack := range []string{"Network", "Service"} {
			t.Run(stage+"."+stack, func(t *testing.T) {
				text, err := os.ReadFile(filepath.Join(synthesized(t, stage).dir, stack+".template.json"))
				if err != nil {
					t.Fatal(err)
				}
				got := assetHash.ReplaceAllString(string(text), "asset")
				golden := filepath.Join("testdata", stage+"."+stack+".json")
				if *update {
					if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s differs; `go test ./infra -update` accepts it (-want +got):\n%s", golden, diff)
				}
			})
		}
	}
}

// TestSynthesisIsReproducible builds and synthesizes once more, into another
// folder, and compares every file: templates, assets and what describes them.
func TestSynthesisIsReproducible(t *testing.T) {
	first := synthesized(t, domainStage)
	second, err := newAssembly(domainStage, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b := contents(t, first.dir), contents(t, second.dir)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))); diff != "" {
		t.Fatalf("two runs write other files:\n%s", diff)
	}
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs between two runs", name)
		}
	}
	if a["Service.template.json"] == nil || len(a) < 10 {
		t.Errorf("%d files were compared; want the templates and assets among them", len(a))
	}
}

func TestSynthesisKnowsNoAccountAndLooksNothingUp(t *testing.T) {
	for stage := range assemblies {
		var manifest struct {
			Artifacts map[string]struct{ Environment string }
			Missing   json.RawMessage
		}
		name := filepath.Join(synthesized(t, stage).dir, "manifest.json")
		if err := decodeAll(map[string]any{name: &manifest}); err != nil {
			t.Fatal(err)
		}
		if manifest.Missing != nil {
			t.Errorf("%s: synthesis wants to look up %s", stage, manifest.Missing)
		}
		for id, artifact := range manifest.Artifacts {
			if artifact.Environment != "" && !regexp.MustCompile(`^aws://unknown-account/`).MatchString(artifact.Environment) {
				t.Errorf("%s: %s is for %s; want no account", stage, id, artifact.Environment)
			}
		}
	}
}

// contents are all files under dir by name.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
