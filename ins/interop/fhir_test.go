package interop_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
	"github.com/segur-sdk/segur/ins/interop"
	"github.com/segur-sdk/segur/internal/testkit"
)

func resource(tb testing.TB, c *interop.Codec, id interop.Identity) string {
	tb.Helper()
	p, err := c.FHIRPatient(id)
	require.NoError(tb, err)
	b, err := json.MarshalIndent(p, "", "  ")
	require.NoError(tb, err)
	return string(b) + "\n"
}

// whole is an identity with everything.
func whole() interop.Identity {
	id := fictional()
	p := &id.Patient
	p.Attributes = segur.Homonym
	p.Traits.UsedGivenName = "Léa"
	p.Address = segur.Address{Lines: []string{"7 rue des Lilas"}, PostalCode: "69003", City: "LYON"}
	p.Telecoms = []segur.Telecom{{Value: "tel:0612345678", Use: "MC"}}
	p.LocalIDs[0].Assigner = "CENTRE D'IMAGERIE FICTIF"
	id.BirthPlaceName = "LYON 3E"
	former, err := segur.ParseINS("2850369123457"+segur.MatriculeKey("2850369123457"), segur.OIDINSNIRTest)
	if err != nil {
		panic(err)
	}
	id.History = []segur.INS{former}
	id.Reliability = identity.Reliability{Status: segur.Qualified, Attributes: segur.Homonym, Method: identity.MethodINSi,
		CollectedAt: segur.NewDate(2026, 1, 2), ValidatedAt: segur.NewDate(2026, 1, 3), ValidationMode: identity.Passport}
	return id
}

func TestFHIRGolden(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "fhir-qualified.json", []byte(resource(t, codec(t), whole())))
	v21 := codec(t, func(c *interop.Config) { c.FRCore, c.HomonymCode = interop.FRCore21, "HOMD" })
	testkit.Golden(t, "fhir-qualified-2.1.json", []byte(resource(t, v21, whole())))
	id := whole()
	id.Patient.Status, id.Reliability = segur.Provisional, identity.Reliability{}
	id.Patient.Traits.BirthPlace, id.BirthPlaceName, id.Patient.Traits.BirthDate = "99352", "ALGÉRIE", segur.Date{Year: 1934}
	testkit.Golden(t, "fhir-provisional.json", []byte(resource(t, codec(t), id)))
}

func TestFHIRIdentifierUse(t *testing.T) {
	t.Parallel()
	for oid, want := range map[segur.OID][2]string{
		segur.OIDINSNIR: {"INS-NIR", "official"}, segur.OIDINSNIA: {"INS-NIA", "temp"},
		segur.OIDINSNIRTest: {"INS-NIR-TEST", "official"}, segur.OIDINSNIRDemo: {"INS-NIR-DEMO", "official"},
	} {
		id := fictional()
		var err error
		id.Patient.INS, err = segur.ParseINS(number, oid)
		require.NoError(t, err)
		p, err := codec(t).FHIRPatient(id)
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{*p.Identifier[0].Type.Coding[0].Code, p.Identifier[0].Use.Code()})
		assert.Equal(t, "urn:oid:"+string(oid), *p.Identifier[0].System)
		assert.Equal(t, []string{"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins"}, p.Meta.Profile)
		id.Patient.Status = segur.Validated
		p, err = codec(t).FHIRPatient(id)
		require.NoError(t, err)
		assert.Nil(t, p.Meta, "no claim without qualification")
		assert.Len(t, p.Identifier, 1)
		assert.Equal(t, "PI", *p.Identifier[0].Type.Coding[0].Code)
	}
}

const ident = `{"use":"official","type":{"coding":[{"code":"INS-NIR-TEST"}]},"system":"urn:oid:1.2.250.1.213.1.4.10","value":"` + number + `"}`

