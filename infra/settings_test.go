package main

import (
	"encoding/json"
	"maps"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
)

// decoded is what CDK's context hands over: decoded JSON.
func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

const (
	zoneSetting        = `"hostedZone": {"id": "Z0123456789EXAMPLE", "name": "example.com"}`
	certificateSetting = `"certificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/abc"`
)

func TestSettingsMistakes(t *testing.T) {
	tests := []struct {
		name, settings string
		// want are the errors, one a line.
		want string
	}{
		{"domain missing", `{` + certificateSetting + `}`,
			`onedoor.prod.domain is missing: name the domain that clients use, such as files.example.com`},
		{"domain with a scheme", `{"domain": "https://files.example.com", "bucketName": "files", ` + certificateSetting + `}`,
			`onedoor.prod.domain is "https://files.example.com": use a lower-case DNS name of at least two labels, without scheme, port, wildcard or trailing dot`},
		{"domain in capitals", `{"domain": "Files.Example.com", "bucketName": "files", ` + certificateSetting + `}`,
			`onedoor.prod.domain is "Files.Example.com": use a lower-case DNS name of at least two labels, without scheme, port, wildcard or trailing dot`},
		{"domain with a wildcard", `{"domain": "*.example.com", "bucketName": "files", ` + certificateSetting + `}`,
			`onedoor.prod.domain is "*.example.com": use a lower-case DNS name of at least two labels, without scheme, port, wildcard or trailing dot`},
		{"domain of one label", `{"domain": "localhost", "bucketName": "files", ` + certificateSetting + `}`,
			`onedoor.prod.domain is "localhost": use a lower-case DNS name of at least two labels, without scheme, port, wildcard or trailing dot`},
		{"domain that is no text", `{"domain": 7, ` + certificateSetting + `}`,
			`onedoor.prod.domain is 7: use a text that isn't empty, or leave it out`},
		{"domain that is empty", `{"domain": "", ` + certificateSetting + `}`,
			`onedoor.prod.domain is "": use a text that isn't empty, or leave it out`},
		{"domain that S3 takes for no bucket", `{"domain": "` + strings.Repeat("a", 60) + `.example.com", ` + certificateSetting + `}`,
			`onedoor.prod.domain is "` + strings.Repeat("a", 60) + `.example.com": the bucket is named after the domain and S3 refuses that name: set bucketName`},
		{"bucket in capitals", `{"domain": "files.example.com", "bucketName": "Files", ` + certificateSetting + `}`,
			`onedoor.prod.bucketName is "Files": use 3 to 63 lower-case letters, digits, dots and hyphens, as S3's bucket naming rules say`},
		{"bucket that is an address", `{"domain": "files.example.com", "bucketName": "192.168.5.4", ` + certificateSetting + `}`,
			`onedoor.prod.bucketName is "192.168.5.4": use 3 to 63 lower-case letters, digits, dots and hyphens, as S3's bucket naming rules say`},
		{"bucket with a reserved end", `{"domain": "files.example.com", "bucketName": "files-s3alias", ` + certificateSetting + `}`,
			`onedoor.prod.bucketName is "files-s3alias": use 3 to 63 lower-case letters, digits, dots and hyphens, as S3's bucket naming rules say`},

		{"certificate malformed", `{"domain": "files.example.com", "certificateArn": "certificate/abc"}`,
			`onedoor.prod.certificateArn is "certificate/abc": use the form arn:aws:acm:REGION:ACCOUNT:certificate/ID`},
		{"certificate of another region", `{"domain": "files.example.com", "region": "eu-west-1", ` + certificateSetting + `}`,
			`onedoor.prod.certificateArn is "arn:aws:acm:eu-central-1:111122223333:certificate/abc": it must be of the stage's region, eu-west-1`},
		{"certificate of another partition", `{"domain": "files.example.com", "certificateArn": "arn:aws-cn:acm:cn-north-1:111122223333:certificate/abc"}`,
			`onedoor.prod.certificateArn is "arn:aws-cn:acm:cn-north-1:111122223333:certificate/abc": use the form arn:aws:acm:REGION:ACCOUNT:certificate/ID`},
		{"neither certificate nor zone", `{"domain": "files.example.com"}`,
			`onedoor.prod.certificateArn is missing: set it, or set hostedZone so that a certificate can be created`},
		{"region malformed", `{"domain": "files.example.com", "region": "Frankfurt", ` + zoneSetting + `}`,
			`onedoor.prod.region is "Frankfurt": use a region code such as eu-central-1`},
		{"topic of the certificate's region only", `{"domain": "files.example.com", "alarmTopicArn": "arn:aws:sns:us-east-1:111122223333:ops", ` + certificateSetting + `}`,
			`onedoor.prod.alarmTopicArn is "arn:aws:sns:us-east-1:111122223333:ops": it must be of the stage's region, eu-central-1`},
		{"topic malformed", `{"domain": "files.example.com", "alarmTopicArn": "ops", ` + zoneSetting + `}`,
			`onedoor.prod.alarmTopicArn is "ops": use the form arn:aws:sns:REGION:ACCOUNT:NAME`},

		{"zone of another domain", `{"domain": "files.example.org", ` + zoneSetting + `}`,
			`onedoor.prod.hostedZone.name is "example.com": it doesn't hold the domain files.example.org: use the zone of one of its parents`},
		{"zone whose name the domain only ends with", `{"domain": "files.myexample.com", ` + zoneSetting + `}`,
			`onedoor.prod.hostedZone.name is "example.com": it doesn't hold the domain files.myexample.com: use the zone of one of its parents`},
		{"zone without an id", `{"domain": "files.example.com", "hostedZone": {"name": "example.com"}}`,
			`onedoor.prod.hostedZone.id is missing: use the zone's id, such as Z0123456789ABCDEFGHIJ, without /hostedzone/`},
		{"zone with a path for an id", `{"domain": "files.example.com", "hostedZone": {"id": "/hostedzone/Z1", "name": "example.com"}}`,
			`onedoor.prod.hostedZone.id is "/hostedzone/Z1": use the zone's id, such as Z0123456789ABCDEFGHIJ, without /hostedzone/`},
		{"zone without a name", `{"domain": "files.example.com", "hostedZone": {"id": "Z1"}}`,
			`onedoor.prod.hostedZone.name is missing: use the zone's DNS name, such as example.com`},
		{"zone that is no object", `{"domain": "files.example.com", "hostedZone": "example.com"}`,
			`onedoor.prod.hostedZone is "example.com": use an object: {…}`},

		{"paths that overlap", `{"domain": "files.example.com", "objectPaths": ["/objects/a/", "/objects/b/", "/objects/a/c/"], ` + zoneSetting + `}`,
			`onedoor.prod.objectPaths[2] is "/objects/a/c/": it overlaps with /objects/a/: keep the wider one`},
		{"path given twice", `{"domain": "files.example.com", "objectPaths": ["/objects/a/", "/objects/a/"], ` + zoneSetting + `}`,
			`onedoor.prod.objectPaths[1] is "/objects/a/": it overlaps with /objects/a/: keep the wider one`},
		{"path that would take the API's", `{"domain": "files.example.com", "objectPaths": ["/presign/"], ` + zoneSetting + `}`,
			`onedoor.prod.objectPaths[0] is "/presign/": use /objects/ or a folder under it, ending in a slash, of letters, digits, dots, hyphens and underscores, at most 120 characters`},
		{"path with a wildcard", `{"domain": "files.example.com", "objectPaths": ["/objects/*/"], ` + zoneSetting + `}`,
			`onedoor.prod.objectPaths[0] is "/objects/*/": use /objects/ or a folder under it, ending in a slash, of letters, digits, dots, hyphens and underscores, at most 120 characters`},
		{"path with a dot segment", `{"domain": "files.example.com", "objectPaths": ["/objects/../"], ` + zoneSetting + `}`,
			`onedoor.prod.objectPaths[0] is "/objects/../": use /objects/ or a folder under it, ending in a slash, of letters, digits, dots, hyphens and underscores, at most 120 characters`},
		{"no path", `{"domain": "files.example.com", "objectPaths": [], ` + zoneSetting + `}`,
			`onedoor.prod.objectPaths is []: use a list of texts, such as ["/objects/"]`},
		{"paths of the contract", `{"domain": "files.example.com", "paths": {"presign": "/sign"}, ` + zoneSetting + `}`,
			`onedoor.prod.paths is {"presign":"/sign"}: no such setting: use one of ` + allSettings},

		{"longest life over twelve hours", `{"domain": "files.example.com", "ttl": {"max": 43201}, ` + zoneSetting + `}`,
			`onedoor.prod.ttl.max is 43201: use a whole number from 1 to 43200`},
		{"life of nothing", `{"domain": "files.example.com", "ttl": {"default": 0}, ` + zoneSetting + `}`,
			`onedoor.prod.ttl.default is 0: use a whole number from 1 to 3600`},
		{"life over the longest", `{"domain": "files.example.com", "ttl": {"default": 601, "max": 600}, ` + zoneSetting + `}`,
			`onedoor.prod.ttl.default is 601: use a whole number from 1 to 600`},
		{"life in parts of a second", `{"domain": "files.example.com", "ttl": {"default": 1.5}, ` + zoneSetting + `}`,
			`onedoor.prod.ttl.default is 1.5: use a whole number from 1 to 3600`},
		{"life as a text", `{"domain": "files.example.com", "ttl": {"default": "15m"}, ` + zoneSetting + `}`,
			`onedoor.prod.ttl.default is "15m": use a whole number from 1 to 3600`},

		{"unknown setting", `{"domain": "files.example.com", "buketName": "files", ` + zoneSetting + `}`,
			`onedoor.prod.buketName is "files": no such setting: use one of ` + allSettings},
		{"unknown setting inside another", `{"domain": "files.example.com", "ttl": {"maximum": 7}, ` + zoneSetting + `}`,
			`onedoor.prod.ttl.maximum is 7: no such setting: use one of default, max`},

		{"network that is no range", `{"domain": "files.example.com", "vpcCidr": "10.0.0.0", ` + zoneSetting + `}`,
			`onedoor.prod.vpcCidr is "10.0.0.0": use an IPv4 range such as 10.0.0.0/24`},
		{"network of IPv6", `{"domain": "files.example.com", "vpcCidr": "fd00::/24", ` + zoneSetting + `}`,
			`onedoor.prod.vpcCidr is "fd00::/24": use an IPv4 range such as 10.0.0.0/24`},
		{"network with bits behind the mask", `{"domain": "files.example.com", "vpcCidr": "10.0.0.1/24", ` + zoneSetting + `}`,
			`onedoor.prod.vpcCidr is "10.0.0.1/24": bits are set behind the mask: use 10.0.0.0/24`},
		{"network too small", `{"domain": "files.example.com", "vpcCidr": "10.0.0.0/26", ` + zoneSetting + `}`,
			`onedoor.prod.vpcCidr is "10.0.0.0/26": use a range of /16 to /25: a load balancer wants subnets of at least /27`},
		{"network too wide", `{"domain": "files.example.com", "vpcCidr": "10.0.0.0/8", ` + zoneSetting + `}`,
			`onedoor.prod.vpcCidr is "10.0.0.0/8": use a range of /16 to /25: a load balancer wants subnets of at least /27`},
		{"clients that are no range", `{"domain": "files.example.com", "clientCidrs": ["203.0.113.0/24", "office"], ` + zoneSetting + `}`,
			`onedoor.prod.clientCidrs[1] is "office": use an IPv4 range such as 10.0.0.0/24`},
		{"clients that overlap", `{"domain": "files.example.com", "clientCidrs": ["203.0.113.0/24", "203.0.113.7/32"], ` + zoneSetting + `}`,
			`onedoor.prod.clientCidrs is "203.0.113.7/32": it overlaps with 203.0.113.0/24: keep one of them`},
		{"clients in no list", `{"domain": "files.example.com", "clientCidrs": "203.0.113.0/24", ` + zoneSetting + `}`,
			`onedoor.prod.clientCidrs is "203.0.113.0/24": use a list of texts, such as ["0.0.0.0/0"]`},
		{"one zone", `{"domain": "files.example.com", "availabilityZones": 1, ` + zoneSetting + `}`,
			`onedoor.prod.availabilityZones is 1: use a whole number from 2 to 4`},

		{"redirect status", `{"domain": "files.example.com", "redirectStatus": 308, ` + zoneSetting + `}`,
			`onedoor.prod.redirectStatus is 308: use one of 301, 302, 303, 307`},
		{"retention that CloudWatch doesn't know", `{"domain": "files.example.com", "logRetentionDays": 42, ` + zoneSetting + `}`,
			`onedoor.prod.logRetentionDays is 42: use one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653`},
		{"throttle", `{"domain": "files.example.com", "throttle": {"rate": 0, "burst": 1e9}, ` + zoneSetting + `}`,
			"onedoor.prod.throttle.rate is 0: use a whole number from 1 to 10000\n" +
				"onedoor.prod.throttle.burst is 1000000000: use a whole number from 1 to 5000"},
		{"life of links over a year", `{"domain": "files.example.com", "links": {"ttl": {"max": 31622401}}, ` + zoneSetting + `}`,
			`onedoor.prod.links.ttl.max is 31622401: use a whole number from 1 to 31622400`},
		{"life of links over the longest", `{"domain": "files.example.com", "links": {"ttl": {"default": 61, "max": 60}}, ` + zoneSetting + `}`,
			`onedoor.prod.links.ttl.default is 61: use a whole number from 1 to 60`},
		{"record of links", `{"domain": "files.example.com", "links": {"retentionDays": -1}, ` + zoneSetting + `}`,
			`onedoor.prod.links.retentionDays is -1: use a whole number from 0 to 3660`},
		{"binding of links", `{"domain": "files.example.com", "links": {"bindAddress": "on"}, ` + zoneSetting + `}`,
			`onedoor.prod.links.bindAddress is "on": use true or false`},
		{"flag", `{"domain": "files.example.com", "retain": "yes", ` + zoneSetting + `}`,
			`onedoor.prod.retain is "yes": use true or false`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := readSettings("prod", map[string]any{"prod": decoded(t, test.settings)})
			if err == nil {
				t.Fatalf("readSettings(%s) found nothing wrong; want\n%s", test.settings, test.want)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("readSettings(%s) (-want +got):\n%s", test.settings, diff)
			}
		})
	}
}

