package dmp_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// claims reads the assertion of a call.
func claims(tb testing.TB, call dmptest.Call) *saml.VIHFClaims {
	tb.Helper()
	root, err := xmlr.Parse(call.Envelope, xmlr.Options{})
	require.NoError(tb, err)
	c, err := saml.VerifyVIHF(root.Find("*", "Header/Security/Assertion"), saml.VerifyOptions{AllowSHA1: true})
	require.NoError(tb, err)
	return c
}

// drained runs a stream to its end.
func drained[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

// Every transaction in every mode: who acts, for which patient, why. The fake
// has verified each signature; xmlsec1 verifies one of each mode.
func TestAssertionOfEachTransaction(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	ins := dmptest.Patient().INS
	login := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	loggedIn := func(c *dmp.Config) { c.AuthenticatedAt = func() time.Time { return login } }
	feed, consult, card := newClient(t, srv, loggedIn), newClient(t, srv, loggedIn, consulting), newClient(t, srv, loggedIn, onCard(srv))
	urgent, err := card.Emergency("  détresse respiratoire  ")
	require.NoError(t, err)
	sealed := prepared(t, feed)
	_, err = feed.Submit(ctx, sealed)
	require.NoError(t, err)
	document := &xds.DocumentEntry{UniqueID: sealed.DocumentIDs()[0]}

	steps := []struct {
		name    string
		t       dmp.Transaction
		client  *dmp.Client
		call    func(*dmp.Client) error
		purpose dmp.Purpose
	}{
		{"existence", dmp.TD02, feed, func(c *dmp.Client) error { _, err := c.Existence(ctx, ins); return err }, dmp.Normal},
		{"existence, AIR", dmp.TD02, consult, func(c *dmp.Client) error { _, err := c.Existence(ctx, ins); return err }, dmp.Normal},
		{"authorise", dmp.TD03Add, consult, func(c *dmp.Client) error {
			_, err := c.Authorize(ctx, ins, dmp.AuthorizeOptions{Consent: consented})
			return err
		}, dmp.Normal},
		{"records", dmp.TD04, consult, func(c *dmp.Client) error { return drained(c.AuthorizedRecords(ctx, dmp.RecordsQuery{})) }, dmp.Normal},
		{"records, emergency", dmp.TD04, urgent, func(c *dmp.Client) error { return drained(c.AuthorizedRecords(ctx, dmp.RecordsQuery{})) }, dmp.BrisDeGlace},
		{"patient", dmp.TD05, feed.Regulation(), func(c *dmp.Client) error {
			_, err := c.SearchPatient(ctx, dmp.PatientQuery{FamilyName: "FICTIVE"})
			return err
		}, dmp.Centre15},
		{"administrative", dmp.TD13a, card, func(c *dmp.Client) error { _, err := c.AdministrativeData(ctx, ins); return err }, dmp.Normal},
		{"professionals", dmp.TD16, card, func(c *dmp.Client) error {
			_, err := c.Professionals(ctx, ins, dmp.ActiveAuthorizations)
			return err
		}, dmp.Normal},
		{"find", dmp.TD31, consult, func(c *dmp.Client) error { _, err := found(c, dmp.Query{Patient: ins}); return err }, dmp.Normal},
		{"find, emergency", dmp.TD31, urgent, func(c *dmp.Client) error { _, err := found(c, dmp.Query{Patient: ins}); return err }, dmp.BrisDeGlace},
		{"find, regulation", dmp.TD31, consult.Regulation(), func(c *dmp.Client) error { _, err := found(c, dmp.Query{Patient: ins}); return err }, dmp.Centre15},
		{"look up", dmp.TD31Reference, feed, func(c *dmp.Client) error { _, err := c.Lookup(ctx, ins, document.UniqueID); return err }, dmp.Normal},
		{"retrieve", dmp.TD32, card, func(c *dmp.Client) error {
			r, err := c.Retrieve(ctx, ins, document)
			if err == nil {
				_ = r.Close() // not read
			}
			return err
		}, dmp.Normal},
		{"submit", dmp.TD21, card, func(c *dmp.Client) error { _, err := c.Submit(ctx, prepared(t, c)); return err }, dmp.Normal},
		{"submit, regulation", dmp.TD21, feed.Regulation(), func(c *dmp.Client) error { _, err := c.Submit(ctx, prepared(t, c)); return err }, dmp.Centre15},
	}
	judged := map[saml.Mode]bool{}
	for _, s := range steps {
		before := len(srv.Calls())
		require.NoError(t, s.call(s.client), s.name)
		calls := srv.Calls()
		require.Greater(t, len(calls), before, s.name)
		call := calls[len(calls)-1]
		assert.Equal(t, s.t, call.Transaction, s.name)
		c := claims(t, call)
		if s.t == dmp.TD04 || s.t == dmp.TD05 {
			assert.True(t, c.Patient.IsZero(), s.name)
			assert.NotContains(t, string(call.Envelope), "resource:resource-id", s.name)
		} else {
			assert.Equal(t, ins, c.Patient, s.name)
		}
		assert.Equal(t, string(s.purpose), string(c.Purpose), s.name)
		assert.Equal(t, "899900000015", c.Subject)
		assert.Equal(t, "RADIOLOGUE Claude", c.SubjectName)
		assert.Equal(t, "1990000019", c.Structure)
		assert.Equal(t, "SA07", c.Sector.Code)
		assert.Equal(t, []segur.Code{
			{Code: "10", System: "1.2.250.1.71.1.2.7", SystemName: "professions", Display: "Médecin"},
			{Code: "SM44", System: "1.2.250.1.71.4.2.5", SystemName: "specialites RPPS", Display: "Radio-diagnostic (SM)"},
		}, c.Roles)
		assert.Equal(t, login, c.AuthenticatedAt)
		assert.Equal(t, saml.Software{Name: "RIS FICTIF", Version: "1.0", Installation: "INSTALL-0001", Approval: "FIC-000000-0000"}, c.Software)
		assert.False(t, c.Secret)
		assert.WithinDuration(t, time.Now(), c.IssueInstant, time.Minute)
		assert.NotNil(t, c.Certificate)
		wantDecl, wantClass, wantReason := "", saml.ByProSanteConnect, ""
		switch c.Mode {
		case saml.IndirectReinforced:
			wantDecl = "CONF_EXI_PGSSIS"
		case saml.Direct:
			wantClass = saml.ByCard
			if s.purpose == dmp.BrisDeGlace {
				wantReason = "détresse respiratoire"
			}
		default:
		}
		assert.Equal(t, wantDecl, c.Declaration, s.name)
		assert.Equal(t, wantClass, c.LocalAuthentication, s.name)
		assert.Equal(t, wantReason, c.BreakGlassReason, s.name)
		assert.Equal(t, wantReason, call.EmergencyReason, s.name)
		if !judged[c.Mode] {
			judged[c.Mode] = true
			require.NoError(t, testkit.XMLSec1Verify(t, call.Envelope, testkit.XMLSecSAML...), s.name)
		}
	}
	assert.Len(t, judged, 3)
}

// The reason of an emergency: its attribute, and in AIR, are settings; it is
// traced in any case.
func TestEmergency(t *testing.T) {
	t.Parallel()
	srv := fake(t, dmptest.WithReasonAttribute("Motif"))
	ins := dmptest.Patient().INS
	var uses []dmp.AssertionUse
	change := func(inAIR bool) func(*dmp.Config) {
		return func(c *dmp.Config) {
			c.Settings.EmergencyReasonAttribute, c.Settings.EmergencyReasonInAIR = "Motif", inAIR
			c.Trace = func(u dmp.AssertionUse) { uses = append(uses, u) }
		}
	}
	for i, inAIR := range []bool{false, true} {
		c, err := newClient(t, srv, consulting, change(inAIR)).Emergency("urgence <vitale>")
		require.NoError(t, err)
		_, err = found(c, dmp.Query{Patient: ins})
		require.NoError(t, err)
		assert.Equal(t, inAIR, strings.Contains(string(srv.Calls()[i].Envelope), `Name="Motif"`))
		assert.Equal(t, map[bool]string{true: "urgence <vitale>"}[inAIR], srv.Calls()[i].EmergencyReason)
		assert.Equal(t, "urgence <vitale>", uses[i].Reason)
		assert.Equal(t, dmp.BrisDeGlace, uses[i].Purpose)
	}
	card, err := newClient(t, srv, onCard(srv), change(false)).Emergency("x")
	require.NoError(t, err)
	_, err = found(card.SecretConnection(), dmp.Query{Patient: ins})
	require.NoError(t, err)
	last := srv.Calls()[2]
	assert.True(t, last.Secret, "both at once")
	assert.Equal(t, "bris_de_glace", last.Purpose)
	assert.True(t, uses[2].Secret)

	srv.SetPatient(ins, dmptest.Record{OpposesBreakGlass: true})
	_, err = found(card, dmp.Query{Patient: ins})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	_, err = found(card.Regulation(), dmp.Query{Patient: ins})
	require.NoError(t, err, "another opposition")
	assert.Empty(t, srv.Calls()[4].EmergencyReason)
	srv.SetPatient(ins, dmptest.Record{OpposesRegulation: true})
	_, err = found(card.Regulation(), dmp.Query{Patient: ins})
	require.ErrorIs(t, err, segur.ErrAuthorization)
}

// A secret connection is that of a patient: calls without one are not in it.
func TestSecretConnectionNeedsPatient(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	err := drained(newClient(t, srv, consulting).SecretConnection().AuthorizedRecords(context.Background(), dmp.RecordsQuery{}))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Empty(t, srv.Calls())
}

// The roles of everybody, from what a configuration or Pro Santé Connect says
// of them.
func TestRoles(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	const (
		g15, g16 = "1.2.250.1.71.1.2.7", "1.2.250.1.71.1.2.8"
		r01, g05 = "1.2.250.1.71.4.2.5", "1.2.250.1.71.4.2.6"
		r85, r22 = "1.2.250.1.213.1.6.1.107", "1.2.250.1.213.1.6.1.19"
		r291, a0 = "1.2.250.1.213.1.6.1.140", "1.2.250.1.213.1.1.4.6"
		r95      = "1.2.250.1.213.1.6.1.109"
	)
	type code = segur.Code
	for name, c := range map[string]struct {
		profession, specialty code
		others                []code
		want                  []code
	}{
		"radiologist, J01":       {code{Code: "10"}, code{Code: "G15_10/SM74"}, nil, []code{{Code: "10", System: g15, SystemName: "professions", Display: "Médecin"}, {Code: "SM74", System: r01, SystemName: "specialites RPPS", Display: "Radiologie et imagerie médicale (SM)"}}},
		"radiologist, R01 (PSC)": {code{Code: "10", System: g15}, code{Code: "SM28", System: r01}, nil, []code{{Code: "10", System: g15, SystemName: "professions", Display: "Médecin"}, {Code: "SM28", System: r01, SystemName: "specialites RPPS", Display: "Médecine nucléaire (SM)"}}},
		"pharmacist, J01":        {code{Code: "21"}, code{Code: "G15_21/G"}, nil, []code{{Code: "21", System: g15, SystemName: "professions", Display: "Pharmacien"}, {Code: "G", System: g05, Display: "Pharmacien biologiste"}}},
		"pharmacist, G05":        {code{Code: "21"}, code{Code: "H", System: g05}, nil, []code{{Code: "21", System: g15, SystemName: "professions", Display: "Pharmacien"}, {Code: "H", System: g05, Display: "Pharmacien d'établissement de santé"}}},
		"radiographer":           {code{Code: "98", Display: "autre libellé"}, code{}, nil, []code{{Code: "98", System: g15, SystemName: "professions", Display: "Manipulateur ERM"}}},
		"physician in training":  {code{Code: "10", System: g16}, code{}, nil, []code{{Code: "10", System: g16, Display: "Médecin en formation"}}},
		"psychologist":           {code{Code: "93", System: r95}, code{}, nil, []code{{Code: "93", System: r95, Display: "Psychologue"}}},
		"secretary":              {code{Code: "SECRETARIAT_MEDICAL", System: a0}, code{}, nil, []code{{Code: "SECRETARIAT_MEDICAL", System: a0, Display: "Secrétariat médical"}}},
		"by role": {code{Code: "99", System: r291}, code{Code: "331"}, []code{{Code: "GENR13", System: r22}}, []code{
			{Code: "99", System: r291, Display: "Acteur participant au système de santé caractérisé par rôle"},
			{Code: "331", System: r85, Display: "Secrétaire assistante médico-administrative"}, {Code: "GENR13", System: r22, Display: "Activité médico-administrative"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, srv, func(cfg *dmp.Config) {
				cfg.User.ID = "899900000049"
				cfg.User.Profession, cfg.User.Specialty, cfg.OtherRoles = c.profession, c.specialty, c.others
			})
			_, err := client.Existence(context.Background(), dmptest.Patient().INS)
			require.NoError(t, err)
			for _, call := range srv.Calls() {
				if got := claims(t, call); got.Roles[0].Equal(c.want[0]) && len(got.Roles) == len(c.want) && got.Roles[len(c.want)-1].Equal(c.want[len(c.want)-1]) {
					assert.Equal(t, c.want, got.Roles)
					return
				}
			}
			t.Error("no call with these roles")
		})
	}
}

// Who acts for a message: its professional when the roles are known, else the
// automaton of the software.
func TestIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	ins := dmptest.Patient().INS
	unattended := func(c *dmp.Config) { c.LocalAuthentication = dmp.Unattended }
	for name, c := range map[string]struct {
		change []func(*dmp.Config)
		role   string
		name   string
	}{
		"known":                {[]func(*dmp.Config){unattended}, "10", "RADIOLOGUE Claude"},
		"no specialty":         {[]func(*dmp.Config){unattended, func(c *dmp.Config) { c.User.Specialty = segur.Code{} }}, "AUTOMATE", "RIS FICTIF 1.0"},
		"no profession":        {[]func(*dmp.Config){unattended, func(c *dmp.Config) { c.User.Profession, c.User.Specialty = segur.Code{}, segur.Code{} }}, "AUTOMATE", "RIS FICTIF 1.0"},
		"asked for":            {[]func(*dmp.Config){unattended, func(c *dmp.Config) { c.Identity = dmp.Automaton }}, "AUTOMATE", "RIS FICTIF 1.0"},
		"profession automaton": {[]func(*dmp.Config){unattended, func(c *dmp.Config) { c.User.Profession = segur.Code{Code: "AUTOMATE"}; c.User.Specialty = segur.Code{} }}, "AUTOMATE", "RIS FICTIF 1.0"},
	} {
		client := newClient(t, srv, c.change...)
		_, err := client.Existence(ctx, ins)
		require.NoError(t, err, name)
		calls := srv.Calls()
		got := claims(t, calls[len(calls)-1])
		assert.Equal(t, c.role, got.Roles[0].Code, name)
		assert.Equal(t, c.name, got.SubjectName, name)
		assert.Equal(t, "899900000015", got.Subject, "the person responsible")
		assert.Equal(t, saml.Unattended, got.LocalAuthentication)
		assert.Equal(t, got.IssueInstant, got.AuthenticatedAt.Truncate(time.Millisecond))
	}
}

