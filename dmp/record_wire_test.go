package dmp_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// recordCalls are the calls about a record, each with the official request
// that it is like.
var recordCalls = []struct {
	name, sample string
	call         func(*testing.T, *dmp.Client, segur.INS) error
}{
	{"existence", "td0.2-request.xml", func(t *testing.T, c *dmp.Client, ins segur.INS) error {
		_, err := c.Existence(t.Context(), ins)
		return err
	}},
	{"administrative", "td1.3a-request.xml", func(t *testing.T, c *dmp.Client, ins segur.INS) error {
		_, err := c.AdministrativeData(t.Context(), ins)
		return err
	}},
	{"authorize", "td0.3-request-add.xml", func(t *testing.T, c *dmp.Client, ins segur.INS) error {
		_, err := c.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: consented})
		return err
	}},
	{"revoke-gp", "td0.3-request-remove-mt.xml", func(t *testing.T, c *dmp.Client, ins segur.INS) error {
		_, err := c.Revoke(t.Context(), ins, dmp.RevokeOptions{DeclaredGP: true})
		return err
	}},
	{"records", "td0.4-request.xml", func(t *testing.T, c *dmp.Client, _ segur.INS) error {
		_, err := listed(t, c, dmp.RecordsQuery{Since: time.Date(2025, 12, 1, 1, 0, 0, 0, time.FixedZone("CET", 3600)), By: dmp.ByDocument})
		return err
	}},
	{"professionals", "td1.6-request.xml", func(t *testing.T, c *dmp.Client, ins segur.INS) error {
		_, err := c.Professionals(t.Context(), ins, dmp.AllAuthorizations)
		return err
	}},
	{"search", "td0.5-request.xml", func(t *testing.T, c *dmp.Client, _ segur.INS) error {
		_, err := c.Regulation().SearchPatient(t.Context(), dmp.PatientQuery{FamilyName: "PAT-TROIS"})
		return err
	}},
	{"search-criteria", "", func(t *testing.T, c *dmp.Client, _ segur.INS) error {
		_, err := c.Regulation().SearchPatient(t.Context(), dmp.PatientQuery{FamilyName: " FICTIVE-DURAND", GivenName: "CAMILLE",
			BirthDate: segur.NewDate(1985, 3, 14), Sex: segur.Female, PostalCode: "69003", City: "LYON"})
		return err
	}},
}

var (
	bodyOf   = regexp.MustCompile(`(?s)<soap:Body>(.*)</soap:Body>`)
	creation = regexp.MustCompile(`<creationTime value="(\d{14})">`)
)

// asGP makes the radiologist the declared general practitioner.
func asGP(srv *dmptest.Server, change ...func(*dmptest.Record)) {
	r := richRecord()
	r.Unauthorized, r.DeclaredGPs = false, []string{dmptest.Radiologist().ID}
	for _, f := range change {
		f(&r)
	}
	srv.SetPatient(dmptest.Patient().INS, r)
}

// The requests are the same to the byte, and those of the official samples
// element by element.
func TestRecordRequests(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	asGP(srv)
	for i, c := range recordCalls {
		evidence := &memoryEvidence{}
		client := newClient(t, srv, consulting, func(cfg *dmp.Config) {
			cfg.IDs, cfg.Settings.ProcessingCode, cfg.Evidence = segur.NewIDSource(fixed.Rand(uint64(7+i))), "P", evidence
		})
		sent := len(srv.Calls())
		require.NoError(t, c.call(t, client, dmptest.Patient().INS), c.name)
		calls := srv.Calls()[sent:]
		require.Len(t, calls, 1, c.name)
		body := bodyOf.FindSubmatch(calls[0].Envelope)
		require.NotNil(t, body, c.name)
		got := body[1]
		if at := creation.FindSubmatch(got); at != nil {
			when, err := time.Parse("20060102150405", string(at[1]))
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now(), when, time.Minute, "UTC")
			got = creation.ReplaceAll(got, []byte(`<creationTime value="20260105102500">`))
		}
		testkit.Golden(t, "record/"+c.name+".xml", got)
		if c.sample != "" && c.name != "authorize" && c.name != "revoke-gp" { // seeds of the fuzz tests
			testkit.Golden(t, "record/"+c.name+"-answer.xml", stableAnswer(evidence.last().response.Bytes()))
		}
		golden := append([]byte(nil), got...)
		t.Run(c.name, func(t *testing.T) {
			if c.sample == "" {
				return
			}
			sample, err := xmlr.Parse(testkit.ReadShared(t, "dmp/samples/"+c.sample), xmlr.Options{})
			require.NoError(t, err)
			own, err := xmlr.Parse(golden, xmlr.Options{})
			require.NoError(t, err)
			var differences []string
			compare(sample.Children[1].Children[0], own, own.Name.Local, &differences)
			assert.Empty(t, differences)
		})
	}
}

var (
	answerID = regexp.MustCompile(`(<PRPA_IN20130[68]UV02 [^>]*><id root=")[^"]*`)
	actedAt  = regexp.MustCompile(`(<h:(?:startOfAuthorization|lastActionDate)>)\d{14}`)
)

// stableAnswer is the body of an answer of the fake, without what is of now.
func stableAnswer(b []byte) []byte {
	out := bodyOf.FindSubmatch(b)[1]
	out = creation.ReplaceAll(out, []byte(`<creationTime value="20260105102501">`))
	out = answerID.ReplaceAll(out, []byte("${1}11111111-2222-4333-8444-555555555555"))
	return actedAt.ReplaceAll(out, []byte("${1}20260105102501"))
}

