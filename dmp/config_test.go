package dmp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// fields lists what an input error complains of.
func fields(tb testing.TB, err error) []string {
	tb.Helper()
	require.ErrorIs(tb, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(tb, err, &e)
	var out []string
	for _, d := range e.Details {
		out = append(out, d.Field)
	}
	return out
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := dmp.New(dmp.Config{ClientConfig: segur.ClientConfig{Environment: segur.Production}})
	assert.ElementsMatch(t, []string{
		"endpoint", "credentials", "mode", "structure.id", "structure.name", "structure.sector", "user.id", "user.familyName",
		"user.givenName", "user.profession", "localAuthentication", "software.name", "software.version", "software.approvalNumber",
		"oidRoot", "signing",
	}, fields(t, err))
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	pki := srv.PKI()
	signing := func(c segur.Credential) func(*dmp.Config) {
		return func(cfg *dmp.Config) { cfg.Signing = segur.StaticCredential(c) }
	}
	for name, c := range map[string]struct {
		change func(*dmp.Config)
		want   []string
	}{
		"nothing":                {func(*dmp.Config) {}, nil},
		"no environment":         {func(c *dmp.Config) { c.Environment = "" }, []string{"environment"}},
		"http":                   {func(c *dmp.Config) { c.Endpoint = "http://127.0.0.1/x" }, []string{"endpoint"}},
		"card of another person": {func(c *dmp.Config) { onCard(srv)(c); c.User.ID = "899900000023" }, []string{"signing"}},
		"card without national identifier": {func(c *dmp.Config) {
			onCard(srv)(c)
			c.Signing = segur.StaticCredential(pki.Professional(credentialtest.ForSignature(), credentialtest.CommonName("EMPLOYE FICTIF")))
		}, nil},
		"unknown mode":               {func(c *dmp.Config) { c.Mode = "AIR" }, []string{"mode"}},
		"physician, no specialty":    {func(c *dmp.Config) { c.User.Specialty = segur.Code{} }, []string{"user.specialty"}},
		"physician, not his code":    {func(c *dmp.Config) { c.User.Specialty.Code = "G15_40/SCD01" }, []string{"user.specialty"}},
		"pharmacist, no section":     {func(c *dmp.Config) { c.User.Profession.Code = "21" }, []string{"user.specialty"}},
		"radiographer, no specialty": {func(c *dmp.Config) { c.User.Profession.Code, c.User.Specialty = "98", segur.Code{} }, nil},
		"RPPS too short":             {func(c *dmp.Config) { c.User.ID = "8999000" }, []string{"user.id"}},
		"sector":                     {func(c *dmp.Config) { c.Structure.Sector.Code = "07" }, []string{"structure.sector"}},
		"other structure":            {func(c *dmp.Config) { c.Structure.ID = "1990000027" }, []string{"signing"}},
		"other structure, allowed": {func(c *dmp.Config) {
			c.Structure.ID, c.AllowLegalEntityCertificate = "1990000027", true
		}, nil},
		"structure without type digit": {func(c *dmp.Config) { c.Structure.ID = "990000019" }, nil},
		"expired":                      {signing(pki.Signature(credentialtest.Expired())), []string{"signing"}},
		"not yet valid":                {signing(pki.Signature(credentialtest.NotYetValid())), []string{"signing"}},
		"no OU":                        {signing(pki.Signature(credentialtest.StructureID(""))), []string{"signing"}},
		"AIR, nobody there": {func(c *dmp.Config) {
			c.Mode, c.LocalAuthentication = dmp.IndirecteRenforcee, dmp.Unattended
		}, []string{"localAuthentication"}},
		"direct without card": {func(c *dmp.Config) { c.Mode = dmp.Directe }, []string{"localAuthentication"}},
		"direct with card": {func(c *dmp.Config) {
			c.Mode, c.LocalAuthentication = dmp.Directe, dmp.ByCard
			c.Signing = segur.StaticCredential(pki.Professional(credentialtest.ForSignature()))
		}, nil},
		"automate": {func(c *dmp.Config) {
			c.LocalAuthentication, c.User.GivenName, c.User.Specialty = dmp.Unattended, "", segur.Code{}
			c.User.Profession = segur.Code{Code: "AUTOMATE", System: "1.2.250.1.213.1.1.4.6"}
		}, nil},
		"pharmacist, unknown section": {func(c *dmp.Config) {
			c.User.Profession.Code, c.User.Specialty = "21", segur.Code{Code: "G15_21/Z"}
		}, []string{"user.specialty"}},
		"pharmacist": {func(c *dmp.Config) {
			c.User.Profession.Code, c.User.Specialty = "21", segur.Code{Code: "G15_21/A"}
		}, nil},
		"actor without role": {func(c *dmp.Config) {
			c.User.Profession, c.User.Specialty = segur.Code{Code: "99", System: "1.2.250.1.213.1.6.1.140"}, segur.Code{}
		}, []string{"user.specialty"}},
		"unknown profession": {func(c *dmp.Config) { c.User.Profession.Code, c.User.Specialty = "97", segur.Code{} }, []string{"user.profession"}},
		"unknown profession, allowed": {func(c *dmp.Config) {
			c.User.Profession.Code, c.User.Specialty, c.Settings.AllowUnknownCodes = "97", segur.Code{}, true
		}, nil},
		"unknown specialty":  {func(c *dmp.Config) { c.User.Specialty.Code = "G15_10/SM999" }, []string{"user.specialty"}},
		"unknown sector":     {func(c *dmp.Config) { c.Structure.Sector.Code = "SA99" }, []string{"structure.sector"}},
		"unknown other role": {func(c *dmp.Config) { c.OtherRoles = []segur.Code{{Code: "X", System: "1.2.3"}} }, []string{"otherRoles[0]"}},
		"too many roles": {func(c *dmp.Config) {
			c.OtherRoles, c.Settings.AllowUnknownCodes = make([]segur.Code, 3), true
			for i := range c.OtherRoles {
				c.OtherRoles[i] = segur.Code{Code: "GENR01", System: "1.2.250.1.213.1.6.1.19"}
			}
		}, []string{"otherRoles"}},
		"RPPS without type digit": {func(c *dmp.Config) { c.User.ID = "99900000015" }, []string{"user.id"}},
		"internal identifier":     {func(c *dmp.Config) { c.User.ID = "3990000019/1453" }, nil},
		"identity unknown":        {func(c *dmp.Config) { c.Identity = "x" }, []string{"identity"}},
		"automaton in AIR": {func(c *dmp.Config) {
			c.Mode, c.Identity = dmp.IndirecteRenforcee, dmp.Automaton
		}, []string{"identity", "user.profession", "localAuthentication"}},
		"automaton with a login": {func(c *dmp.Config) { c.Identity = dmp.Automaton }, []string{"localAuthentication"}},
		"profile, not a physician": {func(c *dmp.Config) {
			c.Profile, c.User.Profession.Code, c.User.Specialty = dmp.OccupationalPhysician, "98", segur.Code{}
		}, []string{"profile"}},
		"profile of a patient": {func(c *dmp.Config) { c.Profile = dmp.DeclaredGP }, []string{"profile"}},
		"profile unknown":      {func(c *dmp.Config) { c.Profile = "x" }, []string{"profile"}},
		"lifetime too long": {func(c *dmp.Config) {
			c.Settings.AssertionLifetime, c.AuthenticatedAt = 6*time.Minute, time.Now
		}, []string{"settings.assertionLifetime"}},
		"lifetime negative":      {func(c *dmp.Config) { c.Settings.AssertionLifetime = -1 }, []string{"settings.assertionLifetime"}},
		"lifetime without login": {func(c *dmp.Config) { c.Settings.AssertionLifetime = time.Minute }, []string{"settings.assertionLifetime"}},
		"lifetime in AIR": {func(c *dmp.Config) {
			c.Mode, c.Settings.AssertionLifetime = dmp.IndirecteRenforcee, time.Minute
		}, []string{"settings.assertionLifetime"}},
		"root too long": {func(c *dmp.Config) { c.OIDRoot = "1.2.250.1.999.8.12345678901234567890.1234567890" }, []string{"oidRoot"}},
		"source":        {func(c *dmp.Config) { c.SourceID = "x" }, []string{"sourceID"}},
		"repository":    {func(c *dmp.Config) { c.Settings.RepositoryUniqueID = "x" }, []string{"settings.repositoryUniqueID"}},
		"no root, fake": {func(c *dmp.Config) { c.OIDRoot = "" }, nil},
		"no root, production": {func(c *dmp.Config) {
			c.OIDRoot, c.Environment = "", segur.Production
		}, []string{"oidRoot"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := srv.Config()
			c.change(&cfg)
			_, err := dmp.New(cfg)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			assert.ElementsMatch(t, c.want, fields(t, err))
		})
	}
}

// renewed changes its credential between two calls.
type renewed struct{ now segur.Credential }

func (r *renewed) Credential(context.Context) (segur.Credential, error) {
	if r.now == nil {
		return nil, errors.New("the card is not in the reader")
	}
	return r.now, nil
}

// The certificate of signature is checked again at each use.
func TestSignerIsCheckedAtEachUse(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	source := &renewed{}
	client := newClient(t, srv, func(c *dmp.Config) { c.Signing = source })
	sealed := prepared(t, client)

	_, err := client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrAuthentication, "no credential: nothing was told by New")

	source.now = srv.PKI().Signature(credentialtest.StructureID("1990000027"))
	_, err = client.Submit(ctx, sealed)
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "OU of the certificate")

	source.now = srv.PKI().Signature(credentialtest.Expired())
	_, err = client.Lookup(ctx, dmptest.Patient().INS, "1.2.3")
	require.ErrorIs(t, err, segur.ErrAuthentication)
	require.ErrorContains(t, err, "expired on ")
	assert.Empty(t, srv.Calls(), "nothing was sent")

	source.now = srv.PKI().Signature()
	_, err = client.Submit(ctx, sealed)
	require.NoError(t, err)
}

// The assertions that were made can be traced, user, structure and patient.
func TestTrace(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	var uses []dmp.AssertionUse
	client := newClient(t, srv, func(c *dmp.Config) { c.Trace = func(u dmp.AssertionUse) { uses = append(uses, u) } })
	sealed := prepared(t, client)
	receipt, err := client.Submit(ctx, sealed)
	require.NoError(t, err)
	_, err = client.Resolve(ctx, sealed)
	require.NoError(t, err)
	require.Len(t, uses, 2)
	assert.Equal(t, "dmp.submit", uses[0].Op)
	assert.Equal(t, receipt.MessageID, uses[0].MessageID)
	assert.Equal(t, "1990000019", uses[0].StructureID)
	assert.Equal(t, "899900000015", uses[0].UserID)
	assert.Equal(t, dmptest.Patient().INS, uses[0].Patient)
	assert.Equal(t, "dmp.lookup", uses[1].Op)
	assert.NotEqual(t, uses[0].ID, uses[1].ID)
	assert.WithinDuration(t, time.Now(), uses[0].At, time.Minute)
}
