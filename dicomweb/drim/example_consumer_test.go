package drim_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// A consumer finds the exam that another site shared, and takes its images into
// its own archive under its own number of the patient.
func ExampleConsumer() {
	ctx := context.Background()
	record, box, archive := dmptest.NewServer(), drimtest.NewServer(), dicomwebtest.NewServer()
	defer record.Close()
	defer box.Close()
	defer archive.Close()
	if err := shareExam(ctx, record, box); err != nil {
		log.Fatal(err)
	}

	cfg := record.Config()
	cfg.Mode, cfg.User = dmp.IndirecteRenforcee, dmptest.Radiologist() // who reads proved who they are (AIR)
	reader, err := dmp.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	consumer, err := drim.NewConsumer(drim.ConsumerConfig{
		ClientConfig: box.ClientConfig(), Record: reader.Manifests(dmp.ManifestOptions{}),
		Boxes: func(host string) error { // yours: (*whitelist.Client).Guard
			if host != box.Host() {
				return errors.New("not on the white list")
			}
			return nil
		},
		Tokens: userToken{}, // yours: a *psc.Session
	})
	if err != nil {
		log.Fatal(err)
	}
	defer consumer.Close()

	exams, err := consumer.Exams(ctx, drim.ExamQuery{Patient: dmptest.Patient().INS}) // yours: Call.ExamQuery
	if err != nil {
		log.Fatal(err)
	}
	opened, err := consumer.Open(ctx, exams[0])
	if err != nil {
		log.Fatal(err)
	}
	pacs, err := dicomweb.New(archive.Config())
	if err != nil {
		log.Fatal(err)
	}
	report, err := consumer.Export(ctx, drim.ExportRequest{Exams: []*drim.OpenedExam{opened}, PACS: pacs,
		Local: drim.LocalIdentity{INS: dmptest.Patient().INS, PatientID: "B-77041", Issuer: "HOPITAL VOISIN FICTIF"}})
	if err != nil {
		log.Print(err) // of each image why: report.Retrieved and report.Stored
		return
	}
	fmt.Println("complete:", report.Complete(), "-", report.Held(), "images")
	for study, err := range pacs.SearchStudies(ctx, dicomweb.Query{PatientID: "B-77041"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("here:", study.Date, study.Modalities)
	}
	// Output:
	// complete: true - 6 images
	// here: 2026-01-15 [CT]
}

// userToken is the access token of the user who reads.
type userToken struct{}

func (userToken) Token(context.Context) (string, error) { return drimtest.Token, nil }

// shareExam plays the other site: a report comes, its images are shared.
func shareExam(ctx context.Context, record *dmptest.Server, box *drimtest.Server) error {
	images := dicomwebtest.NewServer()
	defer images.Close()
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	if err != nil {
		return err
	}
	var files [][]byte
	for _, i := range study.Instances {
		files = append(files, i.File)
	}
	if err := images.Add(files...); err != nil {
		return err
	}
	pacs, err := dicomweb.New(images.Config())
	if err != nil {
		return err
	}
	client, err := dmp.New(record.Config())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "drimbox")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	archive, err := drim.OpenArchive(dir)
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	source, err := drim.NewSource(drim.SourceConfig{
		Environment: segur.Fake, PACS: pacs, Archive: archive, ReadReport: cda.ReadHeader, RetrieveBase: box.URL, Manufacturer: "EXAMPLE",
		Records: func(_ context.Context, a drim.Actor) (drim.Record, error) {
			user, err := client.ForUser(a.Professional(), nil)
			if err != nil {
				return nil, err
			}
			return user.Manifests(dmp.ManifestOptions{Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"}}), nil
		},
	})
	if err != nil {
		return err
	}
	report, _ := exampleReport(study)
	if _, err := source.Receive(ctx, &drim.ReportMessage{Action: drim.ActionCreate, CDA: report, Flags: drim.Flags{ToDMP: drim.Yes}, Patient: dmptest.Patient()}); err != nil {
		return err
	}
	manifest, err := archive.Manifest(ctx, study.UID, "")
	if err != nil {
		return err
	}
	return box.Share(manifest.UID, files...)
}
