package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// The stages of cdk.json. Each is synthesized once, by whoever asks first: jsii
// is slow and doesn't bear parallel use.
const (
	domainStage = "local"        // the bucket is named after the domain
	bucketStage = "local-bucket" // it isn't, so the load balancer rewrites Host
)

// fullStage isn't in cdk.json. It sets whatever can be set.
const fullStage = "full"

var fullSettings = map[string]any{
	"domain":            "files.example.com",
	"bucketName":        "example-files",
	"objectPaths":       []any{"/objects/reports/", "/objects/public/"},
	"region":            "eu-central-1",
	"certificateArn":    "arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
	"hostedZone":        map[string]any{"id": "Z0123456789EXAMPLE", "name": "example.com."},
	"vpcCidr":           "10.20.0.0/22",
	"availabilityZones": 3.0,
	"clientCidrs":       []any{"203.0.113.0/24", "198.51.100.7/32"},
	"redirectStatus":    307.0,
	"ttl":               map[string]any{"default": 60.0, "max": 600.0},
	"links":             map[string]any{"ttl": map[string]any{"default": 600.0, "max": 1200.0}, "retentionDays": 365.0, "bindAddress": true},
	"throttle":          map[string]any{"rate": 10.0, "burst": 20.0},
	"logRetentionDays":  365.0,
	"retain":            false,
	"cloudWatchRole":    true,
	"alarmTopicArn":     "arn:aws:sns:eu-central-1:111122223333:operators",
}

var assemblies = map[string]func() (assembly, error){
	domainStage: sync.OnceValues(func() (assembly, error) { return newAssembly(domainStage, nil) }),
	bucketStage: sync.OnceValues(func() (assembly, error) { return newAssembly(bucketStage, nil) }),
	fullStage:   sync.OnceValues(func() (assembly, error) { return newAssembly(fullStage, fullSettings) }),
}

// outputs holds the assemblies of all tests.
var outputs string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if outputs, err = os.MkdirTemp("", "onedoor-infra-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(outputs)
	return m.Run()
}

// assembly is what synthesis wrote.
type assembly struct {
	dir              string
	network, service template
}

// template is a decoded stack.
type template struct {
	Resources map[string]resource
	Outputs   map[string]map[string]any
}

type resource struct {
	Type           string
	Properties     map[string]any
	Metadata       map[string]any
	DependsOn      any
	DeletionPolicy string
}

// synthesized is the assembly of a stage of cdk.json.
func synthesized(t *testing.T, stage string) assembly {
	t.Helper()
	made, err := assemblies[stage]()
	if err != nil {
		t.Fatalf("synthesize %s: %v", stage, err)
	}
	return made
}

// newAssembly synthesizes a stage, with cdk-nag watching, into a folder of its
// own. Settings, where given, replace those of cdk.json.
func newAssembly(stage string, settings map[string]any) (assembly, error) {
	dir, err := os.MkdirTemp(outputs, stage+"-")
	if err != nil {
		return assembly{}, err
	}
	context, err := cdkContext()
	if err != nil {
		return assembly{}, err
	}
	context[stageKey] = stage
	if settings != nil {
		context[contextKey] = map[string]any{stage: settings}
	}
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:             jsii.String(dir),
		Context:            &context,
		AnalyticsReporting: jsii.Bool(false),
	})
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{
		ReportFormats: &[]cdknag.NagReportFormat{cdknag.NagReportFormat_JSON},
	}), nil)
	if err := synthesize(app); err != nil {
		return assembly{dir: dir}, err
	}
	made := assembly{dir: dir}
	return made, decodeAll(map[string]any{
		filepath.Join(dir, "Network.template.json"): &made.network,
		filepath.Join(dir, "Service.template.json"): &made.service,
	})
}

// cdkContext is the context of cdk.json, as the CDK CLI would pass it on.
func cdkContext() (map[string]any, error) {
	var config struct{ Context map[string]any }
	err := decodeAll(map[string]any{"../cdk.json": &config})
	return maps.Clone(config.Context), err
}

func decodeAll(files map[string]any) error {
	for name, into := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return fmt.Errorf("decode %s: %w", name, err)
		}
	}
	return nil
}
