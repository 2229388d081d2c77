package cda_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// edited is the report of a chest, changed as other software could write it.
func edited(t *testing.T, old, replacement string) *cda.Parsed {
	t.Helper()
	r, s := chest(t)
	doc := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	require.Contains(t, doc, old)
	p, err := cda.Parse([]byte(strings.Replace(doc, old, replacement, 1)))
	require.NoError(t, err)
	return p
}

func warned(p *cda.Parsed, message string) bool {
	for _, w := range p.Warnings {
		if strings.Contains(w.Message, message) {
			return true
		}
	}
	return false
}

// What an entry denies, or only intends, is not a fact.
func TestDeniedIsNotRead(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	doc := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	at := strings.LastIndex(doc[:strings.Index(doc, `code="64100-1"`)], "<observation ")
	p, err := cda.Parse([]byte(doc[:at] + `<observation negationInd="true" ` + doc[at+len("<observation "):]))
	require.NoError(t, err)
	assert.Len(t, p.Report.History.ContraIndications, len(s.History.ContraIndications)-1)
	assert.True(t, warned(p, "negated"), "%v", p.Warnings)

	p = edited(t, `<substanceAdministration `, `<substanceAdministration negationInd="true" `)
	assert.Len(t, p.Report.Acts[0].Products, len(s.Acts[0].Products)-1)
	assert.True(t, warned(p, "negated"))

	p = edited(t, `<substanceAdministration classCode="SBADM" moodCode="EVN"`, `<substanceAdministration classCode="SBADM" moodCode="INT"`)
	assert.Len(t, p.Report.Acts[0].Products, len(s.Acts[0].Products)-1)
	assert.True(t, warned(p, "not done"))
}

// A history may be coded, without words.
func TestCodedHistoryIsRead(t *testing.T) {
	t.Parallel()
	const words = `<value xsi:type="CD"><originalText><reference value="#history-medical1"></reference></originalText></value>`
	r, s := chest(t)
	doc := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	require.Contains(t, doc, words)
	doc = strings.Replace(doc, words, `<value xsi:type="CD" code="I10" codeSystem="2.16.840.1.113883.6.3" displayName="Hypertension essentielle"/>`, 1)
	doc = strings.Replace(doc, `<text><reference value="#history-medical1"></reference></text>`, "", 1)
	p, err := cda.Parse([]byte(doc))
	require.NoError(t, err)
	assert.Contains(t, p.Report.History.Medical, "Hypertension essentielle")
}

func TestRangeOfDoseIsSaid(t *testing.T) {
	t.Parallel()
	p := edited(t, `<low unit="mL" value="80"></low>`, `<low unit="mL" value="80"></low><high unit="mL" value="100"></high>`)
	assert.Equal(t, cda.Quantity{Value: "80", Unit: "mL"}, p.Report.Acts[0].Products[0].Dose)
	assert.True(t, warned(p, "range"), "%v", p.Warnings)
}

// Other systems write each given name in an element of its own.
func TestGivenNamesOneByOne(t *testing.T) {
	t.Parallel()
	p := edited(t, `<given qualifier="BR">CAMILLE</given><given>CAMILLE LUCE</given>`, `<given>CAMILLE</given><given>LUCE</given>`)
	assert.Equal(t, "CAMILLE LUCE", p.Header.Patient.GivenNames)
	assert.Equal(t, "CAMILLE", p.Header.Patient.FirstGivenName)
}

// A number of somebody's own must not pass for one of the national register.
func TestNationalIdentifierOfPeople(t *testing.T) {
	t.Parallel()
	const own = `<id extension="0123456789" root="2.999.8"/>`
	r, s := chest(t)
	doc := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	id := `<id extension="` + r.Authors[0].ID + `" root="` + string(segur.OIDProfessional) + `"></id>`
	require.Contains(t, doc, id)
	p, err := cda.Parse([]byte(strings.ReplaceAll(doc, id, own+id)))
	require.NoError(t, err)
	assert.Equal(t, r.Authors[0].ID, p.Header.Authors[0].Professional.ID, "the national one of two")
	assert.Equal(t, r.Authors[0].ID, p.AsReport().Authors[0].ID)
	assert.Equal(t, r.Authors[0].ID, p.AsReport().LegalAuthenticator.ID)

	p, err = cda.Parse([]byte(strings.ReplaceAll(doc, id, own)))
	require.NoError(t, err)
	assert.Equal(t, segur.OID("2.999.8"), p.Header.Authors[0].Authority)
	assert.Empty(t, p.AsReport().Authors[0].ID)
	assert.Empty(t, p.AsReport().LegalAuthenticator.ID)
	assert.Empty(t, p.AsReport().Acts[0].Performer.ID)

	prescriber := `<id extension="` + r.Prescriber.ID + `" root="` + string(segur.OIDProfessional) + `"></id>`
	p, err = cda.Parse([]byte(strings.ReplaceAll(doc, prescriber, own)))
	require.NoError(t, err)
	assert.Empty(t, p.Prescriber.ID)
	assert.Equal(t, r.Prescriber.FamilyName, p.Prescriber.FamilyName)
	assert.True(t, warned(p, "register of professionals"))
}

// An act that is no longer asked for must not be done.
func TestCancelledActIsNotRead(t *testing.T) {
	t.Parallel()
	q := completeRequest(t)
	doc := string(buildRequest(t, newWriter(t), q))
	require.Contains(t, doc, `<statusCode code="active">`)
	p, err := cda.Parse([]byte(strings.Replace(doc, `<statusCode code="active">`, `<statusCode code="cancelled">`, 1)))
	require.NoError(t, err)
	assert.Len(t, p.Request.Acts, len(q.Acts)-1)
	assert.True(t, warned(p, "cancelled"), "%v", p.Warnings)
}
