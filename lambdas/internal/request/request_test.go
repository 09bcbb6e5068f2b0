package request_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"onedoor/lambdas/internal/request"
)

func TestHeaderNamesHaveNoCase(t *testing.T) {
	got := request.Header(map[string][]string{"accept": {"a"}, "Accept": {"b"}, "x-forwarded-for": {"c", "d"}})
	slices.Sort(got["Accept"]) // of two spellings, a map keeps no order
	want := http.Header{"Accept": {"a", "b"}, "X-Forwarded-For": {"c", "d"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Header mismatch (-want +got):\n%s", diff)
	}
}

func TestIDIsThatOfTheInvocation(t *testing.T) {
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	if got := request.ID(ctx); got != "request-1" {
		t.Errorf("ID = %q; want request-1", got)
	}
	if got := request.ID(t.Context()); got != "" {
		t.Errorf("ID outside an invocation = %q; want none", got)
	}
}