// One structure, several users, the same connections.
func TestForUser(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	engine := newClient(t, srv, func(c *dmp.Config) {
		c.LocalAuthentication, c.User.Specialty = dmp.Unattended, segur.Code{}
	})
	other := dmptest.Radiologist()
	other.ID, other.FamilyName = "899900000023", "AUTRE"
	client, err := engine.SecretConnection().ForUser(other, nil)
	require.NoError(t, err)
	for _, c := range []*dmp.Client{engine, client} {
		_, err = c.Existence(ctx, dmptest.Patient().INS)
		require.NoError(t, err)
	}
	first, second := claims(t, srv.Calls()[0]), claims(t, srv.Calls()[1])
	assert.Equal(t, []string{"AUTOMATE", "899900000015"}, []string{first.Roles[0].Code, first.Subject})
	assert.Equal(t, []string{"10", "899900000023", "AUTRE Claude"}, []string{second.Roles[0].Code, second.Subject, second.SubjectName})
	assert.True(t, second.Secret)
	assert.False(t, first.Secret)

	other.ID = "8999"
	_, err = engine.ForUser(other, nil)
	assert.Equal(t, []string{"user.id"}, fields(t, err))
	other.ID = "899900000023"
	_, err = newClient(t, srv, consulting).ForUser(other, nil)
	assert.Equal(t, []string{"mode"}, fields(t, err))
	_, err = newClient(t, srv, func(c *dmp.Config) {
		c.BearerToken = func(context.Context) (string, error) { return "jeton", nil }
	}).ForUser(other, nil)
	assert.Equal(t, []string{"bearerToken"}, fields(t, err), "a token is that of one user")
}

