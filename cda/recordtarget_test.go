package cda_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
)

const opening = `<recordTarget xmlns="urn:hl7-org:v3">`

func TestRecordTargetIsThatOfTheDocument(t *testing.T) {
	t.Parallel()
	r := complete(t)
	r.PDF = stub()
	document := build(t, newWriter(t, allowAnyPDF), r)
	alone, err := cda.WriteRecordTarget(cda.Config{Environment: segur.Fake}, r.Patient, r.BirthPlaceName)
	require.NoError(t, err)
	inside, ok := strings.CutPrefix(string(alone), opening)
	require.True(t, ok)
	assert.True(t, bytes.Contains(document, []byte("<recordTarget>"+inside)))
	assert.Equal(t, string(testkit.XMLLintC14NBytes(t, alone, testkit.C14NExclusive)), string(alone))

	back, err := cda.ReadRecordTarget(alone)
	require.NoError(t, err)
	assert.Empty(t, back.Warnings)
	assert.Equal(t, r.Patient.Traits, back.Traits)
	assert.Equal(t, r.BirthPlaceName, back.BirthPlaceName)
	assert.Equal(t, r.Patient.Telecoms, back.Telecoms)
	assert.Equal(t, append([]segur.Identifier{{Root: segur.OIDINSNIRTest, Extension: r.Patient.INS.Matricule()}}, r.Patient.LocalIDs...), back.IDs)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, *back), "FICTIVE")
	}
	assert.Equal(t, "RecordTarget(redacted)", back.LogValue().String())
}

func TestRecordTargetGate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg    cda.Config
		change func(*segur.Patient)
		field  string
	}{
		"no environment":      {cda.Config{}, func(*segur.Patient) {}, "environment"},
		"test INS":            {cda.Config{Environment: segur.Production}, func(*segur.Patient) {}, "patient.ins.authority"},
		"blocked":             {cda.Config{Environment: segur.Fake}, func(p *segur.Patient) { p.Attributes = segur.Doubtful }, "patient.attributes"},
		"nothing to identify": {cda.Config{Environment: segur.Fake}, func(p *segur.Patient) { p.Status, p.LocalIDs = segur.Validated, nil }, "patient.localIDs"},
		"citizen's mailbox, subject": {cda.Config{Environment: segur.Fake}, func(p *segur.Patient) {
			p.Status, p.INS = segur.Provisional, segur.INS{}
			p.Telecoms = []segur.Telecom{{Value: "mailto:285036912345657%40patient.mssante.fr?subject=CR"}}
		}, "patient.telecoms[0].value"},
		"citizen's mailbox": {cda.Config{Environment: segur.Fake}, func(p *segur.Patient) {
			p.Status, p.INS = segur.Provisional, segur.INS{}
			p.Telecoms = []segur.Telecom{{Value: "mailto:285036912345657@Patient.mssante.fr"}}
		}, "patient.telecoms[0].value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := minimal(t).Patient
			c.change(&p)
			_, err := cda.WriteRecordTarget(c.cfg, p, "")
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			require.Len(t, e.Details, 1)
			assert.Equal(t, c.field, e.Details[0].Field)
			assert.NotContains(t, err.Error(), minimal(t).Patient.INS.Body())
		})
	}
	p := minimal(t).Patient
	p.Status = segur.Retrieved
	checked, err := cda.CheckPatient(cda.Config{Environment: segur.Fake}, p)
	require.NoError(t, err)
	assert.True(t, checked.INS.IsZero(), "not qualified: without its INS")
	b, err := cda.WriteRecordTarget(cda.Config{Environment: segur.Fake}, p, "")
	require.NoError(t, err)
	assert.NotContains(t, string(b), minimal(t).Patient.INS.Body())
	_, err = cda.WriteRecordTarget(cda.Config{Environment: segur.Fake}, p, "A\x01")
	require.ErrorIs(t, err, segur.ErrInvalidInput, "no place in XML")
	_, err = cda.WriteRecordTarget(cda.Config{Environment: segur.Fake}, p, strings.Repeat("A", 2<<20))
	require.ErrorIs(t, err, segur.ErrTooLarge)
}

