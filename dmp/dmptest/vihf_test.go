package dmptest_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// forger rewrites the assertions of a client and signs them again with the
// right key: what a peer may get wrong that has everything to sign with.
type forger struct {
	tb     testing.TB
	signer segur.Credential
	old    string
	with   string
	unsign bool
}

func (f *forger) change(_ http.Header, b []byte) []byte {
	start, end := bytes.Index(b, []byte("<saml2:Assertion")), bytes.Index(b, []byte("</saml2:Assertion>"))+len("</saml2:Assertion>")
	text := string(b[start:end])
	head, rest, _ := strings.Cut(text, "<Signature ")
	_, tail, _ := strings.Cut(rest, "</Signature>")
	text = head + tail
	require.Contains(f.tb, text, f.old)
	canonical, err := xmlr.Canonicalize(nil, []byte(strings.Replace(text, f.old, f.with, 1)), xmlr.Canonical{Mode: xmlr.Exclusive})
	require.NoError(f.tb, err)
	if !f.unsign {
		at := bytes.Index(canonical, []byte("</saml2:Issuer>")) + len("</saml2:Issuer>")
		canonical, err = xmlsec.SignEnveloped(canonical, at, "ID", xmlsec.Key{Signer: f.signer, Chain: f.signer.Chain()}, xmlsec.Algorithms{})
		require.NoError(f.tb, err)
	}
	return append(append(b[:start:start], canonical...), b[end:]...)
}

func attribute(name, value string) string {
	return `<saml2:Attribute Name="` + name + `"><saml2:AttributeValue>` + value + `</saml2:AttributeValue></saml2:Attribute>`
}

