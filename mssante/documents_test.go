package mssante_test

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/xdm"
)

func archiveOf(t *testing.T, l *mssante.Letter) *xdm.Archive {
	t.Helper()
	b := bytesOf(t, l.Archive())
	a, err := xdm.Open(bytes.NewReader(b), int64(len(b)), xdm.ReadOptions{})
	require.NoError(t, err)
	return a
}

// withoutINS is the patient as a software knows them before INSi was asked.
func withoutINS() segur.Patient {
	p := patient()
	p.Status, p.INS = segur.Validated, segur.INS{}
	return p
}

// A document without an INS goes to professionals, and says so everywhere.
func TestDocumentsWithoutINS(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	m.Patient = withoutINS()
	m.Documents = []mssante.Document{report(m.Patient)}
	l := compose(t, newClient(t, offline()), m)
	assert.Contains(t, head(t, l), "\r\nX-MSS-INS: N\r\n")
	assert.Contains(t, head(t, l), "\r\nX-MSS-CODECDA: 18748-4\r\n")
	assert.False(t, bytes.Contains(bytesOf(t, l), []byte(matriculeBody)))
	assert.Equal(t, []string{"set.patientID", "documents[0].entry.patientID"}, warnings(l))
	a := archiveOf(t, l)
	e := a.Sets[0].Documents[0].Entry
	assert.Equal(t, "IPP-0001", e.PatientID.ID)
	assert.Equal(t, segur.OID("1.2.250.1.999.1"), e.PatientID.Authority)
	assert.Equal(t, "PI", e.PatientID.Type)
	assert.True(t, e.SourcePatientID.Same(e.PatientID))
	assert.Equal(t, "FICTIVE-DURAND", e.SourcePatient().BirthName, "the traits are there for the person who compares")
	assert.Empty(t, a.Warnings)

	cfg := offline()
	cfg.RefuseWithoutINS = true
	_, err := newClient(t, cfg).Compose(m)
	assert.Equal(t, []string{"documents[0].patient"}, fields(t, err))

	// The patient of a qualified identity gets no document that does not name it.
	m = toPatient()
	m.Documents = []mssante.Document{report(withoutINS())}
	_, err = newClient(t, offline()).Compose(m)
	assert.Equal(t, []string{"documents[0].patient"}, fields(t, err))
	// And one archive has one identifier of its patient.
	m = toPrescriber()
	m.Documents = append(m.Documents, report(withoutINS()))
	_, err = newClient(t, offline()).Compose(m)
	assert.Equal(t, []string{"documents[1].patient"}, fields(t, err))
}

// The headers come from the documents, not from what a caller says of them.
func TestHeaderThatIsNotThatOfTheDocument(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	for field, change := range map[string]func(*segur.DocumentHeader){
		"documents[0].cda.id":                  func(h *segur.DocumentHeader) { h.ID.Root += ".1" },
		"documents[0].cda.code":                func(h *segur.DocumentHeader) { h.Type.Code = "11502-2" },
		"documents[0].cda.confidentialityCode": func(h *segur.DocumentHeader) { h.Confidentiality.Code = "R" },
		"documents[0].cda.relatedDocument":     func(h *segur.DocumentHeader) { h.Replaces.Root = "1.2.3" },
		"documents[0].cda.recordTarget.id":     func(h *segur.DocumentHeader) { h.PatientIDs = h.PatientIDs[:1] },
	} {
		m := toPrescriber()
		h := m.Documents[0].CDA.Header()
		change(&h)
		m.Documents[0].CDA = segur.NewDocument(m.Documents[0].CDA, h)
		cfg := offline()
		cfg.AllowUnknownCodes = true
		_, err := newClient(t, cfg).Compose(m)
		assert.Equal(t, []string{field}, fields(t, err), field)
	}

	// The document of somebody else behind the header of the patient.
	m := toPrescriber()
	twin := patient()
	twin.Traits.FirstGivenName, twin.Traits.GivenNames, twin.Traits.Sex = "HORACE", "HORACE", segur.Male
	twin.Traits.BirthDate.Day = 15
	m.Documents[0].CDA = segur.NewDocument(report(twin).CDA, m.Documents[0].CDA.Header())
	_, err := c.Compose(m)
	assert.Subset(t, fields(t, err), []string{"documents[0].cda.recordTarget.firstGivenName", "documents[0].cda.recordTarget.birthDate",
		"documents[0].cda.recordTarget.sex"})
	assert.NotContains(t, err.Error(), "HORACE")

	// What is no CDA at all.
	m = toPrescriber()
	m.Documents[0].CDA = segur.NewDocument(segur.BytesContent([]byte("<html/>")), m.Documents[0].CDA.Header())
	_, err = c.Compose(m)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, xdm.CodeNotCDA, e.Code)
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	m.Action, m.Text, m.InReplyTo = xdm.Delete, "Erreur de patient.", "a@b.mssante.fr"
	l := compose(t, newClient(t, offline()), m)
	a := archiveOf(t, l)
	assert.Equal(t, xdm.Delete, a.Sets[0].Documents[0].Action)
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(strings.Split(string(bytesOf(t, l)), "\r\n--=_")[1])))
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(text), "merci de les supprimer du dossier du patient.\r\n\r\nErreur de patient."))
	assert.Equal(t, "XDM/1.0/DDM+CR d'imagerie medicale FICTIVE-DURAND CAMILLE 14/03/1985", l.Subject())
	assert.NotContains(t, warnings(l), "inReplyTo")

	m.Action = "X"
	_, err = newClient(t, offline()).Compose(m)
	assert.Equal(t, []string{"action"}, fields(t, err))
	m.Action, m.Documents, m.Subject = xdm.Delete, nil, "Bonjour"
	_, err = newClient(t, offline()).Compose(m)
	assert.Equal(t, []string{"action"}, fields(t, err))
}