func TestReadRecordTargetRefuses(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]error{
		"":                                   segur.ErrTruncated,
		"<recordTarget/>":                    segur.ErrProtocol,
		`<x xmlns="urn:hl7-org:v3"/>`:        segur.ErrProtocol,
		opening:                              segur.ErrTruncated,
		"<!DOCTYPE a>" + opening + "</a>":    segur.ErrProtocol,
		opening + "</recordTarget><b/>":      segur.ErrProtocol,
		"<?xml version='1.0' encoding='x'?>": segur.ErrProtocol,
		opening + strings.Repeat(" ", 2<<20): segur.ErrTooLarge,
	} {
		_, err := cda.ReadRecordTarget([]byte(doc))
		assert.ErrorIs(t, err, want, doc[:min(len(doc), 60)])
	}
	b, err := cda.WriteRecordTarget(cda.Config{Environment: segur.Fake}, minimal(t).Patient, "")
	require.NoError(t, err)
	for n := range b {
		_, err := cda.ReadRecordTarget(b[:n])
		require.Error(t, err, "cut at %d", n)
	}
}

func TestReadRecordTargetOfTheANS(t *testing.T) {
	t.Parallel()
	sample := string(testkit.ReadShared(t, "insi/interop/cda_recordTarget_ins_example.xml"))
	r, err := cda.ReadRecordTarget([]byte(strings.Replace(sample, "<recordTarget>", opening, 1)))
	require.NoError(t, err)
	assert.Empty(t, r.Warnings)
	assert.Equal(t, &cda.RecordTarget{
		IDs: []segur.Identifier{{Root: segur.OIDINSNIRTest, Extension: "279035121518989"}, {Root: "1.2.3.4.567.8.9.10", Extension: "1234567890121"}},
		Traits: segur.Traits{BirthName: "PAT-TROIS", UsedName: "PAT-TROIS", FirstGivenName: "DOMINIQUE", GivenNames: "DOMINIQUE MARIE-LOUISE",
			UsedGivenName: "DOMINIQUE", Sex: segur.Female, BirthDate: segur.NewDate(1979, 3, 28), BirthPlace: "51215"},
		BirthPlaceName: "DOMPREMY",
		Address:        segur.Address{Lines: []string{"28 Avenue de Breteuil"}, PostalCode: "75007", City: "PARIS", Country: "FRANCE"},
		Telecoms: []segur.Telecom{{Value: "tel:0144534551", Use: "H"}, {Value: "tel:0647151010", Use: "MC"},
			{Value: "mailto:279035121518989@patient.mssante.fr"}},
	}, r)
}

// Two persons never become one: what the schema has once is read once.
func TestReadRecordTargetDoesNotMixPersons(t *testing.T) {
	t.Parallel()
	const one = `<id root="1.2.250.1.999.1" extension="1"/><patient><name><family qualifier="BR">A</family><given qualifier="BR">B</given></name>` +
		`<administrativeGenderCode code="F"/><birthTime value="19850314"/><birthplace><place><addr><county>69123</county><city>LYON</city></addr></place></birthplace></patient>`
	const more = `<administrativeGenderCode code="M"/><birthTime value="19900101"/><birthplace><place><addr><county>75056</county><city>PARIS</city></addr></place></birthplace>`
	want := segur.Traits{BirthName: "A", FirstGivenName: "B", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}
	for name, body := range map[string]string{
		"two roles":       `<patientRole>` + one + `</patientRole><patientRole><id root="1.2.250.1.999.1" extension="2"/><patient>` + more + `</patient></patientRole>`,
		"two patients":    `<patientRole>` + one + `<patient>` + more + `</patient></patientRole>`,
		"elements, twice": `<patientRole>` + strings.Replace(one, `</patient>`, more+`</patient>`, 1) + `</patientRole>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := cda.ReadRecordTarget([]byte(opening + body + `</recordTarget>`))
			require.NoError(t, err)
			assert.Equal(t, want, r.Traits)
			assert.Equal(t, "LYON", r.BirthPlaceName)
			assert.Equal(t, []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "1"}}, r.IDs)
			assert.NotEmpty(t, r.Warnings)
		})
	}
}
