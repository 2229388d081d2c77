package whitelist_test

import (
	"context"
	"testing"
	"time"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"

	"github.com/segur-sdk/segur"
)

// Nothing panics, and what is accepted says what was signed.
func FuzzUse(f *testing.F) {
	now := time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	pki := credentialtest.NewPKI(credentialtest.WithClock(clock))
	document := whitelisttest.Sign(whitelisttest.Document(now, whitelisttest.Domain{Name: "a-fictif.mssante.fr"}), pki.Signature(credentialtest.CommonName("x")))
	f.Add(document)
	f.Add(whitelisttest.Document(now))
	cfg := whitelist.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Fake, Clock: clock}, URL: "https://127.0.0.1/",
		SignerRoots: pki.Roots(), Signers: []whitelist.Signer{{CommonName: "x"}}, Issuers: []string{pki.Issuing().Subject.CommonName}, WithoutRevocation: true,
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := whitelist.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if c.Use(context.Background(), b) != nil {
			return
		}
		if l := c.List(); l.Entries() != 1 || !l.Allows("a-fictif.mssante.fr") || !l.Generated().Equal(now) {
			t.Fatal("another list than the one that was signed")
		}
	})
}