// patientJSON makes a resource: identifiers, then a status and its system.
func patientJSON(identifiers, status, system, more string) string {
	return `{"resourceType":"Patient","meta":{"profile":["https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins"]},
	"extension":[{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability","extension":[
	  {"url":"identityStatus","valueCoding":{"system":"https://hl7.fr/ig/fhir/core/CodeSystem/` + system + `","code":"` + status + `"}}` + more + `]}],
	"identifier":[` + identifiers + `],
	"name":[{"use":"usual","family":"USAGE"},{"use":"official","family":"FICTIVE-DURAND","given":["CAMILLE"],
	  "extension":[{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name","valueString":"CAMILLE LUCE"}]}],
	"gender":"female","birthDate":"1985-03-14","_birthDate":{"extension":[]}}`
}

func TestReadFHIRDecidesOnTheINS(t *testing.T) {
	t.Parallel()
	const status22, status21 = "fr-core-cs-identity-status", "fr-core-cs-v2-0445"
	swap := func(from, to string) string { return strings.Replace(ident, from, to, 1) }
	stated := func(code, system string) string {
		return `,{"url":"identityStatus","valueCoding":{"system":"https://hl7.fr/ig/fhir/core/CodeSystem/` + system + `","code":"` + code + `"}}`
	}
	comment := func(code string) string {
		return `,{"url":"comment","valueCodeableConcept":{"coding":[{"code":"` + code + `"}]}}`
	}
	for name, c := range map[string]struct {
		resource string
		status   segur.IdentityStatus
		warnings []string
	}{
		"QUAL":                    {patientJSON(ident, "QUAL", status22, ""), segur.Qualified, nil},
		"VALI of 2.1":             {patientJSON(ident, "VALI", status21, ""), segur.Qualified, nil},
		"VALI of the older guide": {patientJSON(ident, "VALI", "fr-core-v2-0445", ""), segur.Qualified, nil},
		"VALI of 2.2":             {patientJSON(ident, "VALI", status22, ""), segur.Validated, []string{"Patient"}},
		"VALI of no system":       {strings.Replace(patientJSON(ident, "VALI", status22, ""), `"system":"https://hl7.fr/ig/fhir/core/CodeSystem/`+status22+`",`, "", 1), segur.Validated, []string{"Patient"}},
		"VALI of both":            {patientJSON(ident, "VALI", status22, stated("VALI", status21)), segur.Validated, []string{"Patient"}},
		"VALI of both, reversed":  {patientJSON(ident, "VALI", status21, stated("VALI", status22)), segur.Validated, []string{"Patient"}},
		"QUAL, VALI of 2.1":       {patientJSON(ident, "QUAL", status22, stated("VALI", status21)), segur.Qualified, []string{"Patient.extension(identityReliability).identityStatus"}},
		"VALI of 2.1, QUAL":       {patientJSON(ident, "VALI", status21, stated("QUAL", status22)), segur.Qualified, []string{"Patient.extension(identityReliability).identityStatus"}},
		"RECUP":                   {patientJSON(ident, "RECUP", status22, ""), segur.Retrieved, []string{"Patient"}},
		"profile alone":           {strings.Replace(patientJSON(ident, "QUAL", status22, ""), "identityStatus", "x", 1), segur.Provisional, []string{"Patient.extension(identityReliability)", "Patient"}},
		"no use":                  {patientJSON(swap(`"use":"official",`, ""), "QUAL", status22, ""), segur.Qualified, []string{"Patient.identifier[0]"}},
		"old only":                {patientJSON(swap("official", "old"), "QUAL", status22, ""), segur.Validated, []string{"Patient"}},
		"secondary":               {patientJSON(swap("official", "secondary"), "QUAL", status22, ""), segur.Validated, []string{"Patient.identifier[0]", "Patient"}},
		"unknown use":             {patientJSON(swap("official", "x"), "QUAL", status22, ""), segur.Validated, []string{"Patient", "Patient.identifier[0]", "Patient"}},
		"insurance number":        {patientJSON(swap("INS-NIR-TEST", "NH"), "QUAL", status22, ""), segur.Validated, []string{"Patient.identifier[0]", "Patient"}},
		"type of another":         {patientJSON(swap("INS-NIR-TEST", "INS-NIR"), "QUAL", status22, ""), segur.Validated, []string{"Patient.identifier[0]", "Patient"}},
		"type without OID":        {patientJSON(swap("urn:oid:", ""), "QUAL", status22, ""), segur.Validated, []string{"Patient.identifier[0]", "Patient"}},
		"INS-C":                   {patientJSON(swap("1.4.10", "1.4.2"), "QUAL", status22, ""), segur.Validated, []string{"Patient.identifier[0]", "Patient"}},
		"wrong key":               {patientJSON(swap(number, number[:13]+"00"), "QUAL", status22, ""), segur.Validated, []string{"Patient.identifier[0]", "Patient"}},
		"doubtful":                {patientJSON(ident, "QUAL", status22, comment("DOUT")), segur.Provisional, []string{"Patient", "Patient"}},
		"homonym":                 {patientJSON(ident, "QUAL", status22, comment("HOMA")), segur.Qualified, nil},
		"invalidated":             {patientJSON(ident, "QUAL", status22, comment("INVA")), segur.Provisional, []string{"Patient", "Patient"}},
		"modifier":                {strings.Replace(patientJSON(ident, "QUAL", status22, ""), `"gender"`, `"modifierExtension":[{"url":"x"}],"gender"`, 1), segur.Provisional, []string{"Patient.modifierExtension", "Patient", "Patient"}},
		"gender of another table": {strings.Replace(patientJSON(ident, "QUAL", status22, ""), "female", "femme", 1), segur.Validated, []string{"Patient", "Patient", "Patient"}},
		"status of no table":      {patientJSON(ident, "OK", status22, ""), segur.Provisional, []string{"Patient.extension(identityReliability).identityStatus", "Patient.extension(identityReliability)", "Patient"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := codec(t).ReadFHIRPatient([]byte(c.resource))
			require.NoError(t, err)
			assert.Equal(t, c.status, r.Identity.Patient.Status)
			assert.Equal(t, c.status != segur.Qualified, r.Identity.Patient.INS.IsZero())
			assert.Equal(t, c.warnings, fields(r.Warnings))
			assert.Equal(t, c.resource, string(r.Raw))
			for _, w := range r.Warnings {
				assert.NotContains(t, w.Message, "285036")
			}
		})
	}
}

