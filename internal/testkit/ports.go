package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// FreePorts are n TCP ports of 127.0.0.1 for a program that a test starts. They lie below those that the system gives to
// listeners without a port, so that no other server takes one before the program does, and they are promised to no
// other caller, in any process, until the test ends.
func FreePorts(tb TB, n int) []int {
	tb.Helper()
	var out []int
	for range 1000 {
		port := 20000 + rand.N(12000) //nolint:gosec // no secret depends on it
		// The port of UDP is a lock between processes.
		promise, err := (&net.ListenConfig{}).ListenPacket(tb.Context(), "udp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			_ = promise.Close()
			continue
		}
		_ = l.Close()
		tb.Cleanup(func() { _ = promise.Close() })
		if out = append(out, port); len(out) == n {
			return out
		}
	}
	tb.Fatalf("no free port")
	return nil
}
