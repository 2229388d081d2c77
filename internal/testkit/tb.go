package testkit

import (
	"context"
	"os"
)

// TB is the part of testing.TB that the helpers need; *testing.T, *testing.B and *testing.F satisfy it.
type TB interface {
	Helper()
	Name() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Cleanup(f func())
	TempDir() string
	Context() context.Context
}

// Environment variables that change what a missing judge or sample does.
const (
	// EnvRequireOracles set to 1 turns a missing judge from a skip into a failure.
	EnvRequireOracles = "SEGUR_REQUIRE_ORACLES"
	// EnvRequireShared set to 1 turns an absent folder of official samples from a skip into a failure.
	EnvRequireShared = "SEGUR_REQUIRE_SHARED"
	// EnvShared names the folder of official samples (the one that holds data/ and validators/).
	EnvShared = "SEGUR_SHARED"
)

// missing skips the test, or fails it when the environment variable require is 1.
func missing(tb TB, require, format string, args ...any) {
	tb.Helper()
	if os.Getenv(require) == "1" {
		tb.Fatalf(require+"=1: "+format, args...)
		return
	}
	tb.Skipf(format, args...)
}
