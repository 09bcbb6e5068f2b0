package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxBytes is what the functions on the way of a request may weigh: they load at
// each cold start.
var maxBytes = map[string]int64{"presign": 7_000_000, "links": 10_500_000, "edge": 10_500_000}

func TestFunctionsAreSmallAndStatic(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for function, limit := range maxBytes {
		name := filepath.Join(t.TempDir(), function)
		if err := compile(root, packagePath(function), name); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > limit {
			t.Errorf("%s has %d bytes; at most %d are allowed", function, info.Size(), limit)
		}
		program, err := elf.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		libraries, err := program.ImportedLibraries()
		if program.Machine != elf.EM_AARCH64 || err != nil || len(libraries) != 0 {
			t.Errorf("%s is for %v and needs %v (%v); want arm64 and nothing", function, program.Machine, libraries, err)
		}
		program.Close()
	}
}

// TestSameSourceIsTheSameArchiveAnywhere builds the functions once more from a
// copy in another folder, with a developer's settings that would change them.
func TestSameSourceIsTheSameArchiveAnywhere(t *testing.T) {
	here, err := buildFunctions()
	if err != nil {
		t.Fatal(err)
	}
	defer here.remove()

	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	if err := os.CopyFS(filepath.Join(elsewhere, "lambdas"), os.DirFS(filepath.Join(root, "lambdas"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(elsewhere, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(elsewhere, "lambdas"))
	for name, value := range map[string]string{
		"GOFLAGS": "-gcflags=-N", "GOARM64": "v9.0", "GOOS": "plan9", "GOARCH": "386", "CGO_ENABLED": "1", "GOWORK": "/nowhere",
	} {
		t.Setenv(name, value)
	}
	there, err := buildFunctions()
	if err != nil {
		t.Fatal(err)
	}
	defer there.remove()
	for _, name := range lambdaPackages {
		if a, b := here.byName[name].hash, there.byName[name].hash; a != b || len(a) != 64 {
			t.Errorf("%s: hash is %q here and %q elsewhere", name, a, b)
		}
	}
}

func TestArchiveHoldsAnExecutableBootstrap(t *testing.T) {
	program := []byte("program")
	data, err := archive(program)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if len(reader.File) != 1 {
		t.Fatalf("%d files; want 1", len(reader.File))
	}
	file := reader.File[0]
	if file.Name != "bootstrap" || file.Mode() != 0o755 || !file.Modified.Equal(zipTime) {
		t.Errorf("%s, mode %v, of %v; want bootstrap, -rwxr-xr-x, %v", file.Name, file.Mode(), file.Modified, zipTime)
	}
	opened, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(opened); err != nil || !bytes.Equal(got, program) {
		t.Errorf("bootstrap holds %q (%v); want %q", got, err, program)
	}
}

func TestPackageThatDoesNotBuildIsNamed(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	err = compile(root, packagePath("nothing"), filepath.Join(t.TempDir(), "nothing"))
	if err == nil || !strings.Contains(err.Error(), "go build ./lambdas/nothing") {
		t.Errorf("compile of a package that isn't there: %v; want an error that names it", err)
	}
}