func TestReadFHIRTolerates(t *testing.T) {
	t.Parallel()
	// As examples of implementation guides have it: several given names and no list, numbers as people write them.
	r, err := codec(t).ReadFHIRPatient([]byte(`{"resourceType":"Patient","active":false,
		"identifier":[{"system":"https://a.example/ipp","value":"1"},{"use":"usual","type":{"coding":[{"code":"PI"}]},"system":"urn:oid:1.2.250.1.999.1","value":" 2 "},
			{"use":"old","type":{"coding":[{"code":"PI"}]},"system":"urn:oid:1.2.250.1.999.1","value":"3"},{"type":{"coding":[{"code":"RRI"}]},"system":"urn:oid:1.2.9","value":"4"}],
		"name":[{"use":"official","family":"A","given":["B","C"]},{"use":"official","family":"Z"},{"use":"nickname","family":"Y"}],
		"gender":"other","birthDate":"1985-13",
		"telecom":[{"system":"phone","value":"01 23 24","use":"home"},{"system":"pager","value":"7"},{"system":"fax","value":"8","use":"work"},
			{"system":"url","value":"http://a.example"},{"system":"email","value":"a b"},{"system":"phone","use":"old","value":"9"}],
		"address":[{"use":"old","city":"X"},{"line":["1"," "],"city":"LYON"}],
		"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{"extension":[
			{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code","valueCoding":{"code":"2a004"}}]}},
			{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace"},
			{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability","extension":[
			{"url":"identityStatus","valueCode":"VALI"},{"url":"comment","valueCoding":{"code":"DESA"}},{"url":"dateInterrogationINSi","valueDateTime":"2026-01-02T10:00:00Z"},
			{"url":"validationMode","valueCoding":{"code":"eCN"}},{"url":"methodCollection","valueCoding":{"code":"AV"}},{"url":"validationDate","valueDate":"2026-02-30"}]}]}`))
	require.NoError(t, err)
	p := r.Identity.Patient
	assert.Equal(t, segur.Traits{BirthName: "A", FirstGivenName: "B", GivenNames: "B C", Sex: segur.SexUnknown, BirthPlace: "2A004"}, p.Traits)
	assert.Equal(t, []segur.Identifier{{Extension: "1"}, {Root: "1.2.250.1.999.1", Extension: "2"}}, p.LocalIDs)
	assert.Equal(t, []segur.Telecom{{Value: "tel:012324", Use: "HP"}, {Value: "tel:7", Use: "PG"}, {Value: "fax:8", Use: "WP"}, {Value: "http://a.example"}}, p.Telecoms)
	assert.Equal(t, segur.Address{Lines: []string{"1"}, City: "LYON"}, p.Address)
	assert.Equal(t, []string{"DESA"}, r.Codes)
	assert.Equal(t, identity.Reliability{Status: segur.Validated, Method: "AV", CollectedAt: segur.NewDate(2026, 1, 2), ValidationMode: "eCN"}, r.Identity.Reliability)
	assert.NotNil(t, r.FHIR)
}

