package whitelist

import (
	"testing"
)

// A normal name is its own normal form, and looking it up finds the same.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"15-20.mssante.fr", "Hôpital.mssante.fr", "xn--x.fr", "a．b", "", "-.-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, domain string) {
		once, ok := normalize(nil, domain)
		if !ok {
			return
		}
		again, ok := normalize(nil, string(once))
		if !ok || string(again) != string(once) {
			t.Fatalf("%q gives %q, then %q", domain, once, again)
		}
		if found, ok := lower(nil, domain); !ok || string(found) != string(once) {
			t.Fatalf("%q is looked up as %q", domain, found)
		}
	})
}
