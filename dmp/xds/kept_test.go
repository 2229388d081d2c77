package xds_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
)

// odd is an entry that says everything otherwise than we would.
const odd = `<rim:ExtrinsicObject id="urn:uuid:1" home="urn:oid:1.2" isOpaque="false" mimeType="text/xml" objectType="urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248">
<rim:Slot name="creationTime"><rim:ValueList><rim:Value>20260105111500+0100</rim:Value></rim:ValueList></rim:Slot>
<rim:Slot name="size"><rim:ValueList><rim:Value>many</rim:Value></rim:ValueList></rim:Slot>
<rim:Slot name="hash"><rim:ValueList/></rim:Slot>
<rim:Slot name="languageCode"><rim:ValueList><rim:Value>fr</rim:Value><rim:Value>en</rim:Value></rim:ValueList></rim:Slot>
<rim:Slot name="legalAuthenticator"><rim:ValueList><rim:Value>80^NOM^Prénom^Autre^^Dr^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS</rim:Value></rim:ValueList></rim:Slot>
<rim:Slot name="sourcePatientInfo"><rim:ValueList><rim:Value>PID-5|A^B</rim:Value><rim:Value/></rim:ValueList></rim:Slot>
<rim:Slot name="urn:vendor:flag"><rim:ValueList><rim:Value>1</rim:Value></rim:ValueList></rim:Slot>
<rim:Classification id="k1" classificationScheme="urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a" classifiedObject="urn:uuid:1" nodeRepresentation="31"><rim:Slot name="codingScheme"><rim:ValueList><rim:Value>1.2.3</rim:Value></rim:ValueList></rim:Slot><rim:Slot name="revision"><rim:ValueList><rim:Value>7</rim:Value></rim:ValueList></rim:Slot></rim:Classification>
<rim:Classification id="k2" classificationScheme="urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a" classifiedObject="urn:uuid:1" nodeRepresentation="10"/>
<rim:Classification id="k3" classificationScheme="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d" classifiedObject="urn:uuid:1" nodeRepresentation=""><rim:Slot name="authorTelecommunication"><rim:ValueList><rim:Value>^^Internet^a@b.fr</rim:Value></rim:ValueList></rim:Slot><rim:Slot name="authorInstitution"><rim:ValueList><rim:Value>X^^^^^&amp;9.9&amp;ISO^XX^^^42</rim:Value></rim:ValueList></rim:Slot></rim:Classification>
<rim:Classification id="k4" classificationScheme="urn:uuid:vendor" classifiedObject="urn:uuid:1" nodeRepresentation="V"><rim:Name><rim:LocalizedString value="Valeur"/></rim:Name></rim:Classification>
<rim:ExternalIdentifier id="e1" identificationScheme="urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427" registryObject="urn:uuid:1" value="279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH^^20200101"/>
<rim:ExternalIdentifier id="e2" identificationScheme="urn:uuid:vendor-id" registryObject="urn:uuid:1" value="V-1"/>
</rim:ExtrinsicObject>`

func answerOf(objects string) []byte {
	return []byte(`<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" status="` +
		string(xds.Success) + `"><rim:RegistryObjectList>` + objects + `</rim:RegistryObjectList></query:AdhocQueryResponse>`)
}

func TestOddEntryIsKept(t *testing.T) {
	t.Parallel()
	doc := answerOf(odd + `<rim:RegistryPackage id="urn:uuid:2" status="urn:s"><rim:Classification id="n" classificationNode="urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2" classifiedObject="urn:uuid:2"/></rim:RegistryPackage>` +
		`<rim:Association id="a" associationType="RPLC" sourceObject="urn:uuid:1" targetObject="urn:uuid:0" status="urn:s"><rim:Name><rim:LocalizedString value="n"/></rim:Name></rim:Association>`)
	r, err := xds.ParseQueryResponse(doc)
	require.NoError(t, err)
	out, err := r.AppendXML(nil)
	require.NoError(t, err)
	sameFacts(t, doc, out)
	require.Len(t, r.Entries, 1)
	e := r.Entries[0]
	assert.Equal(t, []xds.Slot{{Name: "size", Values: []string{"many"}}, {Name: "languageCode", Values: []string{"fr", "en"}}, {Name: "urn:vendor:flag", Values: []string{"1"}}}, e.Extra)
	assert.Equal(t, []xds.Classification{{Scheme: "urn:uuid:vendor", Code: "V", Name: "Valeur"}}, e.ExtraClassifications)
	assert.Equal(t, []xds.Identifier{{Scheme: "urn:uuid:vendor-id", Value: "V-1"}}, e.ExtraIdentifiers)
	assert.Equal(t, "31", e.ClassCode.Code)
	assert.Equal(t, xds.Replaces, r.Associations[0].Type)
	assert.Equal(t, "urn:uuid:0", e.Replaces)
	assert.NotContains(t, sprintf("%+v %#v", e), "NOM")

	// What is changed is what is written; the rest stays.
	e.ClassCode = segur.Code{Code: "44", System: "1.2.4", Display: "Autre"}
	e.LegalAuthenticator.Given = "Claude"
	e.ExtraIdentifiers = nil
	r.Entries[0] = e
	out, err = r.AppendXML(nil)
	require.NoError(t, err)
	text := string(out)
	for _, gone := range []string{`nodeRepresentation="31"`, `nodeRepresentation="10"`, "Autre^^Dr", "vendor-id"} {
		assert.NotContains(t, text, gone)
	}
	for _, kept := range []string{`nodeRepresentation="44"`, "80^NOM^Claude^^^^^^", "20260105111500+0100", "a@b.fr", "&amp;9.9&amp;ISO^XX^^^42", "^^20200101", "urn:vendor:flag", `home="urn:oid:1.2"`} {
		assert.Contains(t, text, kept)
	}
	again, err := xds.ParseQueryResponse(out)
	require.NoError(t, err)
	assert.Equal(t, "44", again.Entries[0].ClassCode.Code)
}