// own are the values that each message has for itself: identifiers, the
// sender, the patient.
var own = map[string]bool{
	"id@root": true, "id@extension": true, "creationTime@value": true, "softwareName": true, "queryId@root": true, "queryId@extension": true,
	"value@extension": true,
}

// compare lists what differs between an official element and ours.
func compare(want, got *xmlr.Node, path string, out *[]string) {
	differ := func(what string) { *out = append(*out, path+": "+what) }
	if want.Name != got.Name {
		differ("name " + got.Name.Local)
	}
	if len(want.Attrs) != len(got.Attrs) {
		differ("attributes")
	}
	local := want.Name.Local
	for _, a := range want.Attrs {
		v, ok := got.LookupAttr(a.Space, a.Local)
		same := v == a.Value
		if !ok || !same && (!own[local+"@"+a.Local] || strings.HasPrefix(path, "receiver")) {
			differ("@" + a.Local + " " + v)
		}
	}
	if want.TrimText() != got.TrimText() && !own[local] {
		differ("text")
	}
	if len(want.Children) != len(got.Children) {
		differ("children")
		return
	}
	for i := range want.Children {
		compare(want.Children[i], got.Children[i], path+"/"+want.Children[i].Name.Local, out)
	}
}

var (
	targetID = regexp.MustCompile(`(<targetMessage[^>]*><id [^>]*extension=")([^"]*)`)
	queryIDs = regexp.MustCompile(`(<queryId [^>]*extension=")([^"]*)`)
	relates  = regexp.MustCompile(`(RelatesTo[^>]*>)([^<]*)`)
)

// inAnswerTo makes an official answer the answer to what the fake answers.
func inAnswerTo(sample []byte) func([]byte) []byte {
	return func(real []byte) []byte {
		out := bytes.Clone(sample)
		for _, re := range []*regexp.Regexp{targetID, queryIDs, relates} {
			if m := re.FindSubmatch(real); m != nil {
				out = re.ReplaceAll(out, append([]byte("${1}"), m[2]...))
			}
		}
		return out
	}
}

// The official answers are read.
func TestRecordSampleAnswers(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	ins, err := segur.ParseINS("279035121518989", segur.OIDINSNIRTest)
	require.NoError(t, err)
	srv.SetPatient(ins, dmptest.Record{})
	client := newClient(t, srv, consulting)
	answer := func(file string) {
		srv.Fail(dmptest.Fault{Alter: inAnswerTo(testkit.ReadShared(t, "dmp/samples/"+file))})
	}

	answer("td0.2-response-active.xml")
	s, err := client.Existence(t.Context(), ins)
	require.NoError(t, err)
	assert.Equal(t, dmp.RecordStatus{Exists: true, State: dmp.RecordActive, Authorization: dmp.AuthorizationValid,
		DeclaredGP: ptr(false), WebAccount: ptr(true), AttachedToENS: ptr(true)}, *s)
	answer("td0.2-response-active.xml")
	d, err := client.AdministrativeData(t.Context(), ins)
	require.NoError(t, err)
	assert.True(t, segur.Traits{UsedName: "PAT-TROIS", FirstGivenName: "DOMINIQUE", GivenNames: "DOMINIQUE", Sex: segur.Female,
		BirthDate: segur.NewDate(1979, 3, 28)} == d.Traits)
	answer("td0.2-response-not-found.xml")
	s, err = client.Existence(t.Context(), ins)
	require.NoError(t, err)
	assert.Equal(t, dmp.RecordStatus{}, *s)
	answer("td0.2-response-error.unsure.xml")
	_, err = client.Existence(t.Context(), ins)
	require.ErrorIs(t, err, segur.ErrRefused)
	assert.Equal(t, "DMPxxx", asError(t, err).Code)
	assert.Equal(t, []segur.Detail{{Code: "DMPxxx", Message: "libellé renvoyé par le DMP"}}, asError(t, err).Details, "verbatim")

	answer("td0.3-response.xml")
	change, err := client.Authorize(t.Context(), ins, dmp.AuthorizeOptions{Consent: consented})
	require.NoError(t, err)
	assert.Equal(t, dmp.AuthorizationChange{Status: "DMPOk", Context: "texte libre"}, *change)

	answer("td0.4-response.xml")
	list, err := listed(t, client, dmp.RecordsQuery{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, []segur.INS{ins}, list[0].INS)
	assert.Equal(t, "PAT-TROIS", list[0].Traits.UsedName)
	assert.Equal(t, segur.At(time.Date(2026, 1, 2, 9, 5, 0, 0, time.UTC)), list[0].LastUpdate)

	answer("td1.6-response.xml")
	people, err := client.Professionals(t.Context(), ins, dmp.AllAuthorizations)
	require.NoError(t, err)
	assert.Equal(t, []dmp.ListedProfessional{{
		ID: segur.Identifier{Root: segur.OIDProfessional, Extension: "801234560801"}, FamilyName: "EXEMPLE", GivenName: "JACQUES",
		Specialties: []segur.Code{{Code: "G15_10/SM44", Display: "Médecin - Radio-diagnostic (SM)"}}, Mode: dmp.ActiveAuthorizations,
		Since: segur.At(time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)), LastAction: segur.At(time.Date(2026, 1, 2, 9, 5, 0, 0, time.UTC)),
	}}, people)
}
