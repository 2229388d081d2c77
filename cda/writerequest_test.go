package cda_test

import (
	"testing"

	"github.com/segur-sdk/segur/internal/testkit"
)

func TestRequestGoldenDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"request-minimal", "request-complete", "request-supplied"} {
		testkit.Golden(t, name+".xml", buildRequest(t, newWriter(t), requestSamples(t)[name]))
	}
}