// Each rule of each attribute is verified in each mode, whatever the signature
// is worth. Every transaction goes through the same check.
func TestAssertionRules(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := dmptest.NewServer()
	defer srv.Close()
	ins := dmptest.Patient().INS
	const (
		patientName = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
		hidden      = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
		subjectID   = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
	)
	resource := attribute(patientName, ins.Matricule()+"^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH")
	onCard := func(c *dmp.Config) { c.Mode, c.LocalAuthentication = dmp.Directe, dmp.ByCard }
	air := func(c *dmp.Config) { c.Mode = dmp.IndirecteRenforcee }
	existence := func(c *dmp.Client) error { _, err := c.Existence(ctx, ins); return err }
	find := func(c *dmp.Client) error {
		for _, err := range c.Find(ctx, dmp.Query{Patient: ins}) {
			return err
		}
		return nil
	}
	records := func(c *dmp.Client) error {
		for _, err := range c.AuthorizedRecords(ctx, dmp.RecordsQuery{}) {
			return err
		}
		return nil
	}
	for _, mode := range []struct {
		name   string
		config func(*dmp.Config)
		signer segur.Credential
		call   func(*dmp.Client) error
		text   string
		class  string
	}{
		{"INDIRECTE, TD0.2", func(*dmp.Config) {}, srv.PKI().Signature(), existence, "INDIRECTE", "MobileTwoFactorUnregistered"},
		{"AIR, TD3.1", air, srv.PKI().Signature(), find, "INDIRECTE_RENFORCEE", "MobileTwoFactorUnregistered"},
		{"DIRECTE, TD3.1", onCard, srv.PKI().Professional(credentialtest.ForSignature()), find, "DIRECTE", "SmartcardPKI"},
	} {
		f := &forger{tb: t, signer: mode.signer}
		var tls func(*dmp.Config)
		if mode.text == "DIRECTE" {
			tls = meddlingAs(t, srv, srv.PKI().Professional(), f.change)
		} else {
			tls = meddling(t, srv, f.change)
		}
		c := client(t, srv, mode.config, func(c *dmp.Config) { c.Signing = segur.StaticCredential(mode.signer) }, tls)
		send := func(old, with string) dmptest.Call {
			f.old, f.with = old, with
			before := len(srv.Calls())
			_ = mode.call(c) // judged by what the service saw
			calls := srv.Calls()
			require.Len(t, calls, before+1, mode.name)
			return calls[before]
		}
		require.Empty(t, send("", "").Code, mode.name)
		rules := []struct{ what, old, with, code string }{
			{"version of SAML", `Version="2.0"`, `Version="1.1"`, "DMPInvalidVihf"},
			{"instant", `Z" Version=`, `" Version=`, "DMPInvalidVihf"},
			{"issuer", "<saml2:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\">CN=", "<saml2:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\">CN=X", "DMPInvalidVihf"},
			{"format of the issuer", "nameid-format:X509SubjectName", "nameid-format:unspecified", "DMPInvalidVihf"},
			{"subject", ">899900000015<", ">8999<", "DMPInvalidVihf"},
			{"audience", "<saml2:AuthnStatement", "<saml2:Conditions><saml2:AudienceRestriction/></saml2:Conditions><saml2:AuthnStatement", "DMPInvalidVihf"},
			{"over", "<saml2:AuthnStatement", `<saml2:Conditions NotOnOrAfter="2020-01-01T00:00:00.000Z"/><saml2:AuthnStatement`, "DMPInvalidVihf"},
			{"login", `AuthnInstant="2`, `AuthnInstant="9`, "DMPInvalidVihf"},
			{"class", "classes:" + mode.class, "classes:unspecified", "DMPInvalidVihf"},
			{"VIHF_Version", attribute("VIHF_Version", "3.0"), "", "DMPInvalidVihf"},
			{"mode", attribute("Authentification_Mode", mode.text), "", "DMPInvalidVihf"},
			{"mode unknown", attribute("Authentification_Mode", mode.text), attribute("Authentification_Mode", "AIR"), "DMPInvalidVihf"},
			{"structure", attribute("Identifiant_Structure", "1990000019"), "", "DMPInvalidVihf"},
			{"sector", "SA07^1.2.250.1.71.4.2.4", "SA07", "DMPInvalidVihf"},
			{"sector unknown", "SA07^1.2.250.1.71.4.2.4", "SA99^1.2.250.1.71.4.2.4", "DMPInvalidVihf"},
			{"no specialty", `code="SM44" codeSystem="1.2.250.1.71.4.2.5"`, `code="60" codeSystem="1.2.250.1.71.1.2.7"`, "DMPInvalidVihf"},
			{"specialty unknown", `code="SM44"`, `code="SM999"`, "DMPInvalidVihf"},
			{"profession unknown", `code="10"`, `code="97"`, "DMPInvalidVihf"},
			{"type of the role", ` xsi:type="CE"></Role>`, `></Role>`, "DMPInvalidVihf"},
			{"patient", resource, "", "DMPInvalidVihf"},
			{"form of the patient", "&amp;ISO^NH", "&amp;ISO^PI", "DMPInvalidVihf"},
			{"resource", "urn:dmp", "urn:autre", "DMPInvalidVihf"},
			{"purpose unknown", `code="normal"`, `code="autre"`, "DMPInvalidVihf"},
			{"reason, no emergency", attribute("LPS_ID", "INSTALL-0001"), attribute("Mode_Acces_Raison", "x"), "DMPInvalidVihf"},
			{"secret", attribute("LPS_ID", "INSTALL-0001"), attribute(hidden, "N"), "DMPInvalidVihf"},
			{"LPS_Nom", attribute("LPS_Nom", "RIS FICTIF"), "", "DMPInvalidVihf"},
			{"LPS_Version", attribute("LPS_Version", "1.0"), "", "DMPInvalidVihf"},
			{"LPS_ID_HOMOLOGATION_DMP", attribute("LPS_ID_HOMOLOGATION_DMP", "FIC-000000-0000"), "", "DMPInvalidVihf"},
			{"unknown attribute", attribute("LPS_ID", "INSTALL-0001"), attribute("LPS_Type", "1"), "DMPInvalidVihf"},
			{"twice", attribute("LPS_ID", "INSTALL-0001"), attribute("LPS_ID", "1") + attribute("lps_id", "2"), "DMPInvalidVihf"},
		}
		switch mode.text {
		case "DIRECTE":
			rules = append(rules, []struct{ what, old, with, code string }{
				{"subject-id is optional", attribute(subjectID, "RADIOLOGUE Claude"), "", ""},
				{"emergency without reason", `code="normal"`, `code="bris_de_glace"`, "DMPInvalidVihf"},
				{"not the holder", ">899900000015<", ">899900000023<", "DMPInvalidVihf"},
				{"declaration", "</saml2:AuthnContextClassRef>", "</saml2:AuthnContextClassRef><saml2:AuthnContextDecl>CONF_EXI_PGSSIS</saml2:AuthnContextDecl>", "DMPInvalidVihf"},
			}...)
		case "INDIRECTE":
			rules = append(rules, []struct{ what, old, with, code string }{
				{"subject-id", attribute(subjectID, "RADIOLOGUE Claude"), "", "DMPInvalidVihf"},
				{"emergency", `code="normal"`, `code="bris_de_glace"`, "DMPInvalidVihf"},
				{"another structure", ">1990000019<", ">1990000027<", "DMPInvalidVihf"},
				{"declaration", "</saml2:AuthnContextClassRef>", "</saml2:AuthnContextClassRef><saml2:AuthnContextDecl>CONF_EXI_PGSSIS</saml2:AuthnContextDecl>", "DMPInvalidVihf"},
			}...)
		default:
			rules = append(rules, []struct{ what, old, with, code string }{
				{"subject-id", attribute(subjectID, "RADIOLOGUE Claude"), "", "DMPInvalidVihf"},
				{"emergency", `code="normal"`, `code="bris_de_glace"`, ""},
				{"no declaration", "<saml2:AuthnContextDecl>CONF_EXI_PGSSIS</saml2:AuthnContextDecl>", "", "DMPInvalidVihf"},
				{"automaton", `code="10" codeSystem="1.2.250.1.71.1.2.7"`, `code="AUTOMATE" codeSystem="1.2.250.1.213.1.1.4.6"`, "DMPInvalidVihf"},
			}...)
		}
		for _, r := range rules {
			if r.what == "class" && mode.text == "INDIRECTE" {
				r.code = "" // somebody, unattended: the message's professional
			}
			got := send(r.old, r.with)
			assert.Equal(t, r.code, got.Code, "%s: %s: %s", mode.name, r.what, got.Reason)
		}
		f.unsign = true
		got := send("", "")
		assert.Equal(t, mode.text == "DIRECTE", got.Code == "", "%s, unsigned: %s", mode.name, got.Reason)
	}

	// Calls without a patient.
	f := &forger{tb: t, signer: srv.PKI().Signature()}
	c := client(t, srv, air, meddling(t, srv, f.change))
	last := func() dmptest.Call { calls := srv.Calls(); return calls[len(calls)-1] }
	f.old, f.with = attribute("Ressource_URN", "urn:dmp"), resource+attribute("Ressource_URN", "urn:dmp")
	require.Error(t, records(c))
	assert.Contains(t, last().Reason, "TD0.4 n'a pas")
	f.old, f.with = attribute("LPS_ID", "INSTALL-0001"), attribute(hidden, "INVISIBLE_REPRESENTANTS_LEGAUX")
	require.Error(t, records(c), "the secret of nobody")
}

