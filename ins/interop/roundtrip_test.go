package interop_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/suyashkumar/dicom"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
	"github.com/segur-sdk/segur/ins/interop"
)

func codec(tb testing.TB, change ...func(*interop.Config)) *interop.Codec {
	tb.Helper()
	cfg := interop.Config{Environment: segur.Fake}
	for _, f := range change {
		f(&cfg)
	}
	c, err := interop.New(cfg)
	require.NoError(tb, err)
	return c
}

// matricule draws a number with its key, Corsica and births abroad included.
func matricule() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		body := rapid.StringMatching(`[12][0-9]{2}(0[1-9]|1[0-2])(2A|2B|99|97|[0-8][0-9])[0-9]{6}`).Draw(t, "matricule")
		return body + segur.MatriculeKey(body)
	})
}

func anyINS(authorities ...segur.OID) *rapid.Generator[segur.INS] {
	return rapid.Custom(func(t *rapid.T) segur.INS {
		ins, err := segur.ParseINS(matricule().Draw(t, "matricule"), rapid.SampledFrom(authorities).Draw(t, "authority"))
		if err != nil {
			t.Fatal(err)
		}
		return ins
	})
}

// word draws a name; hard ones have the delimiters of every standard.
func word(hard bool) *rapid.Generator[string] {
	class := `[A-Z' -]`
	if hard {
		class = "[A-ZÀ-ÿŒœ'’ &^~\\\\|<>=\"-]"
	}
	return rapid.Map(rapid.StringMatching("[A-Z]"+class+"{0,14}"), func(s string) string { return strings.Join(strings.Fields(s), " ") })
}