const allSettings = "alarmTopicArn, availabilityZones, bucketName, certificateArn, clientCidrs, cloudWatchRole, domain, hostedZone, " +
	"links, logRetentionDays, objectPaths, redirectStatus, region, retain, throttle, ttl, vpcCidr"

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	settings := decoded(t, `{
		"domain": "files", "bucketName": "F", "region": "moon", "certificateArn": "none",
		"hostedZone": {"id": "1", "name": "example.com", "private": true},
		"objectPaths": ["/a/"], "vpcCidr": "10.0.0.0/30", "clientCidrs": ["all"], "availabilityZones": 9,
		"redirectStatus": 200, "ttl": {"default": -1, "max": 1e6}, "throttle": {"rate": "high"},
		"logRetentionDays": 2, "retain": 1, "cloudWatchRole": "x", "alarmTopicArn": "t", "colour": "red"
	}`)
	_, err := readSettings("prod", map[string]any{"prod": settings})
	if err == nil {
		t.Fatal("readSettings found nothing wrong")
	}
	for _, name := range []string{
		"domain", "bucketName", "region", "certificateArn", "hostedZone.id", "hostedZone.name", "hostedZone.private",
		"objectPaths[0]", "vpcCidr", "clientCidrs[0]", "availabilityZones", "redirectStatus", "ttl.default", "ttl.max",
		"throttle.rate", "logRetentionDays", "retain", "cloudWatchRole", "alarmTopicArn", "colour",
	} {
		if !strings.Contains(err.Error(), "onedoor.prod."+name+" is ") {
			t.Errorf("nothing is said of %s in:\n%v", name, err)
		}
	}
}

