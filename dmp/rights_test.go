package dmp_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Each mode has its calls; a refusal of the record says which mode is made for
// the call.
func TestRights(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	feed, consult := newClient(t, srv), newClient(t, srv, consulting)
	sealed := prepared(t, feed)

	_, err := consult.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Contains(t, asError(t, err).Explain(segur.FR), "INDIRECTE ou en DIRECTE")
	assert.Empty(t, srv.Calls(), "refused before sending")

	_, err = feed.Submit(ctx, sealed)
	require.NoError(t, err)
	entry := &xds.DocumentEntry{UniqueID: sealed.DocumentIDs()[0]}
	_, err = found(feed, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Contains(t, asError(t, err).Explain(segur.EN), "TD3.1 metadata is done in INDIRECTE_RENFORCEE or DIRECTE.")
	_, err = feed.Retrieve(ctx, dmptest.Patient().INS, entry)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Equal(t, "dmp.retrieve", asError(t, err).Op)
	assert.Len(t, srv.Calls(), 1, "nothing was sent")

	// The service has the same matrix, and the last word.
	asks := newClient(t, srv, func(c *dmp.Config) { c.Settings.LetServiceDecide = true })
	assert.Equal(t, dmp.ServiceDecides, asks.Right(dmp.TD31))
	_, err = found(asks, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	e := asError(t, err)
	assert.Equal(t, "DMPAccessDeniedByRightsService", e.Code)
	assert.Contains(t, e.Explain(segur.EN), "INDIRECTE_RENFORCEE")
	_, err = asks.Retrieve(ctx, dmptest.Patient().INS, entry)
	require.ErrorIs(t, err, segur.ErrAuthorization)

	srv.SetPatient(dmptest.Patient().INS, dmptest.Record{Unauthorized: true})
	_, err = found(consult, dmp.Query{Patient: dmptest.Patient().INS})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	_, err = feed.Submit(ctx, prepared(t, feed))
	require.NoError(t, err, "publishing needs no authorisation")

	card := newClient(t, srv, func(c *dmp.Config) {
		c.Mode, c.LocalAuthentication = dmp.Directe, dmp.ByCard
		c.Credentials = segur.StaticCredential(srv.PKI().Professional())
		c.Signing = segur.StaticCredential(srv.PKI().Professional(credentialtest.ForSignature()))
	})
	srv.SetPatient(dmptest.Patient().INS, dmptest.Record{})
	_, err = card.Submit(ctx, prepared(t, card))
	require.NoError(t, err)
	all, err := found(card, dmp.Query{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	assert.Len(t, all, 3)
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	pki := srv.PKI()
	tls := func(c segur.Credential) func(*dmp.Config) {
		return func(cfg *dmp.Config) { cfg.Credentials = segur.StaticCredential(c) }
	}
	signing := func(c segur.Credential) func(*dmp.Config) {
		return func(cfg *dmp.Config) { cfg.Signing = segur.StaticCredential(c) }
	}
	for name, c := range map[string]struct {
		config func(*dmp.Config)
		kind   error
		code   string
	}{
		"client expired":             {tls(pki.Organization(credentialtest.Expired())), segur.ErrAuthentication, ""},
		"client of another PKI":      {tls(pki.Foreign().Organization()), segur.ErrAuthentication, ""},
		"client without the usage":   {tls(pki.Signature()), segur.ErrAuthentication, ""},
		"client of other structure":  {tls(pki.Organization(credentialtest.StructureID("1990000027"))), segur.ErrAuthentication, "DMPInvalidVihf"},
		"signing key of another PKI": {signing(pki.Foreign().Signature()), segur.ErrAuthentication, "DMPInvalidCertificate"},
		"signing with TLS key":       {signing(pki.Organization()), segur.ErrAuthentication, "DMPInvalidCertificate"},
		"server not trusted":         {func(c *dmp.Config) { c.RootCAs = pki.Foreign().Roots() }, segur.ErrSignature, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, srv, c.config)
			_, err := client.Submit(ctx, prepared(t, client))
			require.ErrorIs(t, err, c.kind)
			assert.Equal(t, c.code, asError(t, err).Code)
			assert.NotErrorIs(t, err, segur.ErrOutcomeUnknown)
			_, err = client.Lookup(ctx, dmptest.Patient().INS, "1.2.3")
			require.ErrorIs(t, err, c.kind)
			noPrivateText(t, err.Error())
		})
	}
	assert.Empty(t, srv.Documents())
}

func TestServerOfAnotherPKI(t *testing.T) {
	t.Parallel()
	foreign := credentialtest.NewPKI().Foreign().Server()
	srv := fake(t, dmptest.WithServerCertificate(foreign))
	client := newClient(t, srv)
	_, err := client.Submit(context.Background(), prepared(t, client))
	require.ErrorIs(t, err, segur.ErrSignature)
}

// An assertion is of now.
func TestClockOfTheAssertion(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, func(c *dmp.Config) {
		c.Clock = func() time.Time { return time.Now().Add(-time.Hour) }
	})
	_, err := client.Lookup(context.Background(), dmptest.Patient().INS, "1.2.3")
	require.Error(t, err)
	assert.Equal(t, "DMPInvalidVihf", asError(t, err).Code)
}

// A FINESS without its type digit is completed: the service compares it with
// the OU to the character, and so does the fake.
func TestBareFINESS(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	var traced dmp.AssertionUse
	client := newClient(t, srv, func(c *dmp.Config) {
		c.Structure.ID = "990000019"
		c.Trace = func(u dmp.AssertionUse) { traced = u }
	})
	_, err := client.Submit(context.Background(), prepared(t, client))
	require.NoError(t, err)
	assert.Equal(t, "1990000019", traced.StructureID)
	assert.Equal(t, "1990000019", srv.Submissions()[0].Set.Author.Institutions[0].ID)
	assert.Contains(t, string(srv.Calls()[0].Envelope), "<saml2:AttributeValue>1990000019</saml2:AttributeValue>")
}

// Everything of a secret connection says that it is one.
func TestSecretConnection(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	open := newClient(t, srv)
	client := open.SecretConnection()
	sealed := prepared(t, client)
	entry := sealed.Entries()[0]
	assert.True(t, entry.Has(xds.HiddenFromRepresentatives))
	_, err := open.Submit(ctx, sealed) // the submission remembers
	require.NoError(t, err)
	_, err = client.Resolve(ctx, sealed)
	require.NoError(t, err)
	_, err = client.Lookup(ctx, dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrNotFound)
	for _, c := range srv.Calls() {
		assert.True(t, c.Secret, c.Op)
	}
	_, err = open.Lookup(ctx, dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.False(t, srv.Calls()[3].Secret)

	_, err = client.Prepare(ctx, dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Content: sampleKOS(), Entry: kosEntry(newReport(t))}}})
	assert.Equal(t, []string{"documents[0].visibility"}, fields(t, err))
}

// What was prepared outside of a secret connection does not leave by one: its
// marker is missing. The look-up does, as secret as the rest.
func TestSecretConnectionKeepsToItself(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	sealed := prepared(t, client)
	secret := client.SecretConnection()
	_, err := secret.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Empty(t, srv.Calls())
	_, err = secret.Resubmit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.Len(t, srv.Calls(), 1)
	assert.True(t, srv.Calls()[0].Secret)
	assert.Empty(t, srv.Documents())
}

// A process without a user publishes as AUTOMATE, in INDIRECTE.
func TestUnattended(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, func(c *dmp.Config) {
		c.LocalAuthentication, c.User.Specialty = dmp.Unattended, segur.Code{}
		c.User.Profession = segur.Code{Code: "AUTOMATE", System: "1.2.250.1.213.1.1.4.6", Display: "Automate"}
	})
	_, err := client.Submit(context.Background(), prepared(t, client))
	require.NoError(t, err)
	author := srv.Submissions()[0].Set.Author
	assert.Equal(t, []segur.Code{{Code: "AUTOMATE", System: "1.2.250.1.213.1.1.4.6", Display: "Automate"}}, author.Specialties)
	assert.Equal(t, "899900000015", author.Person.ID)
}
