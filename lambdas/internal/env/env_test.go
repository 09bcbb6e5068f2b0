package env_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"onedoor/lambdas/internal/env"
)

func reader(vars map[string]string) *env.Reader {
	return env.NewReader(func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	})
}

func TestReaderReadsTypedValues(t *testing.T) {
	r := reader(map[string]string{
		"HOST": "files.example.com", "TTL": "900", "STATUS": "303", "BIND": "true", "S3": "https://s3.eu-central-1.amazonaws.com",
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_SESSION_TOKEN": "token",
	})
	if got := r.Host("HOST"); got != "files.example.com" {
		t.Errorf("Host = %q", got)
	}
	if got := r.Int("TTL", 1, 900); got != 900 {
		t.Errorf("Int = %d; want 900", got)
	}
	if got := r.OneOf("STATUS", 301, 303); got != 303 {
		t.Errorf("OneOf = %d; want 303", got)
	}
	if got := r.Seconds("TTL", 1, 900); got != 15*time.Minute {
		t.Errorf("Seconds = %s; want 15 minutes", got)
	}
	if got := r.Bool("BIND"); !got {
		t.Error("Bool = false; want true")
	}
	if got := r.URL("S3"); got.Scheme != "https" || got.Host != "s3.eu-central-1.amazonaws.com" {
		t.Errorf("URL = %s", got)
	}
	if got := r.Optional("UNSET"); got != "" {
		t.Errorf("Optional = %q; want nothing", got)
	}
	if got, want := r.Credentials(), (aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s3cret", SessionToken: "token"}); got != want {
		t.Errorf("Credentials = %+v", got)
	}
	if err := r.Err(); err != nil {
		t.Errorf("Err() = %v; want nil", err)
	}
}

func TestReaderReportsAllProblemsAtOnceAndNoSecret(t *testing.T) {
	r := reader(map[string]string{
		"HOST": "https://files.example.com", "TTL": "901", "STATUS": "308", "BIND": "yes", "S3": "s3.eu-central-1.amazonaws.com/bucket",
		"AWS_SECRET_ACCESS_KEY": "s3cret",
	})
	r.Host("HOST")
	r.Int("TTL", 1, 900)
	r.Seconds("TTL_MAX", 1, 900)
	r.OneOf("STATUS", 301)
	r.OneOf("OTHER", 301)
	r.Bool("BIND")
	r.URL("S3")
	r.String("REGION")
	r.Credentials()
	err := r.Err()
	if err == nil {
		t.Fatal("Err() = nil; want nine problems")
	}
	if got := strings.Count(err.Error(), "environment variable"); got != 9 {
		t.Errorf("Err() reports %d problems; want 9:\n%v", got, err)
	}
	for _, name := range []string{"HOST", "TTL", "TTL_MAX", "STATUS", "OTHER", "BIND", "S3", "REGION", "AWS_ACCESS_KEY_ID"} {
		if !strings.Contains(err.Error(), "environment variable "+name+" ") {
			t.Errorf("Err() does not name %s:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("Err() tells a secret:\n%v", err)
	}
}
