package linktest_test

import (
	"testing"

	"onedoor/lambdas/internal/link/linktest"
)

func TestFakeConforms(t *testing.T) {
	linktest.Conformance(t, new(linktest.Fake))
}