// Nothing is kept beside the fields of an entry in the usual form: it equals
// the one that was built.
func TestUsualFormKeepsNothing(t *testing.T) {
	t.Parallel()
	s := lot(t)
	s.Number()
	b, err := s.AppendXML(nil)
	require.NoError(t, err)
	read, _, err := xds.ParseSubmission(b)
	require.NoError(t, err)
	again, err := read.AppendXML(nil)
	require.NoError(t, err)
	read2, _, err := xds.ParseSubmission(again)
	require.NoError(t, err)
	assert.Empty(t, testkit.Diff(b, again))
	assert.Equal(t, read, read2)
}

// Whatever an object of a registry says, it says it again.
func TestAnyEntryIsKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]string{"", "20260105", "20260105111500+0100", "42", "-1", "a^b^c", "x^^^&amp;1.2.3&amp;ISO^PI", "PID-5|A^B^^^^^L", "1.2.3", "É &lt;", "'"})
		slot := func() string {
			name := rapid.SampledFrom([]string{"creationTime", "serviceStartTime", "serviceStopTime", "hash", "size", "URI", "languageCode", "legalAuthenticator",
				"repositoryUniqueId", "sourcePatientId", "sourcePatientInfo", "urn:ihe:iti:xds:2013:referenceIdList", "codingScheme", "authorPerson",
				"authorInstitution", "authorSpecialty", "authorRole", "submissionTime", "intendedRecipient", "urn:x"}).Draw(t, "slot")
			var b strings.Builder
			b.WriteString(`<rim:Slot name="` + name + `"><rim:ValueList>`)
			for range rapid.IntRange(0, 3).Draw(t, "values") {
				b.WriteString("<rim:Value>" + value.Draw(t, "value") + "</rim:Value>")
			}
			b.WriteString("</rim:ValueList></rim:Slot>")
			return b.String()
		}
		several := func(label string, most int, f func() string) string {
			var b strings.Builder
			for range rapid.IntRange(0, most).Draw(t, label) {
				b.WriteString(f())
			}
			return b.String()
		}
		schemes := []string{"41a5887f-8865-4c09-adf7-e362475b143a", "93606bcf-9494-43ec-9b4e-a7748d1a838d", "2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
			"f4f85eac-e6cb-4883-b524-f2705394840f", "a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d", "aa543740-bdda-424e-8c96-df4873be8500", "other"}
		ids := []string{"58a6f841-87b3-4a3e-92fd-a8ffeff98427", "2e82c1f6-a085-4c72-9da3-8640a32e42ab", "6b5aea1a-874d-4603-a4bc-96a0a7b38446",
			"554ac39e-e3fe-47fe-b233-965d2a147832", "96fdda7c-d067-4183-912e-bf5ee74998a8", "other"}
		classification := func() string {
			if rapid.IntRange(0, 5).Draw(t, "node") == 0 {
				return `<rim:Classification classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>`
			}
			return `<rim:Classification classificationScheme="urn:uuid:` + rapid.SampledFrom(schemes).Draw(t, "scheme") + `" nodeRepresentation="` +
				value.Draw(t, "code") + `">` + several("own slots", 3, slot) + `<rim:Name><rim:LocalizedString xml:lang="FR" value="` + value.Draw(t, "label") + `"/></rim:Name></rim:Classification>`
		}
		identifier := func() string {
			return `<rim:ExternalIdentifier identificationScheme="urn:uuid:` + rapid.SampledFrom(ids).Draw(t, "id scheme") + `" value="` + value.Draw(t, "id") + `"/>`
		}
		object := func(head string) string {
			kind, _, _ := strings.Cut(head, " ")
			return "<rim:" + head + ` lid="` + value.Draw(t, "lid") + `">` + several("slots", 8, slot) + several("classifications", 6, classification) +
				several("identifiers", 4, identifier) + "</rim:" + kind + ">"
		}
		doc := answerOf(object(`ExtrinsicObject id="urn:uuid:1" objectType="urn:`+value.Draw(t, "type")+`"`) + object(`RegistryPackage id="urn:uuid:2"`) +
			object(`Association id="urn:uuid:3" associationType="`+rapid.SampledFrom([]string{"HasMember", "urn:ihe:iti:2007:AssociationType:RPLC", "urn:y"}).Draw(t, "association")+`" sourceObject="urn:uuid:2" targetObject="urn:uuid:1"`))
		r, err := xds.ParseQueryResponse(doc)
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.AppendXML(nil)
		if err != nil {
			t.Fatal(err)
		}
		want, got := listFacts(t, doc), listFacts(t, out)
		if strings.Join(want, "\n") != strings.Join(got, "\n") {
			t.Fatalf("read\n%s\nwrote\n%s\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"), bytes.TrimSpace(out))
		}
	})
}
