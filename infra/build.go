package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// lambdaPackages are the packages under lambdas/ that become functions.
var lambdaPackages = []string{"presign", "links", "edge", "endpointips"}

// artifact is a zipped function.
type artifact struct {
	// zip is the archive's path.
	zip string
	// hash is the SHA-256 of the archive, in hexadecimal.
	hash string
}

// artifacts are the zipped functions by the name of their package, in a
// directory of their own.
type artifacts struct {
	dir    string
	byName map[string]artifact
}

func (a artifacts) remove() { os.RemoveAll(a.dir) }

// buildFunctions compiles and zips every function for Lambda. The same source
// gives the same bytes in any folder and on any operating system.
func buildFunctions() (artifacts, error) {
	root, err := moduleRoot()
	if err != nil {
		return artifacts{}, err
	}
	dir, err := os.MkdirTemp("", "onedoor-functions-")
	if err != nil {
		return artifacts{}, err
	}
	built := artifacts{dir: dir, byName: map[string]artifact{}}
	for _, name := range lambdaPackages {
		built.byName[name], err = buildFunction(root, dir, name)
		if err != nil {
			built.remove()
			return artifacts{}, err
		}
	}
	return built, nil
}

func buildFunction(root, dir, name string) (artifact, error) {
	binary := filepath.Join(dir, name)
	if err := compile(root, packagePath(name), binary); err != nil {
		return artifact{}, err
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return artifact{}, err
	}
	archive, err := archive(program)
	if err != nil {
		return artifact{}, fmt.Errorf("zip %s: %w", name, err)
	}
	sum := sha256.Sum256(archive)
	built := artifact{zip: binary + ".zip", hash: hex.EncodeToString(sum[:])}
	return built, os.WriteFile(built.zip, archive, 0o600)
}

// compile builds a static linux/arm64 program without paths, version control
// stamps and symbols. What a developer has set for Go elsewhere must not change
// the result, so each such variable has a value here; an empty GOFLAGS would
// let the file of `go env -w` speak.
func compile(root, pkg, binary string) error {
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false",
		"-tags=lambda.norpc", "-ldflags=-s -w -buildid=", "-o", binary, pkg)
	build.Dir = root
	build.Env = append(os.Environ(),
		"GOOS=linux", "GOARCH=arm64", "GOARM64=v8.0", "CGO_ENABLED=0",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOFIPS140=off", "GODEBUG=")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, output)
	}
	return nil
}

// packagePath is how the go command, run in the module's root, calls a
// function's package.
func packagePath(name string) string { return "./lambdas/" + name }

// zipTime is the earliest time that a zip file can hold.
var zipTime = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// archive zips a program as Lambda's provided runtimes want it: an executable
// file called bootstrap.
func archive(program []byte) ([]byte, error) {
	var buffer bytes.Buffer
	writer := zip.NewWriter(&buffer)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: zipTime}
	header.SetMode(0o755)
	file, err := writer.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(program); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// moduleRoot is the nearest folder, from the current one upwards, with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod in this folder or above: run from the repository")
		}
		dir = parent
	}
}
