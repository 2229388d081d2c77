package dmp_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// exampleReport is a report that package cda wrote.
func exampleReport() (*cda.Document, error) {
	w, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.5"})
	if err != nil {
		return nil, err
	}
	return w.Level1(cda.Report{
		Patient:            dmptest.Patient(),
		Authors:            []cda.Author{{Professional: dmptest.Radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: dmptest.Radiologist()},
		Orders:             []cda.Order{{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"}}},
		Acts: []cda.Act{{
			StudyUID: "1.2.250.1.999.4.1001", Code: segur.Code{Code: "26257-6", Display: "RM genou - gauche"},
			Modalities: []segur.Code{{Code: "MR"}}, Start: examination, End: examination.Add(1500e9),
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             segur.BytesContent(samplePDF()),
	})
}

// A report is published, found, and read again: feeding is done in INDIRECTE,
// consultation in INDIRECTE_RENFORCEE.
func Example() {
	ctx := context.Background()
	srv := dmptest.NewServer() // the real thing: an endpoint, certificates of IGC-Santé
	defer srv.Close()
	patient := dmptest.Patient()

	feed, err := dmp.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := exampleReport()
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := feed.Prepare(ctx, dmp.Submission{
		Patient: patient, Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"},
		Documents: []dmp.SubmissionDocument{{Document: report}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err = feed.Submit(ctx, sealed); err != nil {
		fmt.Println(err)
		return
	}

	cfg := srv.Config()
	cfg.Mode = dmp.IndirecteRenforcee
	consult, err := dmp.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	for entry, err := range consult.Find(ctx, dmp.Query{Patient: patient.INS, Types: []segur.Code{{Code: "18748-4"}}}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		document, err := consult.Retrieve(ctx, patient.INS, entry)
		if err != nil {
			fmt.Println(err)
			return
		}
		n, err := io.Copy(io.Discard, document)
		fmt.Println(entry.Title, n == report.Size(), errors.Join(err, document.Close()))
	}
	// Output:
	// CR d'imagerie médicale true <nil>
}

// The answer is lost: the record is asked before anything is sent again.
func ExampleClient_Resubmit() {
	ctx := context.Background()
	srv := dmptest.NewServer()
	defer srv.Close()
	srv.Fail(dmptest.Fault{Op: "dmp.submit", DropBeforeResponse: true})
	client, err := dmp.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := exampleReport()
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := client.Prepare(ctx, dmp.Submission{
		Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"},
		Documents: []dmp.SubmissionDocument{{Document: report}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Submit(ctx, sealed)
	if errors.Is(err, segur.ErrOutcomeUnknown) {
		receipt, err := client.Resubmit(ctx, sealed)
		fmt.Println(err == nil && receipt.AlreadyPresent, len(srv.Documents()))
	}
	// Output:
	// true 1
}

// Everything that is wrong is said at once, and nothing is sent.
func ExampleClient_Prepare() {
	srv := dmptest.NewServer()
	defer srv.Close()
	client, err := dmp.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	patient := dmptest.Patient()
	patient.Status = segur.Validated
	_, err = client.Prepare(context.Background(), dmp.Submission{Patient: patient, Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "7"}})
	var e *segur.Error
	if errors.As(err, &e) {
		for _, d := range e.Details {
			fmt.Println(d.Field, d.Message)
		}
	}
	// Output:
	// patient.status must be QUAL: the INS is used once the identity is qualified
	// documents at least one is required
	// contentType is not in the value set JDV_J59_ContentTypeCode_DMP
}
