package revocation_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/credential/revocation"
)

// A server goes on stapling the response of before its revocation, which has not ended yet: what is known is newer.
func TestStapledBeforeRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain()[:2]
	old := w.pki.OCSP(chain[0], credentialtest.OCSP{ThisUpdate: w.time().Add(-time.Hour), NextUpdate: w.time().Add(24 * time.Hour)})
	stapled := segur.Chains{Verified: [][]*x509.Certificate{chain}, StapledOCSP: old}
	byResponse, byList := w.checker(t, only(revocation.OCSP)), w.checker(t, only(revocation.CRL, revocation.OCSP))
	require.NoError(t, byResponse.CheckChain(t.Context(), stapled), "not known yet")
	w.srv.Revoke(chain[0])
	fresh := w.checker(t, only(revocation.OCSP))
	for name, c := range map[string]*revocation.Checker{"response": fresh, "list": byList} {
		require.ErrorIs(t, c.Check(t.Context(), chain...), segur.ErrSignature, name)
		w.srv.Answer(func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost {
				rw.WriteHeader(http.StatusNotFound)
				return true
			}
			_, _ = rw.Write(old)
			return true
		})
		require.ErrorIs(t, c.CheckChain(t.Context(), stapled), segur.ErrSignature, name)
		w.srv.Answer(nil)
	}
	// The list that said so has ended and only the responder, who is behind, answers.
	w.add(8 * 24 * time.Hour)
	w.srv.Answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			rw.WriteHeader(http.StatusNotFound)
			return true
		}
		_, _ = rw.Write(w.pki.OCSP(chain[0], credentialtest.OCSP{Status: ocsp.Good, ThisUpdate: w.time()}))
		return true
	})
	require.ErrorIs(t, byList.Check(t.Context(), chain...), segur.ErrSignature)
}

// An older response does not replace a newer one, stapled or not, even one that has ended.
func TestOlderResponse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain()[:2]
	c := w.checker(t, only(revocation.OCSP))
	staple := func(o credentialtest.OCSP) error {
		return c.CheckChain(t.Context(), segur.Chains{Verified: [][]*x509.Certificate{chain}, StapledOCSP: w.pki.OCSP(chain[0], o)})
	}
	now := w.time()
	w.srv.Answer(func(rw http.ResponseWriter, _ *http.Request) bool {
		_, _ = rw.Write(w.pki.OCSP(chain[0], credentialtest.OCSP{ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(48 * time.Hour)}))
		return true
	})
	require.NoError(t, staple(credentialtest.OCSP{ThisUpdate: now, NextUpdate: now.Add(time.Hour)}))
	w.add(2 * time.Hour)
	err := c.Check(t.Context(), chain...)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Contains(t, err.Error(), "out of date")
	require.NoError(t, staple(credentialtest.OCSP{ThisUpdate: w.time(), NextUpdate: w.time().Add(time.Hour)}))
}

// An authority that shares its certificates out between several points signs a list for each.
func TestListOfAnotherPoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := func(tag int, uris ...string) []pkix.Extension {
		var names []byte
		for _, u := range uris {
			names = append(names, marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(u)})...)
		}
		name := marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: names})
		point := marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: name})
		return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true,
			Value: marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: point})}}
	}
	own := w.srv.URL + "/CRL/ACI-EL-ORG.crl"
	const directory = "ldap://annuaire.example/cn=x"
	chain := w.chain(credentialtest.RevocationPoints([]string{directory, own}, nil))[:2]
	for name, try := range map[string]struct {
		scope []pkix.Extension
		ok    bool
	}{
		"own":                {full(0, own), true},
		"own among others":   {full(0, "ldap://annuaire.example/cn=y", own), true},
		"of another":         {full(0, w.srv.URL+"/CRL/2.crl"), false},
		"none":               {full(0), false},
		"relative to the CA": {full(1, own), false},
		"a longer name":      {full(0, own+"x"), false},
		"its other name":     {full(0, directory), true},
		"another directory":  {full(0, directory+"y"), false},
	} {
		w.srv.Answer(func(rw http.ResponseWriter, _ *http.Request) bool {
			_, _ = rw.Write(w.pki.CRL(credentialtest.CRL{Extensions: try.scope}))
			return true
		})
		err := w.checker(t, only(revocation.CRL)).Check(t.Context(), chain...)
		if try.ok {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, segur.ErrUnavailable, name)
		assert.Contains(t, err.Error(), "distribution point", name)
	}
}