// The matrix is applied to documents: own, of the structure, of the patient.
func TestOwnDocuments(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := dmptest.NewServer(dmptest.WithOccupationalPhysicians("899900000031"))
	defer srv.Close()
	patient := dmptest.Patient()
	feed := client(t, srv)
	sealed, err := feed.Prepare(ctx, dmp.Submission{Patient: patient, Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"},
		Documents: []dmp.SubmissionDocument{{Document: document(), Visibility: []xds.Visibility{xds.HiddenFromProfessionals}}}})
	require.NoError(t, err)
	_, err = feed.Submit(ctx, sealed)
	require.NoError(t, err)

	air := func(change ...func(*dmp.Config)) *dmp.Client {
		return client(t, srv, append(change, func(c *dmp.Config) {
			c.Mode, c.Settings.LetServiceDecide = dmp.IndirecteRenforcee, true
		})...)
	}
	as := func(id string) func(*dmp.Config) { return func(c *dmp.Config) { c.User.ID = id } }
	author, other := air(), air(as("899900000023"))
	read := func(c *dmp.Client) error {
		r, err := c.Retrieve(ctx, patient.INS, &xds.DocumentEntry{UniqueID: sealed.DocumentIDs()[0]})
		if err != nil {
			return err
		}
		return r.Close()
	}
	seen := func(c *dmp.Client) int {
		n := 0
		for _, err := range c.Find(ctx, dmp.Query{Patient: patient.INS}) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	assert.Equal(t, []int{1, 0}, []int{seen(author), seen(other)})
	require.NotErrorIs(t, read(author), segur.ErrNotFound)
	require.ErrorIs(t, read(other), segur.ErrNotFound)

	urgent, err := other.Emergency("urgence")
	require.NoError(t, err)
	assert.Equal(t, 0, seen(urgent))
	assert.Equal(t, 0, seen(other.Regulation()))
	srv.SetPatient(patient.INS, dmptest.Record{MaskedInEmergency: true})
	assert.Equal(t, []int{1, 1, 0}, []int{seen(urgent), seen(other.Regulation()), seen(other)})
	srv.SetPatient(patient.INS, dmptest.Record{DeclaredGPs: []string{"899900000023"}})
	assert.Equal(t, []int{1, 0}, []int{seen(other), seen(other.Regulation())}, "the declared general practitioner")
	srv.SetPatient(patient.INS, dmptest.Record{})

	unmask := func(c *dmp.Client) error {
		entry := srv.Documents()[0].Entry
		_, err := c.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: dmp.EntryChange{Patient: patient, Entry: &entry, ContentType: segur.Code{Code: "07"}}, Act: dmp.Unmask})
		return err
	}
	require.ErrorIs(t, unmask(urgent), segur.ErrAuthorization)
	err = unmask(other)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	calls := srv.Calls()
	assert.Equal(t, dmp.TD33aUnmask, calls[len(calls)-1].Transaction)
	require.NoError(t, unmask(author))
	assert.Equal(t, 1, seen(other), "everybody sees it now")

	// Who acts as médecin du travail reads metadata, by card, and no document.
	occupational := client(t, srv, func(c *dmp.Config) {
		c.Mode, c.LocalAuthentication, c.User.ID, c.Settings.LetServiceDecide = dmp.Directe, dmp.ByCard, "899900000031", true
		card := credentialtest.CommonName("899900000031")
		c.Credentials = segur.StaticCredential(srv.PKI().Professional(card))
		c.Signing = segur.StaticCredential(srv.PKI().Professional(card, credentialtest.ForSignature()))
	})
	assert.Equal(t, 1, seen(occupational))
	require.ErrorIs(t, read(occupational), segur.ErrAuthorization)
}
