package env_test

import (
	"strings"
	"testing"

	"onedoor/lambdas/internal/env"
)

func reader(vars map[string]string) *env.Reader {
	return env.NewReader(func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	})
}

func TestReaderReadsTypedValues(t *testing.T) {
	r := reader(map[string]string{"HOST": "files.example.com", "TTL": "900", "STATUS": "303", "KEY": "s3cret"})
	if got := r.Host("HOST"); got != "files.example.com" {
		t.Errorf("Host = %q", got)
	}
	if got := r.Int("TTL", 1, 900); got != 900 {
		t.Errorf("Int = %d; want 900", got)
	}
	if got := r.OneOf("STATUS", 301, 303); got != 303 {
		t.Errorf("OneOf = %d; want 303", got)
	}
	if got := r.Secret("KEY", false); got != "s3cret" {
		t.Errorf("Secret = %q", got)
	}
	if got := r.Secret("TOKEN", true); got != "" {
		t.Errorf("optional Secret = %q; want empty", got)
	}
	if err := r.Err(); err != nil {
		t.Errorf("Err() = %v; want nil", err)
	}
}

func TestReaderReportsAllProblemsAtOnceAndNoSecret(t *testing.T) {
	r := reader(map[string]string{"HOST": "https://files.example.com", "TTL": "901", "STATUS": "s3cret-looking"})
	r.Host("HOST")
	r.Int("TTL", 1, 900)
	r.Int("TTL_MAX", 1, 900)
	r.OneOf("STATUS", 301)
	r.OneOf("OTHER", 301)
	r.String("REGION")
	r.Secret("KEY", false)
	err := r.Err()
	if err == nil {
		t.Fatal("Err() = nil; want seven problems")
	}
	if got := strings.Count(err.Error(), "environment variable"); got != 7 {
		t.Errorf("Err() reports %d problems; want 7:\n%v", got, err)
	}
	for _, name := range []string{"HOST", "TTL", "TTL_MAX", "STATUS", "OTHER", "REGION", "KEY"} {
		if !strings.Contains(err.Error(), "environment variable "+name+" ") {
			t.Errorf("Err() does not name %s:\n%v", name, err)
		}
	}
}