func anyIdentity(hard bool) *rapid.Generator[interop.Identity] {
	return rapid.Custom(func(t *rapid.T) interop.Identity {
		var id interop.Identity
		p := &id.Patient
		p.Traits = segur.Traits{
			BirthName: word(hard).Draw(t, "birthName"), FirstGivenName: word(hard).Draw(t, "first"),
			Sex:        rapid.SampledFrom([]segur.Sex{segur.Female, segur.Male}).Draw(t, "sex"),
			BirthPlace: rapid.SampledFrom([]string{"69123", "2A004", "2B020", "97105", "99352", "99999"}).Draw(t, "place"),
		}
		p.Traits.GivenNames = strings.TrimSpace(p.Traits.FirstGivenName + " " + rapid.SampledFrom([]string{"", "LUCE", "ANNE SOPHIE MARIE-ÈVE"}).Draw(t, "others"))
		p.Traits.UsedName = rapid.OneOf(rapid.Just(""), word(hard)).Draw(t, "usedName")
		p.Traits.UsedGivenName = rapid.OneOf(rapid.Just(""), word(hard)).Draw(t, "usedGivenName")
		p.Traits.BirthDate = rapid.SampledFrom([]segur.Date{{Year: 1985, Month: 3, Day: 14}, {Year: 1934, Month: 2}, {Year: 1921}}).Draw(t, "birthDate")
		p.Status = rapid.SampledFrom([]segur.IdentityStatus{segur.Provisional, segur.Retrieved, segur.Validated, segur.Qualified, segur.Qualified, segur.Qualified}).Draw(t, "status")
		if p.Status == segur.Provisional {
			p.Attributes = rapid.SampledFrom([]segur.IdentityAttributes{0, segur.Homonym, segur.Doubtful, segur.Doubtful | segur.Homonym, segur.Fictitious}).Draw(t, "attributes")
			p.Traits.Sex = rapid.SampledFrom([]segur.Sex{segur.Female, segur.SexUnknown}).Draw(t, "anySex")
		} else if rapid.Bool().Draw(t, "homonym") {
			p.Attributes = segur.Homonym
		}
		all := []segur.OID{segur.OIDINSNIR, segur.OIDINSNIA, segur.OIDINSNIRTest, segur.OIDINSNIRDemo}
		if p.Status.Qualified() {
			p.INS = anyINS(all...).Draw(t, "ins")
			for _, h := range rapid.SliceOfNDistinct(anyINS(all...), 0, 2, rapid.ID).Draw(t, "history") {
				if h != p.INS {
					id.History = append(id.History, h)
				}
			}
			id.INSSince = rapid.SampledFrom([]segur.Date{{}, {Year: 2021, Month: 1, Day: 1}}).Draw(t, "since")
		}
		number := `[A-Z0-9][A-Z0-9./-]{0,10}[A-Z0-9]`
		if hard {
			number = `[A-Z0-9][A-Z0-9^~&|\\<>é]{0,10}[A-Z0-9]`
		}
		for i, n := range rapid.SliceOfNDistinct(rapid.StringMatching(number), 1, 3, rapid.ID).Draw(t, "local") {
			l := segur.Identifier{Root: segur.OID("1.2.250.1.999.1." + string(rune('1'+i))), Extension: n}
			l.Assigner = rapid.SampledFrom([]string{"", "CHU & CO", "CENTRE"}).Draw(t, "assigner")
			p.LocalIDs = append(p.LocalIDs, l)
		}
		p.Address = rapid.SampledFrom([]segur.Address{{}, {Lines: []string{"7 rue des Lilas & C°"}, PostalCode: "69003", City: "LYON"},
			{Lines: []string{"1 ALLÉE"}, City: "GENÈVE", Country: "CHE"}}).Draw(t, "address")
		p.Telecoms = rapid.SampledFrom([][]segur.Telecom{nil, {{Value: "tel:+33123456789", Use: "HP"}, {Value: "mailto:c.d@exemple.fr"}},
			{{Value: "tel:0612345678", Use: "MC"}, {Value: "mailto:x@exemple.fr", Use: "WP"}, {Value: "fax:0123456789", Use: "WP"}}}).Draw(t, "telecoms")
		id.BirthPlaceName = rapid.SampledFrom([]string{"", "LYON", "L'HAŸ-LES-ROSES"}).Draw(t, "placeName")
		if rapid.Bool().Draw(t, "reliability") {
			id.Reliability = identity.Reliability{Method: identity.MethodINSi, CollectedAt: segur.NewDate(2026, 1, 2)}
			if p.Status.IsChecked() {
				id.Reliability.ValidatedAt, id.Reliability.ValidationMode = segur.NewDate(2026, 1, 3), identity.Passport
			}
		}
		id.Reliability.Status, id.Reliability.Attributes = p.Status, p.Attributes
		return id
	})
}

// sent is what leaves of an identity: an INS with a qualified one only.
func sent(id interop.Identity) interop.Identity {
	if !id.Patient.Status.Qualified() {
		id.Patient.INS, id.History, id.INSSince = segur.INS{}, nil, segur.Date{}
	}
	return id
}

func state(id *interop.Identity, s segur.IdentityStatus, a segur.IdentityAttributes) {
	id.Patient.Status, id.Patient.Attributes = s, a
	id.Reliability.Status, id.Reliability.Attributes = s, a
}

// onlyState forgets what most standards do not carry.
func onlyState(id *interop.Identity) { id.Reliability = identity.Reliability{}; id.History = nil }

// same fails unless both identities are equal. The printed forms are redacted, so
// the parts are compared.
func same(t *rapid.T, want, got interop.Identity) {
	t.Helper()
	switch {
	case want.Patient.Traits != got.Patient.Traits:
		t.Fatalf("traits: %v", diff(plain(want), plain(got)))
	case want.Patient.INS != got.Patient.INS:
		t.Fatalf("INS: %s, not %s", got.Patient.INS.Matricule(), want.Patient.INS.Matricule())
	}
	if d := diff(plain(want), plain(got)); d != "" {
		t.Fatal(d)
	}
}

