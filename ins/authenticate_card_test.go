package ins_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestCard(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	r, err := newClient(t, srv).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	assert.Equal(t, ins.Found, r.Outcome)
	call := srv.Calls()[0]
	assert.Empty(t, call.CommonName, "TLS presents no certificate")
	assert.Equal(t, credentialtest.DefaultProfessionalID, call.Professional)
	assert.Equal(t, credentialtest.DefaultProfessionalID, call.Issuer)
	assert.Equal(t, 2, bytes.Count(call.Request, []byte("Emetteur>899900000015</")))
	for _, w := range []string{`<NameID NameQualifier="CPS">899900000015</NameID>`, `<Attribute Name="identifiantFacturation"><AttributeValue>999999999</AttributeValue></Attribute>`,
		`<Attribute Name="secteurActivite"><AttributeValue>SA07</AttributeValue></Attribute>`, `<Attribute Name="codeSpecialite"><AttributeValue>06</AttributeValue></Attribute>`} {
		assert.Contains(t, string(call.Request), w)
	}

	card := srv.Card()
	card.SpecialtyAttribute, card.AssertionIssuer = "codeSpecialiteAMO", "CN=899900000015+SN=RADIOLOGUE+GN=CLAUDE,OU=Médecin,O=FICTIF,C=FR"
	client := newClient(t, srv, authenticated(ins.Card(card)), func(c *ins.Config) { c.Issuer, c.IDs = "1990000019", nil })
	_, err = client.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	call = srv.Calls()[1]
	assert.Equal(t, "1990000019", call.Issuer, "given in the configuration")
	assert.Contains(t, string(call.Request), `Name="codeSpecialiteAMO"`)
	assert.Contains(t, string(call.Request), ">CN=899900000015+SN=RADIOLOGUE+GN=CLAUDE,OU=Médecin,O=FICTIF,C=FR</Issuer>")
}

func TestSecurityFollowsTheSchema(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	_, err := newClient(t, srv).Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err)
	xsd := testkit.SharedData(t, "insi/wsdl/xsd/WSSE/Security.xsd")
	require.NoError(t, testkit.XMLLintSchema(t, xsd, element(t, srv.Calls()[0].Request, "wsse:Security")))
}

// The card is asked at each message: what is in the reader now counts.
func TestCardChangesAfterNew(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	credential := func(opts ...credentialtest.Option) segur.Credential {
		c, err := srv.Card(opts...).Credentials.Credential(t.Context())
		require.NoError(t, err)
		return c
	}
	search := func(source segur.CredentialSource) error {
		card := srv.Card()
		card.Credentials = source
		_, err := newClient(t, srv, authenticated(ins.Card(card)), func(c *ins.Config) { c.IDs = nil }).Search(t.Context(), ins.Query{Traits: camille()})
		return err
	}
	require.NoError(t, search(&renewed{first: credential(), then: credential(credentialtest.CommonName("899900000023"))}))
	assert.Equal(t, "899900000023", srv.Calls()[0].Issuer, "another professional")
	assert.Equal(t, "899900000023", srv.Calls()[0].Professional)

	err := search(&renewed{first: credential(), then: credential(credentialtest.Valid(now.AddDate(-3, 0, 0), now.AddDate(0, 0, -1)))})
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "the certificate expired on 2026-05-20")
	err = search(&closed{first: credential(), err: &segur.Error{Kind: segur.KindUnavailable, Message: "no card in the reader"}})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.ErrorContains(t, err, "no card in the reader")
	require.Len(t, srv.Calls(), 1, "nothing was sent")
}

// reader is a card whose signature the test holds back.
type reader struct {
	segur.Credential
	sign func() error
}

func (r reader) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := r.sign(); err != nil {
		return nil, err
	}
	return r.Credential.Sign(random, digest, opts)
}

func readerOf(tb testing.TB, srv *instest.Server, sign func() error) ins.Authenticator {
	tb.Helper()
	card := srv.Card()
	key, err := card.Credentials.Credential(tb.Context())
	require.NoError(tb, err)
	card.Credentials = segur.StaticCredential(reader{key, sign})
	return ins.Card(card)
}

func TestCardThatDoesNotSign(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	_, err := newClient(t, srv, authenticated(readerOf(t, srv, func() error { return errors.New("PIN blocked") }))).Search(t.Context(), ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrSignature)
	require.ErrorContains(t, err, "the card did not sign: nothing was sent")

	asked, answer := make(chan struct{}, 2), make(chan struct{})
	waiting := newClient(t, srv, authenticated(readerOf(t, srv, func() error { asked <- struct{}{}; <-answer; return nil })))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := waiting.Search(ctx, ins.Query{Traits: camille()})
		done <- err
	}()
	<-asked // the card asks for the PIN, and the user goes away
	second, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	_, err = waiting.Search(second, ins.Query{Traits: camille()})
	require.ErrorIs(t, err, segur.ErrTimeout, "the card is busy")
	cancel()
	err = <-done
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.Empty(t, srv.Calls())
	close(answer)
	_, err = waiting.Search(t.Context(), ins.Query{Traits: camille()})
	require.NoError(t, err, "the card is free again")
}

func TestProfessionalsConcurrently(t *testing.T) {
	t.Parallel()
	srv := newProfessionals(t)
	var busy, most atomic.Int32
	client := newClient(t, srv, authenticated(readerOf(t, srv, func() error {
		most.Store(max(most.Load(), busy.Add(1)))
		defer busy.Add(-1)
		return nil
	})))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r, err := client.Search(t.Context(), ins.Query{Traits: camille()})
			if assert.NoError(t, err) {
				assert.Equal(t, ins.Found, r.Outcome)
			}
		})
		wg.Go(func() {
			r, err := client.SearchVitale(t.Context(), srv.VitaleQuery(instest.DefaultVitale()[1].Card))
			if assert.NoError(t, err) {
				assert.Equal(t, ins.Found, r.Outcome)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, c := range srv.Calls() {
		seen[c.Assertion] = true
	}
	assert.Len(t, seen, 32)
	assert.EqualValues(t, 1, most.Load(), "a card does one thing at a time")
}
