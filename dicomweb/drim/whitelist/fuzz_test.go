package whitelist_test

import (
	"testing"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
)

// Nothing panics, and what is accepted says what was signed.
func FuzzUse(f *testing.F) {
	unsigned := whitelisttest.Document(morning, whitelisttest.Box{Host: "db.example", Viewer: "vi.example"})
	f.Add(unsigned)
	f.Add(whitelisttest.Sign(unsigned, signer(), whitelisttest.Filter2))
	f.Add(whitelisttest.Sign(unsigned, signer(), whitelisttest.Enveloped))
	cfg := offline(segur.Production)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := use(t, cfg, b)
		if err != nil {
			return
		}
		if l := c.List(); l.Entries() != 1 || l.Guard()("db.example") != nil || len(l.Viewer("vi.example")) != 1 || !l.Generated().Equal(morning) {
			t.Fatal("another list than the one that was signed")
		}
	})
}

// Whatever a trusted signer writes in an entry, the reader does not panic, and what it lists is a host that the guard
// knows under the very name.
func FuzzEntry(f *testing.F) {
	for _, host := range []string{"db.example", "DB.Example:8443", "hôpital.example", "10.0.0.1", "a\u200d.example", "", "x:443", "[::1]", "。"} {
		f.Add(host, "vi.example", "CN=x,O=y")
	}
	cfg := offline(segur.Production)
	f.Fuzz(func(t *testing.T, host, viewer, operator string) {
		document := trySign(whitelisttest.Box{Host: "db0.example"}, whitelisttest.Box{Host: host, Viewer: viewer, OperatorDN: operator})
		if document == nil {
			return
		}
		c, err := use(t, cfg, document)
		if err != nil {
			return
		}
		for e := range c.List().All() {
			if c.List().Guard()(e.Box) != nil {
				t.Errorf("%q is listed and refused", e.Box)
			}
		}
	})
}

// trySign gives nil for texts that cannot be in an XML document.
func trySign(boxes ...whitelisttest.Box) (document []byte) {
	defer func() { _ = recover() }()
	return whitelisttest.Sign(whitelisttest.Document(morning, boxes...), signer(), whitelisttest.Filter2)
}