// plain gives the parts of an identity that print.
func plain(id interop.Identity) []string {
	type traits segur.Traits
	text := func(v any) string { b, _ := json.Marshal(v); return string(b) }
	var history []string
	for _, h := range id.History {
		history = append(history, h.Matricule()+string(h.Authority()))
	}
	p := id.Patient
	return []string{text(traits(p.Traits)), p.INS.Matricule() + string(p.INS.Authority()), p.Status.String(), p.Attributes.String(), text(p.LocalIDs),
		text(p.Address), text(p.Telecoms), text(id.Reliability), text(id.INSSince), text(history), id.BirthPlaceName}
}

func diff(want, got []string) string {
	for i := range want {
		if want[i] != got[i] {
			return "want " + want[i] + "\n got " + got[i]
		}
	}
	return ""
}

func TestPIDRoundTrip(t *testing.T) {
	t.Parallel()
	for _, four := range []bool{false, true} {
		c := codec(t, func(cfg *interop.Config) { cfg.FourStatuses = four })
		rapid.Check(t, func(t *rapid.T) {
			id := anyIdentity(true).Draw(t, "identity")
			pid, err := c.PID(id)
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.ReadPID([]byte("MSH|^~\\&|A\r" + pid + "\rPV1||O\r"))
			if err != nil {
				t.Fatal(err)
			}
			want := sent(id)
			onlyState(&want)
			want.BirthPlaceName = ""
			status := id.Patient.Status
			if !four && status == segur.Retrieved {
				status = segur.Provisional
			}
			state(&want, status, id.Patient.Attributes)
			same(t, want, r.Identity)
			if !r.StatusStated {
				t.Fatal("the status is stated")
			}
		})
	}
}

func TestRecordTargetRoundTrip(t *testing.T) {
	t.Parallel()
	c := codec(t)
	rapid.Check(t, func(t *rapid.T) {
		id := anyIdentity(true).Draw(t, "identity")
		xml, err := c.RecordTarget(id)
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.ReadRecordTarget(xml)
		if err != nil {
			t.Fatal(err)
		}
		want := sent(id)
		onlyState(&want)
		want.INSSince = segur.Date{}
		status := segur.Provisional
		if id.Patient.Status.Qualified() {
			status = segur.Qualified
		}
		state(&want, status, 0)
		same(t, want, r.Identity)
		if len(r.Warnings) > 0 && !onSex(r.Warnings) || r.StatusStated {
			t.Fatal(r.Warnings)
		}
	})
}

// onSex: drawn matricules begin with any digit.
func onSex(w []segur.Detail) bool {
	return len(w) == 1 && strings.Contains(w[0].Message, "first digit")
}

func TestFHIRRoundTrip(t *testing.T) {
	t.Parallel()
	for _, version := range []interop.FRCoreVersion{interop.FRCore21, interop.FRCore22} {
		c := codec(t, func(cfg *interop.Config) { cfg.FRCore = version })
		rapid.Check(t, func(t *rapid.T) {
			id := anyIdentity(true).Draw(t, "identity")
			p, err := c.FHIRPatient(id)
			if err != nil {
				t.Fatal(err)
			}
			resource, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.ReadFHIRPatient(resource)
			if err != nil {
				t.Fatal(err)
			}
			want := sent(id)
			want.INSSince = segur.Date{}
			status := id.Patient.Status
			if version == interop.FRCore21 && status == segur.Retrieved {
				status = segur.Provisional
			}
			state(&want, status, id.Patient.Attributes)
			same(t, want, r.Identity)
			if again, err := json.Marshal(r.FHIR); err != nil || !bytes.Equal(again, resource) {
				t.Fatalf("the model lost something: %v", err)
			}
			if len(r.Warnings) > 0 && !onSex(r.Warnings) {
				t.Fatal(r.Warnings)
			}
		})
	}
}

