package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
)

// publish puts the report in the national record (TD2.1).
func (j *journey) publish(ctx context.Context) error {
	start := time.Now()
	client, err := dmp.New(j.feedConfig)
	if err != nil {
		return err
	}
	sealed, err := client.Prepare(ctx, dmp.Submission{
		Patient:     j.patient,
		Opposition:  dmp.NotOpposed, // informed, and the file says so
		Documents:   []dmp.SubmissionDocument{{Document: j.report}},
		ContentType: segur.Code{Code: "07"}, // external consultation
	})
	if err != nil {
		return err
	}
	receipt, err := client.Submit(ctx, sealed)
	if errors.Is(err, segur.ErrOutcomeUnknown) {
		// The request left and no answer came: ask whether the document is
		// there, and send it again, in a new lot, only when it is not.
		receipt, err = client.Resubmit(ctx, sealed)
	}
	if err != nil {
		return err
	}
	what := "4 DMP: report published (TD2.1)"
	if receipt.AlreadyPresent {
		what = "4 DMP: report was already published"
	}
	j.done(start, what, receipt.DocumentIDs[0])
	return nil
}

// consult finds the report and reads it back (TD3.1, TD3.2), on behalf of the
// radiologist: the mode that feeds the record does not read it. A product
// does not search after each publication; this shows how a user would.
func (j *journey) consult(ctx context.Context) error {
	start := time.Now()
	client, err := dmp.New(j.consultConfig)
	if err != nil {
		return err
	}
	var entry *xds.DocumentEntry
	for e, err := range client.Find(ctx, dmp.Query{Patient: j.patient.INS, Types: []segur.Code{j.report.Header().Type}}) {
		if err != nil {
			return err
		}
		if e.UniqueID == string(j.report.ID()) {
			entry = e
		}
	}
	if entry == nil {
		return &segur.Error{Op: "dmp.find", Kind: segur.KindNotFound, Message: "the report is not in the record"}
	}
	j.done(start, "  DMP: report found (TD3.1)", entry.ID)

	start = time.Now()
	doc, err := client.Retrieve(ctx, j.patient.INS, entry)
	if err != nil {
		return err
	}
	defer func() { _ = doc.Close() }()
	if err := sameBytes(doc, j.report); err != nil {
		return err
	}
	j.done(start, "  DMP: report read back (TD3.2)", fmt.Sprintf("%d bytes, hash and size as registered", j.report.Size()))
	return nil
}
