package drim_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// A source on the fakes of the record and of the image archive: the report of a
// study is validated, its message comes twice, the report is withdrawn.
func ExampleSource() {
	ctx := context.Background()
	record, images := dmptest.NewServer(), dicomwebtest.NewServer()
	defer record.Close()
	defer images.Close()
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range study.Instances {
		if err := images.Add(i.File); err != nil {
			log.Fatal(err)
		}
	}
	pacs, err := dicomweb.New(images.Config())
	if err != nil {
		log.Fatal(err)
	}
	client, err := dmp.New(record.Config())
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "drimbox")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	archive, err := drim.OpenArchive(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = archive.Close() }()

	source, err := drim.NewSource(drim.SourceConfig{
		Environment: segur.Fake, PACS: pacs, Archive: archive, ReadReport: cda.ReadHeader,
		RetrieveBase: "https://db.site-a.example/rs", Manufacturer: "EXAMPLE",
		Records: func(_ context.Context, a drim.Actor) (drim.Record, error) {
			user, err := client.ForUser(a.Professional(), nil)
			if err != nil {
				return nil, err
			}
			return user.Manifests(dmp.ManifestOptions{Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"}}), nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}

	report, id := exampleReport(study)
	message := &drim.ReportMessage{Action: drim.ActionCreate, CDA: report, Flags: drim.Flags{ToDMP: drim.Yes}, Patient: dmptest.Patient()}
	outcome, err := source.Receive(ctx, message)
	if err != nil {
		log.Fatal(err) // not acknowledged: the archive does not have it
	}
	fmt.Println("report validated:", outcome.Studies[0].State)

	// The same message again: the sender did not see the acknowledgement.
	if outcome, err = source.Receive(ctx, message); err != nil {
		log.Fatal(err)
	}
	fmt.Println("sent again:", outcome.Studies[0].Effect, "-", len(record.Documents()), "document in the record")

	// A withdrawal names the document alone.
	outcome, err = source.Receive(ctx, &drim.ReportMessage{Action: drim.ActionDelete, DocumentID: segur.Identifier{Root: id}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("report withdrawn:", outcome.Studies[0].State)
	// Output:
	// report validated: published
	// sent again: repeated - 1 document in the record
	// report withdrawn: withdrawn
}
