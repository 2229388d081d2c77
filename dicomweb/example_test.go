package dicomweb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// A study is sent, found again by the patient's local identifier, and read back.
func Example() {
	srv := dicomwebtest.NewServer()
	defer srv.Close()
	sample, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.Store(ctx, dicomweb.StoreRequest{Instances: sample.Contents()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(result.Instances), "instances sent, all held:", result.All())

	for study, err := range client.SearchStudies(ctx, dicomweb.Query{PatientID: "IPP-0001"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("found:", study.Date, study.Modalities)
		var count, size int64
		for instance, err := range client.Retrieve(ctx, study.Ref()) {
			if err != nil {
				log.Fatal(err)
			}
			n, err := io.Copy(io.Discard, instance)
			if err != nil {
				log.Fatal(err)
			}
			count, size = count+1, size+n
		}
		fmt.Println("read back:", count, "files,", size > 6*1024)
	}
	// Output:
	// 6 instances sent, all held: true
	// found: 2026-01-15 [CT]
	// read back: 6 files, true
}

// What the server refuses is named, instance by instance.
func ExampleClient_Store_partial() {
	srv := dicomwebtest.NewServer()
	defer srv.Close()
	sample, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	if err != nil {
		log.Fatal(err)
	}
	srv.Refuse(sample.Instances[2].Ref.Instance, dicomweb.ReasonOutOfResources)

	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.Store(context.Background(), dicomweb.StoreRequest{Instances: sample.Contents()})
	var e *segur.Error
	if errors.As(err, &e) && errors.Is(err, segur.ErrPartial) {
		fmt.Println(e.Message)
		for _, i := range result.Instances {
			if !i.Outcome.OK() {
				fmt.Println(i.Outcome, i.Reason, i.Reason.Text().FR)
			}
		}
	}
	// Output:
	// 5 of 6 instances are stored
	// failed A700 Le serveur manque de place ou de ressources. Renvoyer plus tard.
}

// A study goes into a folder; a second download keeps what is there already.
func ExampleClient_Download() {
	srv := dicomwebtest.NewServer()
	defer srv.Close()
	sample, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range sample.Instances {
		if err := srv.Add(i.File); err != nil {
			log.Fatal(err)
		}
	}
	client, err := dicomweb.New(srv.Config())
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "exam")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for range 2 {
		report, err := client.Download(context.Background(), dicomweb.Ref{Study: sample.UID}, dicomweb.DownloadOptions{Dir: dir, Resume: true})
		if err != nil {
			log.Print(err) // report.Missing says what did not come, and why
			return
		}
		kept := 0
		for _, f := range report.Files {
			if f.Kept {
				kept++
			}
		}
		fmt.Println(report.Expected, "instances, complete:", report.Complete(), "kept from before:", kept)
	}
	// Output:
	// 6 instances, complete: true kept from before: 0
	// 6 instances, complete: true kept from before: 6
}
