package dicomweb_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// A folder of any size goes in requests of bounded size; what is no image is named and does not hold up the others.
func ExampleClient_StoreAll() {
	srv := dicomwebtest.NewServer()
	defer srv.Close()
	sample, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	list := append(sample.Contents(), segur.BytesContent([]byte("Thumbs.db")))
	for r, err := range client.StoreAll(context.Background(), dicomweb.Contents(list), dicomweb.StoreOptions{BatchInstances: 2}) {
		switch {
		case err != nil:
			fmt.Println(segur.KindOf(err), len(list)-srv.Len())
		case !r.Outcome.OK():
			fmt.Println(r.Index, r.Outcome)
		}
	}
	// Output:
	// 6 invalid
	// partial 1
}

// A PDF becomes a file that every server takes, in a series of its own of the study of the images.
func ExampleEncapsulatedPDF() {
	srv := dicomwebtest.NewServer()
	defer srv.Close()
	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	series, err := client.NewUID()
	if err != nil {
		log.Fatal(err)
	}
	instance, err := client.NewUID()
	if err != nil {
		log.Fatal(err)
	}
	report, err := dicomweb.EncapsulatedPDF(dicomweb.NewDataset( // of the study, patient and order included
		dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.2.250.1.999.1.1"), dicomweb.Text(dicomweb.TagSeriesInstanceUID, series),
		dicomweb.Text(dicomweb.TagSOPInstanceUID, instance), dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"),
		dicomweb.Text(dicomweb.TagPatientName, "FICTIVE-DURAND^CAMILLE"), dicomweb.Text(dicomweb.TagAccessionNumber, "ACC-0001"),
	), "Compte rendu", segur.BytesContent([]byte("%PDF-1.7 …")))
	if err != nil {
		log.Fatal(err)
	}
	file, err := report.File()
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.Store(context.Background(), dicomweb.StoreRequest{Instances: []segur.Content{file}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Instances[0].Outcome)
	// Output: stored
}

// A workitem is taken under a Transaction UID of one's own, and completed under it.
func ExampleClient_ChangeWorkitemState() {
	srv := dicomwebtest.NewServer()
	defer srv.Close()
	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	made, err := client.CreateWorkitem(ctx, dicomweb.Workitem{Label: "Relecture", Start: time.Date(2026, 1, 15, 10, 30, 0, 0, time.UTC)})
	if err != nil {
		log.Fatal(err)
	}
	transaction, err := client.NewUID() // kept: it is needed to end the workitem
	if err != nil {
		log.Fatal(err)
	}
	for _, state := range []dicomweb.UPSState{dicomweb.UPSInProgress, dicomweb.UPSCompleted} {
		if _, err := client.ChangeWorkitemState(ctx, dicomweb.StateChange{UID: made.UID, State: state, Transaction: transaction}); err != nil {
			log.Fatal(err)
		}
	}
	w, err := client.RetrieveWorkitem(ctx, made.UID)
	fmt.Println(w.State, err)
	// Output: COMPLETED <nil>
}
