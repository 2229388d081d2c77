package saml_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
)

func TestCache(t *testing.T) {
	t.Parallel()
	at := now
	var uses []saml.Use
	s := signer(t, func(c *saml.Config) {
		c.CacheTTL, c.Clock = time.Minute, func() time.Time { return at }
		c.Trace = func(u saml.Use) { uses = append(uses, u) }
	})
	id := func(v saml.VIHF) string {
		a, err := s.VIHF(context.Background(), v)
		require.NoError(t, err)
		return a.ID
	}
	first := id(doctor())
	require.Equal(t, first, id(doctor()), "same content within the TTL")
	require.Equal(t, []bool{false, true}, []bool{uses[0].Reused, uses[1].Reused})
	for name, tc := range map[string]func(v *saml.VIHF){
		"patient": func(v *saml.VIHF) { v.Patient = segur.INS{} }, "user": func(v *saml.VIHF) { v.Subject = "899900000002" },
		"name": func(v *saml.VIHF) { v.SubjectName = "AUTRE" }, "purpose": func(v *saml.VIHF) { v.Purpose = saml.Regulation },
		"secret": func(v *saml.VIHF) { v.Secret = true }, "login": func(v *saml.VIHF) { v.AuthenticatedAt = now },
		"role": func(v *saml.VIHF) { v.Roles[1].Code = "SM74" }, "software": func(v *saml.VIHF) { v.Software.Version = "2" },
	} {
		v := doctor()
		tc(&v)
		require.NotEqual(t, first, id(v), name)
	}
	air := doctor()
	air.Mode, air.LocalAuthentication = saml.IndirectReinforced, saml.ByProSanteConnect
	require.NotEqual(t, id(air), id(air), "never in AIR")
	at = now.Add(2 * time.Minute)
	require.NotEqual(t, first, id(doctor()), "after the TTL")

	plain := signer(t)
	one, err := plain.VIHF(context.Background(), doctor())
	require.NoError(t, err)
	two, err := plain.VIHF(context.Background(), doctor())
	require.NoError(t, err)
	require.NotEqual(t, one.ID, two.ID, "off by default")
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := signer(t, func(c *saml.Config) { c.CacheTTL = time.Minute })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			v := doctor()
			v.Software.Installation = fmt.Sprint(i % 3)
			a, err := s.VIHF(context.Background(), v)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := saml.VerifyVIHF(element(t, a.XML), saml.VerifyOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
