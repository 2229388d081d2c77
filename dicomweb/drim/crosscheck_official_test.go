package drim_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
)

// officialEntry reads the entry of the manifest in an official submission.
func officialEntry(t *testing.T, file string) *xds.DocumentEntry {
	t.Helper()
	path := testkit.SharedData(t, "drim/"+file)
	if path == "" {
		return nil
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	s, _, err := xds.ParseSubmission(b)
	require.NoError(t, err)
	for i := range s.Entries {
		if s.Entries[i].IsKOS() {
			return &s.Entries[i]
		}
	}
	require.Fail(t, "no entry of a manifest")
	return nil
}

// The reference set of the cross-validator passes, the other objects being made
// of its facts.
func TestCrossCheckOfTheCrossValidatorSet(t *testing.T) {
	t.Parallel()
	e := officialEntry(t, "xds_cross_validateur.xml")
	if e == nil {
		return
	}
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	const study segur.OID = "1.3.6.1.4.1.5962.99.1.3711725607.829148806.1687338938407.3.18"
	ins, err := segur.ParseINS("274075176079430", segur.OIDINSNIRTest)
	require.NoError(t, err)
	traits := segur.Traits{BirthName: "PAT-HUIT", FirstGivenName: "FRANCOISE", GivenNames: "FRANCOISE", Sex: segur.Male,
		BirthDate: segur.NewDate(1996, 1, 13), BirthPlace: "63220"}
	structure := segur.Organization{ID: "499700367909006", Name: "BCOM"}
	author := segur.DocumentActor{Professional: segur.Professional{ID: "899700367909", FamilyName: "DOC0036790", GivenName: "KIT", Organization: &structure}}
	order := segur.DocumentOrder{Accession: segur.Identifier{Root: "1.2.840.113619.6.198", Extension: "725229536725008"},
		Placer: segur.Identifier{Root: "2.16.840.1.113883.6.98", Extension: "12989855968"}}
	service := segur.DocumentService{StudyUID: study, Code: segur.Code{Code: "63337009", System: "1.2.250.1.213.2.5"},
		Translations: []segur.QualifiedCode{
			{Code: segur.Code{Code: "MR", System: "1.2.840.10008.2.16.4"}, Qualifier: segur.Code{Code: "121139"}},
			{Code: segur.Code{Code: "774007", System: "2.16.840.1.113883.6.96"}, Qualifier: segur.Code{Code: "39111-0"}}},
		Start:           segur.At(time.Date(2021, 1, 4, 9, 22, 0, 0, paris)),
		Stop:            segur.At(time.Date(2021, 1, 4, 16, 5, 0, 0, paris)),
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"}}
	report := &segur.DocumentHeader{ID: segur.Identifier{Root: "1.2.250.1.999.30.1"}, Patient: traits,
		PatientIDs: []segur.Identifier{{Root: segur.OIDINSNIRTest, Extension: ins.Matricule()}},
		Authors:    []segur.DocumentActor{author}, LegalAuthenticator: author, Services: []segur.DocumentService{service},
		Orders: []segur.DocumentOrder{order}, FacilityType: segur.Code{Code: "SA25"}, Type: segur.Code{Code: "18748-4"}}
	manifest := &kos.Manifest{UID: e.UniqueID, SeriesUID: "1.2.3", INS: ins, Patient: traits, Institution: kos.Institution{ID: structure.ID, Name: structure.Name},
		// The manifest of the set says +0200 in November, as all do: its text is what the entry repeats.
		Created: segur.At(time.Date(2023, 11, 3, 16, 17, 23, 0, time.FixedZone("", 7200))), Orders: []segur.DocumentOrder{order},
		Study: kos.Study{UID: string(study)}, Series: []kos.Series{{UID: "1.2.4", Modality: "MR",
			RetrieveURL: "http://localhost:4200/api/source/studies/" + string(study) + "/series/1.2.4", Instances: []kos.Instance{{UID: "1.2.5"}}}}}
	r := drim.CrossCheck(drim.Objects{Report: report, Manifest: manifest, Entry: e})
	want := map[string]drim.Verdict{
		"R10": drim.NotChecked, "R16": drim.NotChecked, "R17": drim.NotChecked, "R18": drim.NotChecked, "R22": drim.NotChecked, "R26": drim.NotChecked,
		"R27": drim.NotChecked, "R33": drim.NotChecked, "R34": drim.NotChecked, "R35": drim.NotChecked, "R36": drim.NotChecked, "R38": drim.NotChecked,
		"R32": drim.Warned, // plain HTTP, in the laboratory
	}
	for _, x := range r.Results {
		verdict, ok := want[x.Rule]
		if !ok {
			verdict = drim.Passed
		}
		assert.Equal(t, verdict, x.Verdict, "%s: %v %v", x.Rule, x.Reason, x.Comparisons)
	}
	require.NoError(t, r.MayPublish())

	// The assertion of that request is of another patient: the set is none to send.
	r = drim.CrossCheck(drim.Objects{Report: report, Manifest: manifest, Entry: e,
		AssertionPatient: xds.PatientID{ID: "162018885045327", Authority: segur.OIDINSNIRTest}})
	assert.Equal(t, drim.Failed, r.Rule("R1").Verdict)
}

// The pair of message and metadata that tests the visibility passes where it must;
// its accession numbers differ, which is why OBR-18 is no witness.
func TestCrossCheckOfTheVisibilitySet(t *testing.T) {
	t.Parallel()
	e := officialEntry(t, "invisible_masque_metadata.xml")
	raw := readOfficial(t, "drim/invisible_masque.hl7")
	if e == nil || raw == nil {
		return
	}
	m := parseReport(t, raw)
	r := drim.CrossCheck(drim.Objects{Message: m, Entry: e})
	for rule, want := range map[string]drim.Verdict{
		"R1": drim.Passed, "R2": drim.Passed, "R3": drim.Passed, "R4": drim.Passed, "R7": drim.Passed, "R8": drim.Passed,
		"R12": drim.NotChecked, "R14": drim.Passed, "R34": drim.Passed, "R35": drim.Passed, "R36": drim.Passed, "R37": drim.Passed,
		"R27": drim.Warned, // OBR-4 is another code
		"R38": drim.Warned, // hidden from the patient, and mailed
	} {
		assert.Equal(t, want, r.Rule(rule).Verdict, "%s: %v", rule, r.Rule(rule).Comparisons)
	}
	require.NoError(t, r.MayPublish())
	assert.Equal(t, "09011600123", m.Accession)
	assert.Equal(t, "725229536725008", e.References[0].ID)

	// A message of another exam does not pass for it.
	k := parseReport(t, readOfficial(t, "drim/oru_pfi_examen_k.hl7"))
	r = drim.CrossCheck(drim.Objects{Message: k, Entry: e})
	for _, rule := range []string{"R1", "R3", "R4", "R7", "R8", "R34"} {
		assert.Equal(t, drim.Failed, r.Rule(rule).Verdict, rule)
	}
}

func TestCrossCheckPrints(t *testing.T) {
	t.Parallel()
	o := checkedExam(t)
	o.Manifest.Patient.BirthName = "AUTRE-NOM"
	o.Images = nil
	r := drim.CrossCheck(*o)
	var b bytes.Buffer
	require.NoError(t, r.Print(&b, segur.FR, false))
	out := b.String()
	assert.Contains(t, out, "R3 non respectée: le nom de naissance est le même\n    non respectée: KOS (0010,0010).1 diffère de CDA name/family[BR]\n")
	assert.Contains(t, out, "R18 non vérifiée: le manifeste liste toutes les instances du PACS, ni plus ni moins (il manque : images)\n")
	for _, secret := range []string{matriculeBody, "AUTRE-NOM", "CAMILLE"} {
		assert.NotContains(t, out, secret)
	}
	b.Reset()
	require.NoError(t, r.Print(&b, segur.EN, true))
	assert.Contains(t, b.String(), `KOS (0010,0010).1 differs from CDA name/family[BR] ["AUTRE-NOM" / "FICTIVE-DURAND"]`)
	assert.True(t, strings.HasPrefix(r.String(), "failed: R3; passed: R1 R2 R4 "), r.String())
	assert.True(t, strings.HasSuffix(r.String(), "; not checked: R16 R17 R18"), r.String())
	x := r.Rule("R3").Comparisons[0]
	assert.Equal(t, "AUTRE-NOM", x.B.Value())
	assert.Equal(t, "KOS (0010,0010).1", fmt.Sprint(x.B))
	assert.Equal(t, "KOS (0010,0010).1", x.B.LogValue().String())
	assert.Equal(t, "Objects(redacted)", fmt.Sprintf("%+v", *o)+o.LogValue().String()[len("Objects(redacted)"):])
	assert.Zero(t, r.Rule("R99"))
}

// Documents of key objects among the images are shared or not as a manifest is
// made of them.
func TestCrossCheckKeyObjects(t *testing.T) {
	t.Parallel()
	o := checkedExam(t)
	row := o.Images[0]
	row.SOPClass = kos.SOPClass
	add := func(uid string, d *kos.Document) {
		r := row
		r.UID, r.SeriesUID, r.Document = uid, "1.2.250.1.999.23", d
		o.Images = append(o.Images, r)
	}
	verdict := func() drim.Verdict { return drim.CrossCheck(*o).Rule("R18").Verdict }
	add("1.2.250.1.999.23.1", &kos.Document{Kind: kos.KindManifest, Manifest: &kos.Manifest{}})
	assert.Equal(t, drim.Passed, verdict(), "a manifest is not shared")
	add("1.2.250.1.999.23.2", nil)
	assert.Equal(t, drim.Passed, verdict(), "one that was not read may be shared or not")
	add("1.2.250.1.999.23.3", &kos.Document{Kind: kos.KindKeyImages, Note: &kos.Note{}})
	assert.Equal(t, drim.Failed, verdict(), "a key image note is shared")
	o.Images = o.Images[:4]
	rejection := &kos.Note{Title: segur.Code{Code: kos.TitleRejectedQuality, System: "1.2.840.10008.2.16.4"}}
	rejection.References = append(rejection.References, kos.Reference{})
	rejection.References[0].Instance = o.Images[1].UID
	add("1.2.250.1.999.23.4", &kos.Document{Kind: kos.KindRejection, Note: rejection})
	assert.Equal(t, drim.Failed, verdict(), "what a note rejects is not shared")
	o.Manifest.Series[0].Instances = o.Manifest.Series[0].Instances[:1]
	assert.Equal(t, drim.Passed, verdict())
}

// The reference messages name the patient in use by the family name alone, and
// the report in them by both names: no reason to refuse every one of them.
func TestCrossCheckOfTheReferenceMessages(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"oru_pfi_examen_k.hl7", "maj_examen_g1_mdm.hl7", "depublication_examen_i_mdm.hl7", "depublication_examen_i_oru.hl7"} {
		raw := readOfficial(t, "drim/"+file)
		if raw == nil {
			return
		}
		m := parseReport(t, raw)
		// What the reports of the set say, but for the place of birth, which differs between its versions.
		report := &segur.DocumentHeader{ID: m.DocumentID, Replaces: m.ReplacedID, Type: segur.Code{Code: "18748-4"},
			PatientIDs: []segur.Identifier{{Root: segur.OIDINSNIRTest, Extension: "279035121518989"}, {Root: "1.2.250.1.213.4.5.2.4", Extension: "IPP101"}},
			Patient: segur.Traits{BirthName: "PAT-TROIS", FirstGivenName: "DOMINIQUE", GivenNames: "DOMINIQUE", UsedName: "PAT-TROIS",
				UsedGivenName: "DOMINIQUE", Sex: segur.Female, BirthDate: segur.NewDate(1979, 3, 28), BirthPlace: m.Patient.Traits.BirthPlace},
			Orders: []segur.DocumentOrder{{Accession: segur.Identifier{Root: "1.2.250.1.213.4.5.2.5", Extension: "ACN112"},
				Placer: segur.Identifier{Root: "1.2.250.1.213.4.5.2.6", Extension: "OPN112"}}}}
		r := drim.CrossCheck(drim.Objects{Report: report, Message: m})
		require.NoError(t, r.MayPublish("R1", "R2", "R3", "R4", "R6", "R7", "R8"), file)
	}
}
