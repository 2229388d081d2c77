package drim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	checkSeries = "1.2.250.1.999.21.1"
	checkKOS    = "1.2.250.1.999.22.1"
	checkHost   = "db.centre.example"
)

// checkedExam is an exam of which everything agrees.
func checkedExam(t testing.TB) *drim.Objects {
	t.Helper()
	at := func(s string) segur.Timestamp {
		v, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return segur.At(v)
	}
	ins, err := segur.ParseINS(matricule, segur.OIDINSNIRTest)
	require.NoError(t, err)
	structure := segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF"}
	radiologist := segur.Professional{ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Organization: &structure}
	traits := segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", UsedName: "DURAND",
		UsedGivenName: "CAM", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}
	order := segur.DocumentOrder{Placer: segur.Identifier{Root: "1.2.250.1.999.6", Extension: "ORDER-1"},
		Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: "ACC-0001"}}
	const dcm, snomed segur.OID = "1.2.840.10008.2.16.4", "2.16.840.1.113883.6.96"
	o := &drim.Objects{
		Report: &segur.DocumentHeader{
			ID: segur.Identifier{Root: "1.2.250.1.999.30.2"}, Replaces: segur.Identifier{Root: reportRoot}, Version: 2,
			Type: segur.Code{Code: "18748-4", System: "2.16.840.1.113883.6.1"}, Created: at("2026-03-10T10:15:00+01:00"), Language: "fr-FR",
			Confidentiality: segur.Code{Code: "N", System: "2.16.840.1.113883.5.25"},
			PatientIDs:      []segur.Identifier{{Root: segur.OIDINSNIRTest, Extension: matricule}, {Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
			Patient:         traits, Authors: []segur.DocumentActor{{Professional: radiologist}}, LegalAuthenticator: segur.DocumentActor{Professional: radiologist},
			Services: []segur.DocumentService{{StudyUID: studyUID, Code: segur.Code{Code: "24727-0", System: "2.16.840.1.113883.6.1"},
				Translations: []segur.QualifiedCode{{Code: segur.Code{Code: "ACQK001", System: "1.2.250.1.215.300.1"}},
					{Code: segur.Code{Code: "CT", System: dcm}, Qualifier: segur.Code{Code: "121139", System: dcm}},
					{Code: segur.Code{Code: "774007", System: snomed, Display: "tête et cou"}, Qualifier: segur.Code{Code: "39111-0"}}},
				Start: at("2026-03-10T09:00:00+01:00"), Stop: at("2026-03-10T09:20:00+01:00"),
				PracticeSetting: segur.Code{Code: "AMBULATOIRE", System: "1.2.250.1.213.1.1.4.9"}}},
			Orders: []segur.DocumentOrder{order}, FacilityType: segur.Code{Code: "SA07", System: "1.2.250.1.71.4.2.4"},
		},
		Manifest: &kos.Manifest{UID: checkKOS, SeriesUID: "1.2.250.1.999.22.0", Number: 1, Created: at("2026-03-10T10:20:00+01:00"),
			Manufacturer: "PRODUIT FICTIF", Institution: kos.Institution{ID: structure.ID, Name: structure.Name}, INS: ins, Patient: traits,
			Study:  kos.Study{UID: studyUID, Date: segur.NewDate(2026, 3, 10), Time: "090000", Description: "TDM TETE"},
			Orders: []segur.DocumentOrder{order},
			Series: []kos.Series{{UID: checkSeries, RetrieveURL: "https://" + checkHost + "/rs/studies/" + studyUID + "/series/" + checkSeries,
				Modality: "CT", Region: "tête et cou", Instances: []kos.Instance{{SOPClass: "1.2.840.10008.5.1.4.1.1.2", UID: checkSeries + ".1", Number: 1},
					{SOPClass: "1.2.840.10008.5.1.4.1.1.2", UID: checkSeries + ".2", Number: 2}}}}},
		Guard: func(host string) error {
			if host != checkHost {
				return errors.New("not listed")
			}
			return nil
		},
		RequestedUID: checkKOS,
	}
	file, err := o.Manifest.Encode()
	require.NoError(t, err)
	o.File = file
	message := parseReport(t, edit(t, mdmText, "OBX|2|CWE", "OBX|5|CWE|INVISIBLE_PATIENT^^MetaDMPMSS||N\nOBX|6|CWE|INVISIBLE_REP_LEGAUX^^MetaDMPMSS||N\n"+
		"OBX|7|CWE|DESTMSSANTEPAT^^MetaDMPMSS||N\nOBX|2|CWE", "&ISO^INS||", "&ISO^INS~IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI||",
		"LUCE^^^^L|", "LUCE^^^^L~DURAND^CAM^^^^^D|", "|19850314|F||||", "|19850314|F|||^^^^^^BDL^^69123|", "OBR|1|||", "OBR|1|ORDER-1||"))
	o.Message = message
	change, err := drim.ParseMessage(edit(t, omiText))
	require.NoError(t, err)
	o.Change = change.(*drim.ImageChange)
	entry := xds.DeriveKOSEntry(xds.KOS{UniqueID: checkKOS, Created: o.Manifest.Created, StudyUID: studyUID, Modalities: []string{"CT"}}, *o.Report,
		xds.EntryOptions{Visibility: message.Visibility()})
	require.NoError(t, entry.Digest(segur.BytesContent(file)))
	o.Entry = &entry
	o.AssertionPatient = xds.INSPatientID(ins)
	for _, i := range o.Manifest.Series[0].Instances {
		o.Images = append(o.Images, kos.Row{Study: o.Manifest.Study, PatientID: "IPP-0001", Accession: "ACC-0001", SeriesUID: checkSeries,
			Modality: "CT", SOPClass: i.SOPClass, UID: i.UID, Number: i.Number})
	}
	return o
}

func TestCrossCheckAgrees(t *testing.T) {
	t.Parallel()
	r := drim.CrossCheck(*checkedExam(t))
	require.Len(t, r.Results, 38)
	for i, x := range r.Results {
		assert.Equal(t, fmt.Sprintf("R%d", i+1), x.Rule)
		assert.Equal(t, drim.Passed, x.Verdict, "%s %v %v", x.Rule, x.Reason, x.Comparisons)
		assert.NotEmpty(t, x.Text.FR)
		assert.NotEmpty(t, x.Text.EN)
		assert.NotEmpty(t, x.Comparisons)
	}
	require.NoError(t, r.MayPublish(drim.PublicationRules()...))

	none := drim.CrossCheck(drim.Objects{})
	assert.Len(t, none.With(drim.NotChecked), 38)
	for _, x := range none.Results {
		assert.NotEmpty(t, x.Reason.FR, x.Rule)
		assert.NotEmpty(t, x.Reason.EN, x.Rule)
	}
	require.NoError(t, none.MayPublish(), "nothing failed")
	err := none.MayPublish(append(drim.PublicationRules(), "R99")...)
	require.ErrorIs(t, err, segur.ErrRefused)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, len(drim.PublicationRules())+1)
	assert.Equal(t, "broken or not checked: "+strings.Join(append(drim.PublicationRules(), "R99"), ", "), e.Message)
}

