package cda_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Every report with a qualified identity gives the metadata that the national
// record wants, and another one does not.
func TestMetadataFollows(t *testing.T) {
	t.Parallel()
	for name, r := range samples(t) {
		doc, err := newWriter(t).Level1(r)
		require.NoError(t, err, name)
		entry := xds.DeriveEntry(doc.Header(), xds.EntryOptions{})
		require.NoError(t, entry.Digest(doc), name)
		_, err = entry.Validate(xds.Rules{})
		if name == "local-identity" {
			assert.Equal(t, []string{"patientID"}, fields(err))
			continue
		}
		assert.NoError(t, err, name)
	}
}

// The output is canonical XML after its declaration, whatever the values.
func TestOutputIsCanonical(t *testing.T) {
	t.Parallel()
	for name, r := range samples(t) {
		b := build(t, newWriter(t), r)
		body, ok := bytes.CutPrefix(b, []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
		require.True(t, ok, name)
		canonical, err := xmlr.Canonicalize(nil, b, xmlr.Canonical{Mode: xmlr.Inclusive})
		require.NoError(t, err, name)
		assert.Empty(t, testkit.Diff(canonical, body), name)
	}
}

func build(tb testing.TB, w *cda.Writer, r cda.Report) []byte {
	tb.Helper()
	doc, err := w.Level1(r)
	require.NoError(tb, err)
	b, err := doc.Bytes()
	require.NoError(tb, err)
	return b
}

func TestGoldenDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"minimal", "complete", "acts", "local-identity", "replacement"} {
		r := samples(t)[name]
		r.PDF = stub()
		testkit.Golden(t, name+".xml", build(t, newWriter(t, allowAnyPDF), r))
	}
}

func TestSameInputGivesSameBytes(t *testing.T) {
	t.Parallel()
	r := complete(t)
	first := build(t, newWriter(t), r)
	assert.Equal(t, first, build(t, newWriter(t), r))
	assert.Equal(t, complete(t), r, "the report of the caller is left alone")
}

// What a reader finds is what the system said.
func TestHeaderSaysWhatTheReportSays(t *testing.T) {
	t.Parallel()
	r := complete(t)
	doc, err := newWriter(t).Level1(r)
	require.NoError(t, err)
	h := doc.Header()
	assert.Equal(t, doc.ID(), h.ID.Root)
	assert.True(t, h.ID.Root.Within("1.2.250.1.999.5"))
	assert.True(t, h.SetID.Root.Within("1.2.250.1.999.5"))
	assert.NotEqual(t, h.ID, h.SetID)
	assert.Equal(t, 1, h.Version)
	assert.True(t, h.Replaces.IsZero())
	assert.Equal(t, []segur.OID{"2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20"}, h.TemplateIDs)
	assert.Equal(t, r.Title, h.Title)
	assert.Equal(t, segur.Code{Code: "18748-4", System: "2.16.840.1.113883.6.1", SystemName: "LOINC", Display: "CR d'imagerie médicale"}, h.Type)
	require.Len(t, h.TypeTranslations, 1)
	assert.Equal(t, "26257-6", h.TypeTranslations[0].Code)
	assert.Equal(t, instant(11, 5, 0).Unix(), h.Created.Time.Unix())
	_, offset := h.Created.Time.Zone()
	assert.Equal(t, 3600, offset)
	assert.Equal(t, "fr-FR", h.Language)
	assert.Equal(t, "N", h.Confidentiality.Code)
	assert.Equal(t, []segur.Identifier{
		{Root: segur.OIDINSNIRTest, Extension: r.Patient.INS.Matricule()}, {Root: "1.2.250.1.999.1", Extension: "IPP-0001"},
	}, h.PatientIDs)
	assert.Equal(t, r.Patient.Traits, h.Patient)

	require.Len(t, h.Authors, 2)
	main := h.Authors[0]
	assert.Equal(t, "899900000015", main.Professional.ID)
	assert.Equal(t, segur.OIDProfessional, main.Authority)
	assert.Equal(t, "RADIOLOGUE Claude MME", main.Professional.FamilyName+" "+main.Professional.GivenName+" "+main.Professional.Title)
	assert.Equal(t, segur.Code{Code: "G15_10/SM44", System: "1.2.250.1.213.1.1.4.5", Display: "Médecin - Radio-diagnostic (SM)"}, main.Professional.Specialty)
	assert.Equal(t, "ATTPHYS", main.Function.Code)
	assert.Equal(t, instant(10, 59, 30).Unix(), main.Time.Time.Unix())
	assert.Equal(t, "1990000019", main.Professional.Organization.ID)
	assert.Equal(t, []string{"Bâtiment B", "12 rue des Essais", "BP 33", "69003 LYON"}, main.Professional.Organization.Address.Lines)
	assert.Equal(t, "399900000000017", h.Authors[1].Professional.Organization.ID)
	assert.Equal(t, "SOCIÉTÉ DE TÉLÉRADIOLOGIE FICTIVE", h.Authors[1].Professional.Organization.Name)
	assert.Equal(t, instant(11, 2, 0).Unix(), h.LegalAuthenticator.Time.Time.Unix())
	assert.Equal(t, "1990000019", h.LegalAuthenticator.Professional.Organization.ID)

	require.Len(t, h.Services, 1)
	s := h.Services[0]
	assert.EqualValues(t, "1.2.250.1.999.4.1001", s.StudyUID)
	assert.Equal(t, "26257-6", s.Code.Code)
	require.Len(t, s.Translations, 3)
	assert.Equal(t, segur.Code{Code: "NZQN001", System: "1.2.250.1.215.300.1", SystemName: "CCAM", Display: r.Acts[0].CCAM.Display}, s.Translations[0].Code)
	assert.True(t, s.Translations[0].Qualifier.IsZero())
	assert.Equal(t, "MR", s.Translations[1].Code.Code)
	assert.Equal(t, "121139", s.Translations[1].Qualifier.Code)
	assert.Equal(t, "61685007", s.Translations[2].Code.Code)
	assert.Equal(t, segur.OID("2.16.840.1.113883.6.96"), s.Translations[2].System)
	assert.Equal(t, "39111-0", s.Translations[2].Qualifier.Code)
	assert.Equal(t, instant(9, 30, 0).Unix(), s.Start.Time.Unix())
	assert.Equal(t, instant(9, 55, 0).Unix(), s.Stop.Time.Unix())
	assert.Equal(t, "AMBULATOIRE", s.PracticeSetting.Code)
	assert.Equal(t, "899900000015", s.Performer.Professional.ID, "the first author by default")
	assert.Equal(t, []segur.DocumentOrder{{
		Placer:    segur.Identifier{Root: "1.2.250.1.999.2", Extension: "D-2026-0007"},
		Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"},
	}}, h.Orders)
	assert.Equal(t, segur.Code{Code: "SA08", System: "1.2.250.1.71.4.2.4", Display: "Cabinet de groupe"}, h.FacilityType)
	assert.Equal(t, "application/pdf", h.BodyMediaType)

	h.Authors[0].Time, h.Services[0].Translations[0].Code.Code = segur.Timestamp{}, "changed"
	assert.Equal(t, "NZQN001", doc.Header().Services[0].Translations[0].Code.Code, "the header is the caller's copy")
}