// An access token goes with each message, and nowhere else.
func TestBearerToken(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const token = "jeton-fictif.abc_123~/+=="
	srv := fake(t, dmptest.WithBearerTokens(func(got string) bool { return got == token }))
	ins := dmptest.Patient().INS
	_, err := newClient(t, srv).Existence(ctx, ins)
	require.ErrorIs(t, err, segur.ErrAuthentication)
	assert.Equal(t, 401, asError(t, err).Status)

	evidence := &memoryEvidence{}
	asked := 0
	client := newClient(t, srv, func(c *dmp.Config) {
		c.Evidence, c.Retry = evidence, segur.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}
		c.BearerToken = func(context.Context) (string, error) { asked++; return token, nil }
	})
	srv.Fail(dmptest.Fault{Status: 503})
	_, err = client.Existence(ctx, ins)
	require.NoError(t, err)
	assert.Equal(t, 2, asked, "a new one for each message")
	_, err = client.Submit(ctx, prepared(t, client))
	require.NoError(t, err)
	for _, x := range evidence.exchanges {
		assert.Contains(t, x.request.String(), "Authorization:")
		assert.NotContains(t, x.request.String(), "jeton-fictif")
	}

	sent := len(srv.Calls())
	for name, c := range map[string]struct {
		token string
		err   error
		kind  error
	}{
		"none":      {"", nil, segur.ErrAuthentication},
		"two lines": {"a\r\nX: y", nil, segur.ErrAuthentication},
		"failure":   {"", errors.New("session over"), segur.ErrAuthentication},
		"cancelled": {"", &segur.Error{Kind: segur.KindCanceled}, segur.ErrCanceled},
	} {
		client := newClient(t, srv, func(cfg *dmp.Config) {
			cfg.BearerToken = func(context.Context) (string, error) { return c.token, c.err }
		})
		_, err := client.Existence(ctx, ins)
		require.ErrorIs(t, err, c.kind, name)
		assert.NotContains(t, err.Error(), "X: y")
	}
	assert.Len(t, srv.Calls(), sent, "nothing was sent")
}

