package xds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
)

// clean keeps characters that XML holds as they are.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0xFFFE || r == 0xFFFF || r == 0xFFFD || r == 0x85 || r == 0xA0 {
			return 'x'
		}
		return r
	}, s))
}

func drawEntry(t *rapid.T, id string) xds.DocumentEntry {
	text := func(name string) string { return clean(rapid.String().Draw(t, name)) }
	some := func(name string) string { return "a" + text(name) }
	oid := func(name string) segur.OID {
		return segur.OID(rapid.StringMatching(`1\.2(\.[1-9][0-9]{0,4}){1,6}`).Draw(t, name))
	}
	code := func(name string) segur.Code {
		return segur.Code{Code: some(name), System: oid(name), Display: text(name)}
	}
	codes := func(name string, least int) (out []segur.Code) {
		for range rapid.IntRange(least, 3).Draw(t, name) {
			out = append(out, code(name))
		}
		return out
	}
	when := func(name string) segur.Timestamp {
		return segur.At(time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, name), 0).UTC())
	}
	person := func(name string) xds.Person {
		return xds.Person{ID: some(name), Authority: oid(name), Family: text(name), Given: text(name), System: rapid.Bool().Draw(t, name), IDType: "IDNPS"}
	}
	patient := func(name string) xds.PatientID {
		return xds.PatientID{ID: some(name), Authority: oid(name), Type: "NH"}
	}
	e := xds.DocumentEntry{
		ID: id, UniqueID: string(oid("unique")), LogicalID: text("lid"), Version: text("version"), Status: xds.Status(text("status")),
		RepositoryID: oid("repository"), URI: some("uri"), PatientID: patient("patient"), SourcePatientID: patient("source"),
		SourcePatientInfo: []string{"PID-8|F", some("info")}, Title: text("title"), Comments: text("comments"), MimeType: text("mime"),
		Language: some("language"), Created: when("created"), ServiceStart: when("start"), ServiceStop: when("stop"), Hash: some("hash"),
		Size: rapid.Int64Range(1, 1<<40).Draw(t, "size"), LegalAuthenticator: person("legal"),
		ClassCode: code("class"), TypeCode: code("type"), FormatCode: code("format"), FacilityTypeCode: code("facility"),
		PracticeSettingCode: code("practice"), ConfidentialityCodes: codes("confidentiality", 1), EventCodes: codes("events", 0),
		Extra: []xds.Slot{{Name: "urn:extra:" + rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "extra"), Values: []string{some("extra")}}},
	}
	for range rapid.IntRange(0, 2).Draw(t, "authors") {
		e.Authors = append(e.Authors, xds.Author{Person: person("author"), Roles: []string{some("role")},
			Institutions: []segur.Organization{{ID: some("institution"), Name: text("name")}}, Specialties: codes("specialty", 1)})
	}
	for range rapid.IntRange(0, 2).Draw(t, "references") {
		e.References = append(e.References, xds.Reference{ID: some("reference"), Authority: oid("authority"), Type: xds.ReferenceOrder})
	}
	return e
}

func TestSubmissionRoundTrip(t *testing.T) {
	t.Parallel()
	fixedSet := set(t)
	fixedSet.Submitted.Time = fixedSet.Submitted.Time.UTC()
	fixedSet.Author.Person.Authority, fixedSet.Author.Person.IDType = segur.OIDProfessional, "IDNPS"
	rapid.Check(t, func(t *rapid.T) {
		want := xds.Submission{Set: fixedSet, Entries: []xds.DocumentEntry{drawEntry(t, "d1"), drawEntry(t, "d2")}}
		want.Entries[1].Replaces = "urn:uuid:1"
		want.Number()
		b, err := want.AppendXML(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, warnings, err := xds.ParseSubmission(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(warnings) > 0 {
			t.Fatalf("%v", warnings)
		}
		// Printed forms are redacted: compare the parts to see what differs.
		assert.True(t, assert.ObjectsAreEqual(want.Set, got.Set), "set")
		assert.Equal(t, want.Associations, got.Associations)
		if !assert.ObjectsAreEqual(want.Entries, got.Entries) {
			again, _ := got.AppendXML(nil)
			t.Fatalf("entries differ: %s", testkit.Diff(b, again))
		}
	})
}

func FuzzParseSubmission(f *testing.F) {
	f.Add([]byte(`<ns3:SubmitObjectsRequest><RegistryObjectList><RegistryPackage id="s"/></RegistryObjectList></ns3:SubmitObjectsRequest>`))
	f.Add([]byte(`<RegistryObjectList><RegistryPackage id="s"/><ExtrinsicObject id="d"><Slot name="size"><ValueList><Value>12</Value></ValueList></Slot><Slot name="creationTime"><ValueList><Value>2026</Value></ValueList></Slot></ExtrinsicObject><Association associationType="urn:ihe:iti:2007:AssociationType:RPLC" sourceObject="d" targetObject="urn:uuid:1"/></RegistryObjectList>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _, err := xds.ParseSubmission(b)
		if err != nil {
			return
		}
		_, _ = s.Validate(xds.Rules{})
		for i := range s.Entries {
			_ = s.Entries[i].SourcePatient()
		}
		if s.Set.ID == "" {
			return
		}
		s.Number()
		out, err := s.AppendXML(nil)
		if err != nil {
			return // two objects without an id, for instance
		}
		if _, _, err := xds.ParseSubmission(out); err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
	})
}

func FuzzParseResponses(f *testing.F) {
	f.Add([]byte(`<AdhocQueryResponse status="x"><RegistryObjectList><ObjectRef id="a"/></RegistryObjectList></AdhocQueryResponse>`))
	f.Add([]byte(`<RetrieveDocumentSetResponse xmlns="urn:ihe:iti:xds-b:2007"><RegistryResponse status="x"/><DocumentResponse/></RetrieveDocumentSetResponse>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := xds.ParseResponse(b); err == nil {
			_ = r.Err("op")
		}
		_, _ = xds.ParseQueryResponse(b)
		_, _ = xds.ParseRetrieveResponse(b)
		_, _ = xds.ParseRetrieve(b)
		_, _ = xds.ParseProvideAndRegister(b)
	})
}
