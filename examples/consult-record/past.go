package main

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
)

// past fills the fake record with what other people left there, most of it in
// a neighbouring hospital: there is something to find, and to warn of. A product
// has no such thing.
func past(ctx context.Context, w *world) error {
	hospital := segur.Organization{ID: "1990000027", Name: "HÔPITAL VOISIN FICTIF", Sector: segur.Code{Code: "SA01"}}
	there := w.feed
	there.Structure = hospital
	there.Credentials = segur.StaticCredential(w.record.PKI().Organization(credentialtest.StructureID(hospital.ID)))
	there.Signing = segur.StaticCredential(w.record.PKI().Signature(credentialtest.StructureID(hospital.ID)))
	there.User = segur.Professional{ID: "899900000023", FamilyName: "VOISINE", GivenName: "Dominique",
		Profession: segur.Code{Code: "10"}, Specialty: segur.Code{Code: "G15_10/SM44"}, Organization: &hospital}
	for _, d := range []struct {
		years      int
		title      string
		who        dmp.Config
		visibility []xds.Visibility
		deposited  bool
	}{
		{years: 7, title: "Radiographie du thorax", who: there},
		{years: 4, title: "IRM cérébrale", who: there},
		{years: 3, title: "Scanner abdominal", who: there, visibility: []xds.Visibility{xds.HiddenFromPatient}},
		{years: 2, title: "Échographie pelvienne", who: w.feed, visibility: []xds.Visibility{xds.HiddenFromProfessionals}},
		{years: 1, title: "Images remises sur un disque", who: there, deposited: true},
	} {
		act := time.Now().AddDate(-d.years, 0, -1)
		report, err := write(report{patient: w.patient, by: d.who, title: d.title, act: act})
		if err != nil {
			return err
		}
		document := dmp.SubmissionDocument{Document: report, Visibility: d.visibility}
		if d.deposited {
			document = fromPatient(report)
		}
		client, err := dmp.New(d.who)
		if err != nil {
			return err
		}
		sealed, err := client.Prepare(ctx, dmp.Submission{Patient: w.patient, Opposition: dmp.NotOpposed,
			ContentType: segur.Code{Code: "03"}, Documents: []dmp.SubmissionDocument{document}})
		if err != nil {
			return err
		}
		if _, err := client.Submit(ctx, sealed); err != nil {
			return err
		}
	}
	return nil
}

// fromPatient is a report as if the patient had put it in the record.
func fromPatient(report *cda.Document) dmp.SubmissionDocument {
	entry := xds.DeriveEntry(report.Header(), xds.EntryOptions{})
	entry.TypeCode = segur.Code{Code: "DOCPAT04", System: "1.2.250.1.213.1.1.4.12", Display: "Imagerie déposée par le patient"}
	return dmp.SubmissionDocument{Content: report, Entry: &entry}
}

// minorPatient is somebody of sixteen, fictional as everybody here.
func minorPatient() *segur.Patient {
	born := time.Now().AddDate(-16, 0, -20)
	body := "2" + born.Format("0601") + "69123457"
	ins, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	if err != nil {
		panic(err) // the number is made here
	}
	return &segur.Patient{
		Status: segur.Qualified, INS: ins,
		Traits: segur.Traits{BirthName: "FICTIVE-MARTIN", FirstGivenName: "LOU", GivenNames: "LOU", Sex: segur.Female,
			BirthDate: segur.NewDate(born.Year(), born.Month(), born.Day()), BirthPlace: "69123"},
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0002"}},
	}
}