// The same assertion serves the calls of one content for a time; each use is
// traced.
func TestAssertionLifetime(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t, dmptest.WithAssertionReuse())
	ins := dmptest.Patient().INS
	now := time.Now()
	login := now.Add(-time.Hour)
	var uses []dmp.AssertionUse
	client := newClient(t, srv, onCard(srv), func(c *dmp.Config) {
		c.Settings.AssertionLifetime = 2 * time.Minute
		c.AuthenticatedAt = func() time.Time { return login }
		c.Clock = func() time.Time { return now }
		c.Trace = func(u dmp.AssertionUse) { uses = append(uses, u) }
	})
	urgent, err := client.Emergency("urgence")
	require.NoError(t, err)
	for _, c := range []*dmp.Client{client, client, urgent, client.SecretConnection(), client} {
		_, err := c.Existence(ctx, ins)
		require.NoError(t, err)
	}
	now = now.Add(2 * time.Minute)
	_, err = client.Existence(ctx, ins)
	require.NoError(t, err)
	var ids, messages []string
	var reused []bool
	for _, u := range uses {
		ids, messages, reused = append(ids, u.ID), append(messages, u.MessageID), append(reused, u.Reused)
	}
	assert.Equal(t, []bool{false, true, false, false, true, false}, reused)
	assert.Equal(t, []string{ids[0], ids[0]}, []string{ids[1], ids[4]})
	assert.NotContains(t, ids[:5], ids[5])
	assert.NotEqual(t, messages[0], messages[1], "the message is always new")
	for _, c := range srv.Calls() {
		assert.Equal(t, "TD0.2", string(c.Transaction))
	}

	strict := fake(t) // takes an assertion once
	again := newClient(t, strict, func(c *dmp.Config) {
		c.Settings.AssertionLifetime, c.LocalAuthentication, c.Identity = time.Minute, dmp.Unattended, dmp.Automaton
	})
	_, err = again.Existence(ctx, ins)
	require.NoError(t, err)
	_, err = again.Existence(ctx, ins)
	require.Error(t, err)
	assert.Equal(t, "DMPInvalidVihf", asError(t, err).Code)
}