func TestUnknownStageListsTheKnown(t *testing.T) {
	stages := map[string]any{"prod": map[string]any{}, "local": map[string]any{}}
	for stage, want := range map[any]string{
		"production": `stage is "production": use a stage of cdk.json: local, prod`,
		"Prod":       `stage is "Prod": name the stage with lower-case letters, digits and hyphens, at most 20, a letter first`,
		7.0:          `stage is 7: name the stage with lower-case letters, digits and hyphens, at most 20, a letter first`,
	} {
		if _, err := readSettings(stage, stages); err == nil || err.Error() != want {
			t.Errorf("readSettings(%v) = %v; want %s", stage, err, want)
		}
	}
}

func TestSettingsHaveDefaults(t *testing.T) {
	got, err := readSettings("prod", map[string]any{"prod": decoded(t, `{"domain": "files.example.com", `+certificateSetting+`}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		stage: "prod", domain: "files.example.com", bucketName: "files.example.com", objectPaths: []string{"/objects/"},
		region: "eu-central-1", certificateARN: "arn:aws:acm:eu-central-1:111122223333:certificate/abc",
		vpcCIDR: netip.MustParsePrefix("10.0.0.0/24"), availabilityZones: 2,
		clientCIDRs:    []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
		redirectStatus: 301, ttl: ttl{byDefault: 900, max: 3600}, links: links{ttl: ttl{byDefault: 86_400, max: 604_800}, retentionDays: 90}, throttle: throttle{rate: 100, burst: 200},
		logRetentionDays: 90, retain: true,
	}
	equal := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, got, equal, cmp.AllowUnexported(settings{}, hostedZone{}, ttl{}, links{}, throttle{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDefaultLifeKeepsBelowTheLongest(t *testing.T) {
	got, err := readSettings("prod", map[string]any{"prod": decoded(t, `{"domain": "files.example.com", "ttl": {"max": 60}, `+zoneSetting+`}`)})
	if err != nil || got.ttl.byDefault != 60 {
		t.Errorf("default life is %d s (%v); want 60", got.ttl.byDefault, err)
	}
}

func TestWrongSettingsSynthesizeNothing(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"unknown stage": {stageKey: "nowhere"},
		"wrong setting": {contextKey: map[string]any{"local": map[string]any{"domain": "x"}}},
		"no settings":   {contextKey: nil},
	} {
		context, err := cdkContext()
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(context, change)
		dir := t.TempDir()
		app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), Context: &context, AnalyticsReporting: jsii.Bool(false)})
		if err := synthesize(app); err == nil {
			t.Errorf("%s: synthesize found nothing wrong", name)
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
			t.Errorf("%s: %d files were written (%v); want none", name, len(files), err)
		}
	}
}
