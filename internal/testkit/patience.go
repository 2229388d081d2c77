package testkit

import "time"

// Patiently runs a test of a timeout of the product, with first for that timeout, then with twice as much for as long as
// try reports that the machine did not come to the point in that time: what stands before the silence under test takes
// part in the timeout, and takes long on a busy machine. It fails the test when half a minute is not enough.
func Patiently(tb TB, first time.Duration, try func(d time.Duration) (tooSlow bool)) {
	tb.Helper()
	for d := first; ; d *= 2 {
		if !try(d) {
			return
		}
		if d > 30*time.Second {
			tb.Fatalf("not within %v", d)
			return
		}
	}
}