// Who countersigned and who typed stand where the schema has them.
func TestOtherRoles(t *testing.T) {
	t.Parallel()
	b := string(build(t, newWriter(t), samples(t)["roles"]))
	last := -1
	for _, element := range []string{"<author>", "<dataEnterer><time value=\"20260120105000+0100\">", "<informant>", "<legalAuthenticator>",
		"<authenticator><time value=\"20260120110300+0100\"></time><signatureCode code=\"S\">", "<authenticator><time value=\"20260120110500+0100\">", "<participant "} {
		at := strings.Index(b, element)
		assert.Greater(t, at, last, element)
		last = at
	}
	assert.Contains(t, b, `<id extension="3990000019/SEC1" root="1.2.250.1.71.4.2.1">`)
}

// A matricule leaves with a qualified identity only.
func TestMatriculeStaysHomeUnlessQualified(t *testing.T) {
	t.Parallel()
	for _, status := range []segur.IdentityStatus{segur.Provisional, segur.Retrieved, segur.Validated} {
		r := minimal(t)
		r.Patient.Status = status
		b := build(t, newWriter(t), r)
		assert.NotContains(t, string(b), r.Patient.INS.Body(), status)
		assert.NotContains(t, string(b), "1.2.250.1.213.1.4.", status)
		p, err := cda.Parse(b)
		require.NoError(t, err)
		assert.Equal(t, []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}}, p.Header.PatientIDs)
	}
}

func TestMatriculeHasNoOtherWayOut(t *testing.T) {
	t.Parallel()
	r := complete(t)
	address := segur.Telecom{Value: "mailto:" + r.Patient.INS.Matricule() + "@patient.mssante.fr"}
	r.Patient.Telecoms = append(r.Patient.Telecoms, address)
	assert.Contains(t, string(build(t, newWriter(t), r)), address.Value)
	r.Patient.Status = segur.Retrieved
	r.Patient.LocalIDs = append(r.Patient.LocalIDs, segur.Identifier{Root: "1.2.250.1.999.1", Extension: r.Patient.INS.Body()})
	_, err := newWriter(t).Level1(r)
	assert.Equal(t, []string{"patient.localIDs[1].extension", "patient.telecoms[1].value"}, fields(err))
	assert.NotContains(t, err.Error(), r.Patient.INS.Body())
}

