//go:build !unix

package testkit

// Refused keeps a port on Unix only.
func Refused(TB, string) {}

// RefusedAddress is a port that nobody listens on.
func RefusedAddress(TB) string { return "127.0.0.1:1" }
