package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
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
// folder.
func TestSynthesisIsReproducible(t *testing.T) {
	first := synthesized(t, domainStage)
	second, err := newAssembly(domainStage, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"Network.template.json", "Service.template.json", "Network.assets.json", "Service.assets.json", "manifest.json",
	} {
		a, b := readFile(t, first.dir, name), readFile(t, second.dir, name)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s differs between two runs:\n%s", name, diff)
		}
	}
	pattern := "asset.*.zip"
	a, b := baseNames(t, first.dir, pattern), baseNames(t, second.dir, pattern)
	if diff := cmp.Diff(a, b); diff != "" || len(a) != len(lambdaPackages) {
		t.Errorf("%d archives differ between two runs:\n%s", len(a), diff)
	}
	for _, name := range a {
		if readFile(t, first.dir, name) != readFile(t, second.dir, name) {
			t.Errorf("%s has other bytes in another run", name)
		}
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

func readFile(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func baseNames(t *testing.T, dir, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		paths[i] = filepath.Base(path)
	}
	return paths
}