// Each rule fails, or warns, on what it is for, and says that it is not checked
// when the other side lacks.
func TestCrossCheckRules(t *testing.T) {
	t.Parallel()
	other := segur.Traits{BirthName: "AUTRE", FirstGivenName: "AUTRE", GivenNames: "AUTRE", UsedName: "AUTRE", UsedGivenName: "X", Sex: segur.Male,
		BirthDate: segur.NewDate(1999, 1, 1), BirthPlace: "75056"}
	stranger, err := segur.ParseINS("1850369123456"+segur.MatriculeKey("1850369123456"), segur.OIDINSNIRDemo)
	require.NoError(t, err)
	patient := func(o *drim.Objects) { o.Manifest.Patient = other }
	alone := func(o *drim.Objects) { *o = drim.Objects{Report: o.Report} }
	onlyEntry := func(o *drim.Objects) { *o = drim.Objects{Entry: o.Entry} }
	noEntry := func(o *drim.Objects) { o.Entry = nil }
	noMessage := func(o *drim.Objects) { o.Message = nil }
	noImages := func(o *drim.Objects) { o.Images = nil }
	type change = func(*drim.Objects)
	flags := func(f func(*drim.Flags)) change { return func(o *drim.Objects) { f(&o.Message.Flags) } }
	codes := func(s string, system segur.OID) change {
		return func(o *drim.Objects) {
			for i := range o.Entry.EventCodes {
				if o.Entry.EventCodes[i].System == system {
					o.Entry.EventCodes[i].Code = s
				}
			}
		}
	}
	for _, c := range []struct {
		rule       string
		fail       change
		verdict    drim.Verdict
		notChecked change
	}{
		{"R1", func(o *drim.Objects) { o.Manifest.INS = stranger }, drim.Failed, alone},
		{"R1", func(o *drim.Objects) { o.Message.PatientIDs[0].Extension = stranger.Matricule() }, drim.Failed, onlyEntry},
		{"R1", func(o *drim.Objects) { o.Change.PatientIDs[0].Extension = stranger.Matricule() }, drim.Failed, nil},
		{"R1", func(o *drim.Objects) { o.Entry.PatientID.ID = stranger.Matricule() }, drim.Failed, nil},
		{"R1", func(o *drim.Objects) { o.AssertionPatient.ID = stranger.Matricule() }, drim.Failed, nil},
		{"R1", func(o *drim.Objects) { o.Report.PatientIDs = o.Report.PatientIDs[1:] }, drim.Failed, nil},
		{"R1", func(o *drim.Objects) {
			o.Entry.SourcePatientID = xds.PatientID{ID: stranger.Matricule(), Authority: segur.OIDINSNIRTest, Type: "PI"}
		}, drim.Failed, nil},
		{"R2", func(o *drim.Objects) { o.Entry.PatientID.Authority = segur.OIDINSNIR }, drim.Failed, alone},
		{"R3", patient, drim.Failed, alone},
		{"R3", func(o *drim.Objects) { o.Manifest.Patient.BirthName = "FICTIVE DURAND" }, drim.Warned, nil},
		{"R3", func(o *drim.Objects) { o.Manifest.Patient.BirthName = "" }, drim.Failed, nil},
		{"R4", patient, drim.Failed, alone},
		{"R4", func(o *drim.Objects) { o.Entry.SourcePatientInfo[0] = "PID-5|FICTIVE-DURAND^LUCE^^^^^L" }, drim.Failed, nil},
		{"R5", patient, drim.Failed, alone},
		{"R5", func(o *drim.Objects) { o.Message.Patient.Traits.GivenNames = "LUCE" }, drim.Warned, nil},
		{"R6", patient, drim.Failed, onlyEntry},
		{"R6", func(o *drim.Objects) { o.Report.Patient.UsedName, o.Report.Patient.UsedGivenName = "", "" }, drim.Failed, nil},
		{"R6", func(o *drim.Objects) {
			o.Report.Patient.UsedName, o.Report.Patient.UsedGivenName = "", ""
			o.Manifest.Patient.UsedName, o.Manifest.Patient.UsedGivenName = "FICTIVE-DURAND", "CAMILLE"
		}, drim.Warned, nil},
		// Senders put the name in use into PID-5[D] and leave the given name out, as all reference messages do.
		{"R6", func(o *drim.Objects) { o.Message.Patient.Traits.UsedGivenName = "" }, drim.Passed, nil},
		{"R6", func(o *drim.Objects) { o.Message.Patient.Traits.UsedGivenName = "LUCE" }, drim.Failed, nil},
		{"R6", func(o *drim.Objects) { o.Manifest.Patient.UsedGivenName = "" }, drim.Failed, nil},
		{"R6", func(o *drim.Objects) { o.Report.Patient.UsedGivenName = "" }, drim.Failed, nil},
		{"R6", func(o *drim.Objects) {
			o.Report.Patient.UsedGivenName, o.Manifest.Patient.UsedGivenName = "", "CAMILLE"
		}, drim.Warned, nil},
		{"R6", func(o *drim.Objects) {
			o.Report.Patient.UsedName, o.Manifest.Patient.UsedName, o.Message.Patient.Traits = "", "", segur.Traits{}
		}, drim.Passed, nil},
		{"R7", patient, drim.Failed, alone},
		{"R8", patient, drim.Failed, alone},
		{"R9", patient, drim.Failed, alone},
		{"R9", func(o *drim.Objects) { o.Manifest.Patient.BirthPlace = "99999" }, drim.Warned, nil},
		{"R10", func(o *drim.Objects) { o.Images[1].PatientID = "IPP-0002" }, drim.Failed, alone},
		{"R10", func(o *drim.Objects) { o.Message.PatientIDs[1].Extension = "IPP-0002" }, drim.Failed, onlyEntry},
		{"R10", func(o *drim.Objects) { o.Message.PatientIDs[1].Root = "1.2.3" }, drim.Failed, nil},
		{"R10", func(o *drim.Objects) {
			o.Report.PatientIDs = o.Report.PatientIDs[:1]
			o.Images, o.Manifest.Archive.PatientID = nil, "IPP-0002"
		}, drim.Failed, nil},
		{"R11", func(o *drim.Objects) { o.Report.Services[0].StudyUID = "1.2.3" }, drim.Failed, alone},
		{"R11", func(o *drim.Objects) { o.Change.StudyUID = "1.2.3" }, drim.Failed, nil},
		{"R11", func(o *drim.Objects) { o.Images[0].Study.UID = "1.2.3" }, drim.Failed, nil},
		{"R11", func(o *drim.Objects) { o.Entry.References = nil }, drim.Failed, nil},
		{"R12", func(o *drim.Objects) { o.Report.Orders[0].Accession.Extension = "ACC-2" }, drim.Failed, alone},
		{"R12", func(o *drim.Objects) { o.Images[1].Accession = "ACC-2" }, drim.Failed, nil},
		{"R12", func(o *drim.Objects) { o.Images[1].Accession = "" }, drim.Warned, nil},
		{"R12", func(o *drim.Objects) { o.Change.Accession.Extension = "ACC-2" }, drim.Failed, nil},
		{"R12", func(o *drim.Objects) { o.Images, o.Manifest.Archive.Accessions = nil, []string{"ACC-2"} }, drim.Failed, nil},
		{"R13", func(o *drim.Objects) { o.Manifest.Orders[0].Accession.Root = "1.2.3" }, drim.Failed, alone},
		{"R13", func(o *drim.Objects) { o.Manifest.Orders[0].Accession.Root = "" }, drim.Warned,
			func(o *drim.Objects) {
				o.Report.Orders[0].Accession.Extension, o.Manifest.Orders, o.Entry.References = "X", nil, nil
			}},
		{"R14", func(o *drim.Objects) { o.Manifest.Orders[0].Placer.Extension = "ORDER-2" }, drim.Failed, alone},
		{"R14", func(o *drim.Objects) { o.Message.Placer.Extension = "984375862" }, drim.Warned, nil},
		{"R15", func(o *drim.Objects) { o.Report.Orders[0].Placer.Root = "1.2.3" }, drim.Failed, alone},
		{"R16", func(o *drim.Objects) { o.Manifest.Study.Time = "090001" }, drim.Failed, noImages},
		{"R16", func(o *drim.Objects) { o.Manifest.Study.Date = segur.NewDate(2026, 3, 11) }, drim.Failed, alone},
		// Devices that write to one study do not agree on its time nor on its description: the manifest has one of them.
		{"R16", func(o *drim.Objects) { o.Images[0].Study.Time = "090001" }, drim.Warned, nil},
		{"R16", func(o *drim.Objects) { o.Images[0].Study.Date = segur.NewDate(2026, 3, 11) }, drim.Warned, nil},
		{"R17", func(o *drim.Objects) { o.Manifest.Study.Description = "IRM" }, drim.Failed, noImages},
		{"R17", func(o *drim.Objects) { o.Images[0].Study.Description = "IRM" }, drim.Warned, nil},
		{"R17", func(o *drim.Objects) { o.Manifest.Study.Description = "TDM TÊTE" }, drim.Warned, nil},
		{"R17", func(o *drim.Objects) {
			o.Manifest.Study.Description = strings.Repeat("x", 64)
			for i := range o.Images {
				o.Images[i].Study.Description = strings.Repeat("x", 70)
			}
		}, drim.Warned, alone},
		{"R18", func(o *drim.Objects) { o.Images = o.Images[:1] }, drim.Failed, noImages},
		{"R18", func(o *drim.Objects) { o.Images = o.Images[:0] }, drim.Failed, alone},
		{"R18", func(o *drim.Objects) { o.Images = append(o.Images, kos.Row{UID: "1.2.3", SOPClass: "1.2"}) }, drim.Failed, nil},
		{"R19", func(o *drim.Objects) { o.Entry.ServiceStop.Time = o.Entry.ServiceStop.Time.Add(time.Second) }, drim.Failed, noEntry},
		{"R19", func(o *drim.Objects) { o.Entry.ServiceStart = segur.Timestamp{} }, drim.Failed, onlyEntry},
		{"R19", func(o *drim.Objects) {
			o.Entry.ServiceStart.Time = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
		}, drim.Warned, func(o *drim.Objects) {
			o.Report.Services[0].Start, o.Report.Services[0].Stop = segur.Timestamp{}, segur.Timestamp{}
		}},
		{"R20", func(o *drim.Objects) { o.Entry.UniqueID = "1.2.3" }, drim.Failed, onlyEntry},
		{"R20", func(o *drim.Objects) { o.RequestedUID = "1.2.3" }, drim.Failed, nil},
		{"R20", func(o *drim.Objects) { o.File = []byte("no KOS") }, drim.Failed, nil},
		{"R20", func(o *drim.Objects) { o.Manifest.UID = "1.2.3" }, drim.Failed, nil},
		{"R21", func(o *drim.Objects) { o.Entry.Created.Time = o.Entry.Created.Time.Add(time.Second) }, drim.Failed, noEntry},
		{"R21", func(o *drim.Objects) { o.Entry.Created = segur.Timestamp{} }, drim.Failed, onlyEntry},
		{"R22", func(o *drim.Objects) { o.File[len(o.File)-1]++ }, drim.Failed, func(o *drim.Objects) { o.File = nil }},
		{"R22", func(o *drim.Objects) { o.Entry.Size++ }, drim.Failed, func(o *drim.Objects) { o.Entry.Hash, o.Entry.Size = "", 0 }},
		{"R22", func(o *drim.Objects) { o.File = append(o.File, 0) }, drim.Failed, noEntry},
		{"R23", func(o *drim.Objects) { o.Entry.FormatCode.Code = "urn:x" }, drim.Failed, onlyEntry},
		{"R23", func(o *drim.Objects) { o.Entry.FormatCode.Code = "" }, drim.Failed, noEntry},
		{"R24", func(o *drim.Objects) { o.Manifest.Institution.ID = "1990000027" }, drim.Failed, alone},
		{"R24", func(o *drim.Objects) { o.Entry.Authors[0].Institutions[0].ID = "1990000027" }, drim.Failed, onlyEntry},
		{"R24", func(o *drim.Objects) { o.Manifest.Institution.Name = "AUTRE NOM" }, drim.Warned, nil},
		{"R24", func(o *drim.Objects) { o.Manifest.Institution.ID = "" }, drim.Warned, nil},
		{"R24", func(o *drim.Objects) {
			o.Manifest.Institution.ID, o.Structures = "1990000027", []string{"", "990000027"}
		}, drim.Warned, nil},
		{"R24", func(o *drim.Objects) { o.Manifest.Institution = kos.Institution{Name: "Centre d’imagerie fictif"} }, drim.Warned, nil},
		{"R24", func(o *drim.Objects) {
			o.Entry.Authors[0].Institutions[0].ID, o.Message.Sender.Structure.ID = "1990000027", "1990000027"
		}, drim.Warned, nil},
		{"R25", func(o *drim.Objects) { o.Entry.Authors[0].Person.ID = "899900000031" }, drim.Failed, noEntry},
		{"R25", func(o *drim.Objects) { o.Entry.LegalAuthenticator = xds.Person{} }, drim.Failed, onlyEntry},
		{"R26", func(o *drim.Objects) { o.Message.DocumentID.Root = "1.2.3" }, drim.Failed, noMessage},
		{"R26", func(o *drim.Objects) { o.Message.ReplacedID.Root = "1.2.3" }, drim.Failed, func(o *drim.Objects) { o.Report = nil }},
		{"R26", func(o *drim.Objects) { o.Report.Replaces = segur.Identifier{} }, drim.Failed,
			func(o *drim.Objects) { o.Message.DocumentID = segur.Identifier{} }},
		{"R26", func(o *drim.Objects) { o.Report.Replaces, o.Message.Action = segur.Identifier{}, drim.ActionDelete }, drim.Warned, nil},
		{"R27", func(o *drim.Objects) { o.Message.ServiceCode.Code = "34555-3" }, drim.Warned, alone},
		{"R27", func(o *drim.Objects) { o.Report.Type.Code = "11502-2" }, drim.Warned, onlyEntry},
		{"R28", func(o *drim.Objects) { codes("X", "2.16.840.1.113883.6.1")(o); codes("Y", "1.2.250.1.215.300.1")(o) }, drim.Failed, noEntry},
		{"R28", codes("X", "2.16.840.1.113883.6.1"), drim.Warned, onlyEntry},
		{"R28", func(o *drim.Objects) {
			o.Report.Services[0].Translations[0].System = "1.2.3"
		}, drim.Warned, nil},
		{"R28", func(o *drim.Objects) { o.Entry.EventCodes = nil }, drim.Failed, nil},
		{"R28", func(o *drim.Objects) { // older reports have a region where the act should be
			act := segur.Code{Code: "63337009", System: "2.16.840.1.113883.6.96"}
			o.Report.Services[0].Code, o.Report.Services[0].Translations = act, o.Report.Services[0].Translations[1:]
			o.Entry.EventCodes = append(o.Entry.EventCodes[2:], act)
		}, drim.Passed, nil},
		{"R29", codes("MR", "1.2.250.1.213.1.1.5.618"), drim.Failed, alone},
		{"R29", func(o *drim.Objects) { o.Images[0].Modality = "PT" }, drim.Warned, onlyEntry},
		// A radiograph is CR, DX or RG, by the age of the device and of the order: no reason to withhold it.
		{"R29", func(o *drim.Objects) {
			codes("DX", "1.2.250.1.213.1.1.5.618")(o)
			o.Report.Services[0].Translations[1].Code.Code = "DX"
			o.Manifest.Series[0].Modality = "CR"
			o.Images[0].Modality, o.Images[1].Modality = "CR", "CR"
		}, drim.Warned, nil},
		{"R30", codes("80891009", "1.2.250.1.213.1.1.5.695"), drim.Failed, alone},
		{"R30", func(o *drim.Objects) { o.Manifest.Series[0].Region = "pied" }, drim.Warned, nil},
		{"R31", func(o *drim.Objects) { o.Entry.FacilityTypeCode.Code = "SA25" }, drim.Failed, noEntry},
		{"R31", func(o *drim.Objects) { o.Entry.PracticeSettingCode.Code = "ETABLISSEMENT" }, drim.Failed, onlyEntry},
		{"R32", func(o *drim.Objects) { o.Manifest.Series[0].RetrieveURL += "0" }, drim.Failed, alone},
		{"R32", func(o *drim.Objects) { o.Manifest.Series[0].RetrieveURL += "?x=1" }, drim.Failed, func(o *drim.Objects) { o.Manifest.Series = nil }},
		{"R32", func(o *drim.Objects) {
			o.Manifest.Series[0].RetrieveURL = "\n " + strings.Replace(o.Manifest.Series[0].RetrieveURL, "https", "http", 1)
		}, drim.Warned, nil},
		{"R33", func(o *drim.Objects) { o.Manifest.Series[0].RetrieveURL = "https://db.autre.example/x" }, drim.Failed,
			func(o *drim.Objects) { o.Guard = nil }},
		{"R33", func(o *drim.Objects) { o.Manifest.Series[0].RetrieveURL = "" }, drim.Failed, func(o *drim.Objects) { o.Manifest.Series = nil }},
		{"R34", flags(func(f *drim.Flags) { f.HiddenFromProfessionals = drim.No }), drim.Failed, noMessage},
		{"R34", flags(func(f *drim.Flags) { f.HiddenFromProfessionals = drim.Unset }), drim.Warned, noEntry},
		{"R35", flags(func(f *drim.Flags) { f.HiddenFromPatient = drim.Yes }), drim.Failed,
			flags(func(f *drim.Flags) { f.HiddenFromPatient = drim.Unset })},
		{"R36", flags(func(f *drim.Flags) { f.HiddenFromRepresentatives = drim.Yes }), drim.Failed, noEntry},
		{"R36", flags(func(f *drim.Flags) { f.SecretConnection = drim.Yes }), drim.Failed, noMessage},
		{"R37", func(o *drim.Objects) { o.Entry.ConfidentialityCodes = o.Entry.ConfidentialityCodes[1:] }, drim.Failed, noEntry},
		{"R37", func(o *drim.Objects) {
			c := o.Entry.ConfidentialityCodes
			c[0], c[1] = c[1], c[0]
		}, drim.Warned, nil},
		{"R38", flags(func(f *drim.Flags) { f.HiddenFromPatient, f.ToPatient = drim.Yes, drim.Yes }), drim.Warned, noMessage},
	} {
		o := checkedExam(t)
		c.fail(o)
		r := drim.CrossCheck(*o)
		x := r.Rule(c.rule)
		assert.Equal(t, c.verdict, x.Verdict, "%s: %v %v", c.rule, x.Reason, x.Comparisons)
		err := r.MayPublish()
		if c.verdict == drim.Failed {
			require.ErrorIs(t, err, segur.ErrRefused)
			assert.ErrorContains(t, err, c.rule)
			var values bool
			for _, k := range x.Comparisons {
				values = values || k.Verdict == drim.Failed && k.A.Value() != k.B.Value()
			}
			assert.True(t, values, "%s keeps both values", c.rule)
			o.WarnOnly = []string{c.rule}
			assert.Equal(t, drim.Warned, drim.CrossCheck(*o).Rule(c.rule).Verdict)
		}
		for _, out := range []string{fmt.Sprintf("%+v", *r), r.String(), fmt.Sprint(err), fmt.Sprintf("%#v", x.Comparisons)} {
			for _, secret := range []string{matriculeBody, "DURAND", "IPP-0001", "ACC-0001", "AUTRE"} {
				require.NotContains(t, out, secret, c.rule)
			}
		}
		if c.notChecked != nil {
			o := checkedExam(t)
			c.notChecked(o)
			x := drim.CrossCheck(*o).Rule(c.rule)
			assert.Equal(t, drim.NotChecked, x.Verdict, "%s: %v", c.rule, x.Comparisons)
			assert.NotEmpty(t, x.Reason.EN, c.rule)
		}
	}
}