func TestReplacementNamesTheFormerMail(t *testing.T) {
	t.Parallel()
	m := toPrescriber()
	first := m.Documents[0].CDA.Header()
	m.Documents = []mssante.Document{report(m.Patient, func(r *cda.Report) {
		r.Replaces, r.Version, r.SetID = first.ID, 2, first.SetID
	})}
	m.Action = xdm.Change
	l := compose(t, newClient(t, offline()), m)
	assert.Contains(t, warnings(l), "inReplyTo")
	assert.Equal(t, first.ID.Root, archiveOf(t, l).Sets[0].Documents[0].Header.Replaces.Root)
	m.InReplyTo = "first@imagerie-fictive.mssante.fr"
	l = compose(t, newClient(t, offline()), m)
	assert.NotContains(t, warnings(l), "inReplyTo")
	assert.Contains(t, head(t, l), "\r\nIn-Reply-To: <first@imagerie-fictive.mssante.fr>\r\n")
}

// The mail that closes a conversation is the official sample, but for its names.
func TestEndOfAConversation(t *testing.T) {
	t.Parallel()
	sample := string(testkit.ReadShared(t, "mssante/mail/close-conversation-patient.eml"))
	c := newClient(t, offline())
	m := toPatient()
	m.Documents, m.Text, m.NoReply, m.EndConversation = nil, "", false, true
	m.InReplyTo, m.References = "b@c.mssante.fr", []string{"a@b.mssante.fr", "b@c.mssante.fr"}
	l := compose(t, c, m)
	for _, line := range []string{"X-MSS-MES: FIN", "Subject: [FIN]"} {
		assert.Contains(t, sample, "\n"+line)
		assert.Contains(t, head(t, l), "\r\n"+line+"\r\n")
	}
	assert.True(t, bytes.Contains(bytesOf(t, l), []byte("Fin de l'=C3=A9change.")))
	assert.Nil(t, l.Archive())
	assert.Equal(t, mssante.EndSubject, l.Subject())
	_, archive := mssante.ShownSubject(l.Subject())
	assert.False(t, archive)

	for _, k := range []struct {
		change func(*mssante.Message)
		field  string
	}{
		{func(m *mssante.Message) { m.To = toPrescriber().To }, "endConversation"},
		{func(m *mssante.Message) { m.To = append(m.To, toPrescriber().To...) }, "endConversation"},
		{func(m *mssante.Message) { m.Documents = toPatient().Documents }, "endConversation"},
		{func(m *mssante.Message) { m.Subject = "Fin" }, "subject"},
		{func(m *mssante.Message) { m.EndConversation, m.Subject = false, " [fin] " }, "subject"},
		{func(m *mssante.Message) { m.Consent.Patient = mssante.Opposed }, "consent.patient"},
	} {
		bad := m
		k.change(&bad)
		_, err := c.Compose(bad)
		assert.Equal(t, []string{k.field}, fields(t, err))
	}
}

func TestPDFThatDoesNotClaimPDFA(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	assert.Empty(t, warnings(compose(t, c, toPrescriber())), "ours do")
	m := toPrescriber()
	m.Documents[0].CDA = segur.NewDocument(m.Documents[0].CDA, m.Documents[0].CDA.Header()) // does not tell its PDF
	for body, want := range map[string][]string{
		"%PDF-1.4\n": {"documents[0].pdf"},
		"%PDF-1.4\n" + strings.Repeat("x", 40_000) + "<pdfaid:part>1</pdfaid:part>":    nil,
		"%PDF-1.4\n" + strings.Repeat("x", 32*1024-5-9-10) + "<pdfaid:part>1</pdfaid>": nil, // over the seam of two reads
		"%PDF-1.4\n <rdf:Description pdfaid:part='1'/>":                                nil,
		"%PDF-1.4\n <pdfaid:part>3</pdfaid:part>":                                      {"documents[0].pdf"},
	} {
		m.Documents[0].PDF = segur.BytesContent([]byte(body))
		assert.Equal(t, want, warnings(compose(t, c, m)))
	}
}