func TestReadFHIRRefuses(t *testing.T) {
	t.Parallel()
	c := codec(t)
	good := patientJSON(ident, "QUAL", "fr-core-cs-identity-status", "")
	for name, m := range map[string]struct {
		resource string
		want     error
	}{
		"nothing":            {"", segur.ErrProtocol},
		"a list":             {"[]", segur.ErrProtocol},
		"another resource":   {`{"resourceType":"Person"}`, segur.ErrProtocol},
		"a property twice":   {strings.Replace(good, `"gender"`, `"gender":"male","gender"`, 1), segur.ErrProtocol},
		"another case":       {strings.Replace(good, `"gender"`, `"Gender":"male","gender"`, 1), segur.ErrProtocol},
		"twice, long s":      {strings.Replace(good, `"use":"official"`, `"use":"old","uſe":"official"`, 1), segur.ErrProtocol},
		"twice, Kelvin":      {strings.Replace(good, `"gender"`, `"linK":[],"lin\u212a":[],"gender"`, 1), segur.ErrProtocol},
		"too many values":    {strings.Replace(good, `"gender"`, `"photo":[`+strings.Repeat("{},", 30_000)+`{}],"gender"`, 1), segur.ErrTooLarge},
		"twice, deeper":      {strings.Replace(good, `"code":"INS-NIR-TEST"`, `"code":"INS-NIR-TEST","code":"INS-NIR"`, 1), segur.ErrProtocol},
		"text after the end": {good + "x", segur.ErrProtocol},
		"two resources":      {good + good, segur.ErrProtocol},
		"a number as a name": {strings.Replace(good, `"FICTIVE-DURAND"`, "7", 1), segur.ErrProtocol},
		"depth":              {strings.Repeat(`{"a":[`, 50), segur.ErrProtocol},
		"not UTF-8":          {strings.Replace(good, "FICTIVE", "FICTIV\xc9", 1), segur.ErrProtocol},
		"size":               {good + strings.Repeat(" ", 9<<20), segur.ErrTooLarge},
	} {
		_, err := c.ReadFHIRPatient([]byte(m.resource))
		assert.ErrorIs(t, err, m.want, name)
		assert.NotContains(t, err.Error(), "FICTIVE", name)
	}
	for n := range good {
		_, err := c.ReadFHIRPatient([]byte(good[:n]))
		require.ErrorIs(t, err, segur.ErrProtocol, "cut at %d", n)
	}
}

func FuzzFHIR(f *testing.F) {
	c := codec(f)
	f.Add([]byte(patientJSON(ident, "QUAL", "fr-core-cs-identity-status", "")))
	f.Add([]byte(resource(f, c, whole())))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := c.ReadFHIRPatient(data)
		if err == nil {
			sound(t, c, r)
		}
	})
}