func TestEndlessTextIsRefused(t *testing.T) {
	t.Parallel()
	r := minimal(t)
	r.Acts[0].Code.Display = strings.Repeat("a", 1<<20)
	_, err := newWriter(t).Level1(r)
	require.ErrorIs(t, err, segur.ErrTooLarge)
}

func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	w, r := newWriter(t), complete(t)
	var mu sync.Mutex
	seen := map[segur.OID]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			doc, err := w.Level1(r)
			if !assert.NoError(t, err) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen[doc.ID()] = true
		})
	}
	wg.Wait()
	assert.Len(t, seen, 8)
}

func TestReplacing(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	first, err := w.Level1(minimal(t))
	require.NoError(t, err)
	r := minimal(t).Replacing(first.Header())
	r.Title = "Version corrigée"
	second, err := w.Level1(r)
	require.NoError(t, err)
	h := second.Header()
	assert.Equal(t, 2, h.Version)
	assert.Equal(t, first.Header().ID, h.Replaces)
	assert.Equal(t, first.Header().SetID, h.SetID)
	assert.NotEqual(t, first.ID(), second.ID())
	third := r.Replacing(h)
	assert.Equal(t, 3, third.Version)
	assert.Equal(t, second.ID(), third.Replaces.Root)
	old := r.Replacing(segur.DocumentHeader{ID: segur.Identifier{Root: "1.2.3", Extension: "4"}})
	assert.Equal(t, 2, old.Version, "a document that says no version was the first")
	assert.Equal(t, old.Replaces, old.SetID, "nor which set it belongs to: they make one now")
	last, err := w.Level1(old)
	require.NoError(t, err)
	assert.Equal(t, segur.Identifier{Root: "1.2.3", Extension: "4"}, last.Header().SetID)
}

func TestForbiddenCharacterIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a\x00b", "a\x1bb", "caf\xe9", "\uFFFE"} {
		r := minimal(t)
		r.Title = s
		_, err := newWriter(t).Level1(r)
		require.ErrorIs(t, err, segur.ErrInvalidInput, "%q", s)
		assert.NotContains(t, err.Error(), s)
	}
}

func TestIDSourceFails(t *testing.T) {
	t.Parallel()
	w := newWriter(t, func(c *cda.Config) { c.IDs = segur.NewIDSource(iotest.ErrReader(io.ErrNoProgress)) })
	_, err := w.Level1(minimal(t))
	require.ErrorIs(t, err, io.ErrNoProgress)
	r := minimal(t) // a report that names its identifiers needs no source
	r.ID, r.SetID.Root = "1.2.250.1.999.5.7", "1.2.250.1.999.5.8"
	doc, err := w.Level1(r)
	require.NoError(t, err)
	assert.EqualValues(t, "1.2.250.1.999.5.7", doc.ID())
}

func TestReportPrintsRedacted(t *testing.T) {
	t.Parallel()
	r := complete(t)
	for _, s := range []string{fmt.Sprint(r), fmt.Sprintf("%+v %#v", r, &r)} {
		for _, secret := range []string{"FICTIVE", "LYON", "CONFIANCE", r.Patient.INS.Body(), "IPP-0001"} {
			assert.NotContains(t, s, secret)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := cda.New(cda.Config{OIDRoot: segur.OID("1.2." + strings.Repeat("3", 50)), MaxPDFBytes: -1})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Equal(t, []string{"environment", "maxPDFBytes", "oidRoot"}, fields(err))
	_, err = cda.New(cda.Config{Environment: segur.Production})
	assert.Equal(t, []string{"oidRoot"}, fields(err), "no silent 2.25 in production")
	_, err = cda.New(cda.Config{Environment: segur.Qualification, OIDRoot: "1..2"})
	assert.Equal(t, []string{"oidRoot"}, fields(err))

	w, err := cda.New(cda.Config{Environment: segur.Fake})
	require.NoError(t, err)
	before := time.Now().Add(-time.Second)
	doc, err := w.Level1(minimal(t))
	require.NoError(t, err)
	assert.True(t, doc.ID().Within(segur.OIDRootUUID))
	assert.WithinRange(t, doc.Header().Created.Time, before, time.Now())
	other, err := w.Level1(minimal(t))
	require.NoError(t, err)
	assert.NotEqual(t, doc.ID(), other.ID())
}

// fields lists the paths of an input error.
func fields(err error) []string {
	var e *segur.Error
	if !errors.As(err, &e) {
		return nil
	}
	var out []string
	for _, d := range e.Details {
		out = append(out, d.Field)
	}
	slices.Sort(out)
	return out
}