// file writes elements as an object of the PACS and parses it again.
func file(t interface{ Fatal(...any) }, charset string, elements []*dicom.Element) []*dicom.Element {
	b := object(t, charset, elements)
	ds, err := dicom.Parse(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ds.Elements
}

func TestDICOMRoundTrip(t *testing.T) {
	t.Parallel()
	for _, profile := range []interop.DICOMProfile{interop.KOS, interop.Image} {
		for _, charset := range []string{"", "ISO_IR 100", "ISO_IR 192"} {
			c := codec(t, func(cfg *interop.Config) { cfg.DICOMCharacterSet = charset })
			rapid.Check(t, func(t *rapid.T) {
				id := anyIdentity(false).Draw(t, "identity")
				id.Patient.Traits.GivenNames = strings.ReplaceAll(id.Patient.Traits.GivenNames, "È", "E")
				if charset != "" {
					id.Patient.Traits.UsedGivenName = "Éloïse"
				}
				elements, err := c.DICOMPatient(id, profile)
				if err != nil {
					t.Fatal(err)
				}
				want := sent(id)
				onlyState(&want)
				want.INSSince, want.BirthPlaceName = segur.Date{}, ""
				want.Patient.Address, want.Patient.Telecoms = segur.Address{}, nil
				want.Patient.LocalIDs = want.Patient.LocalIDs[:1]
				if !want.Patient.Traits.BirthDate.Complete() {
					want.Patient.Traits.BirthDate = segur.Date{}
				}
				qualified := id.Patient.Status.Qualified()
				if profile == interop.KOS && qualified {
					want.Patient.LocalIDs = nil
				} else {
					want.Patient.Traits.BirthPlace = ""
				}
				status := segur.Provisional
				if qualified {
					status = segur.Qualified
				}
				state(&want, status, 0)
				same(t, want, c.ReadDICOM(elements).Identity)
				r := c.ReadDICOM(file(t, charset, elements))
				same(t, want, r.Identity)
				if len(r.Warnings) > 0 && !onSex(r.Warnings) {
					t.Fatal(r.Warnings)
				}
			})
		}
	}
}

// The five standards give the same INS, or none of them does.
func TestStandardsAgree(t *testing.T) {
	t.Parallel()
	c := codec(t)
	rapid.Check(t, func(t *rapid.T) {
		id := anyIdentity(false).Draw(t, "identity")
		id.Patient.Traits.GivenNames = strings.ReplaceAll(id.Patient.Traits.GivenNames, "È", "E")
		want, qualified := id.Patient.QualifiedINS()
		check := func(standard string, out []byte, err error, r *interop.Reading, readErr error) {
			if err != nil || readErr != nil {
				t.Fatal(standard, err, readErr)
			}
			got, ok := r.Identity.Patient.QualifiedINS()
			if ok != qualified || got != want {
				t.Fatalf("%s gives another INS", standard)
			}
			if !id.Patient.INS.IsZero() && !qualified && bytes.Contains(out, []byte(id.Patient.INS.Body())) {
				t.Fatalf("%s lets the matricule out", standard)
			}
		}
		pid, err := c.PID(id)
		r, readErr := c.ReadPID([]byte(pid))
		check("PID", []byte(pid), err, r, readErr)
		xml, err := c.RecordTarget(id)
		r, readErr = c.ReadRecordTarget(xml)
		check("CDA", xml, err, r, readErr)
		p, err := c.FHIRPatient(id)
		resource, _ := json.Marshal(p)
		r, readErr = c.ReadFHIRPatient(resource)
		check("FHIR", resource, err, r, readErr)
		for _, profile := range []interop.DICOMProfile{interop.KOS, interop.Image} {
			elements, err := c.DICOMPatient(id, profile)
			check("DICOM", nil, err, c.ReadDICOM(elements), nil)
		}
		cx, err := c.CX(id)
		got, local, readErr := c.ReadCX(cx)
		if err != nil || readErr != nil || got != want || local.IsZero() != qualified {
			t.Fatal("CX", err, readErr)
		}
	})
}
