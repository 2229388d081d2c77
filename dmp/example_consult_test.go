package dmp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// consultable gives a record one report, and a client that may consult it.
func consultable(ctx context.Context, srv *dmptest.Server) (*dmp.Client, error) {
	cfg := srv.Config()
	feed, err := dmp.New(cfg)
	if err != nil {
		return nil, err
	}
	report, err := exampleReport()
	if err != nil {
		return nil, err
	}
	sealed, err := feed.Prepare(ctx, dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed,
		ContentType: consultation, Documents: []dmp.SubmissionDocument{{Document: report}}})
	if err != nil {
		return nil, err
	}
	if _, err := feed.Submit(ctx, sealed); err != nil {
		return nil, err
	}
	cfg.Mode = dmp.IndirecteRenforcee
	return dmp.New(cfg)
}

// Each opening of a patient's file asks what changed; the state in between is
// stored with the patient.
func ExampleClient_Sync() {
	ctx := context.Background()
	srv := dmptest.NewServer() // the real thing: an endpoint, certificates of IGC-Santé
	defer srv.Close()
	client, err := consultable(ctx, srv)
	if err != nil {
		fmt.Println(err)
		return
	}
	var stored []byte // what the product keeps with the patient
	for range 2 {
		var state dmp.SyncState // zero: never opened
		if stored != nil {
			if err := json.Unmarshal(stored, &state); err != nil {
				fmt.Println(err) // open the record anew
			}
		}
		r, err := client.Sync(ctx, dmp.SyncRequest{Patient: dmptest.Patient().INS, State: state,
			Since: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, c := range r.Changes {
			// Whatever the kind: c.Entry, when there is one, comes in the place
			// of c.Previous.
			if c.Entry != nil {
				fmt.Println(c.Kind, c.Entry.Title)
			}
		}
		fmt.Println(len(r.Changes), "changes")
		if stored, err = json.Marshal(r.State); err != nil { // once the changes are dealt with
			fmt.Println(err)
			return
		}
	}
	// Output:
	// new CR d'imagerie médicale
	// 1 changes
	// 0 changes
}

// Several documents come one after the other; each is right once its end was
// read, and what the record does not give is the last error.
func ExampleClient_RetrieveAll() {
	ctx := context.Background()
	srv := dmptest.NewServer() // the real thing: an endpoint, certificates of IGC-Santé
	defer srv.Close()
	client, err := consultable(ctx, srv)
	if err != nil {
		fmt.Println(err)
		return
	}
	patient := dmptest.Patient().INS
	var entries []*xds.DocumentEntry
	for e, err := range client.Find(ctx, dmp.Query{Patient: patient}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		entries = append(entries, e)
	}
	entries = append(entries, &xds.DocumentEntry{UniqueID: "1.2.250.1.999.5.404"}) // deleted meanwhile
	for d, err := range client.RetrieveAll(ctx, patient, entries) {
		if err != nil {
			fmt.Println("not all of them:", errors.Is(err, segur.ErrPartial))
			return
		}
		n, err := io.Copy(io.Discard, d) // to the viewer: it should not be stored
		if err = errors.Join(err, d.Close()); err != nil {
			fmt.Println("not to be shown:", err)
			continue
		}
		for _, w := range d.Entry.Warnings() {
			fmt.Println(w.FR)
		}
		fmt.Println(d.MimeType, "verified:", d.Verified, "whole:", n == d.Entry.Size)
	}
	// Output:
	// text/xml verified: true whole: true
	// not all of them: true
}
