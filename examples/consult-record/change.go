package main

import (
	"context"
	"errors"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
)

// publish puts the report of this morning in the record (TD2.1). Consent to be
// consulted is not needed for that; the patient was informed, and does not
// oppose.
func (j *journey) publish(ctx context.Context) (err error) {
	j.report, err = write(report{patient: j.patient, by: j.feed,
		title: "Scanner thoracique", act: time.Now().Add(-3 * time.Hour)})
	if err != nil {
		return err
	}
	return j.send(ctx, j.publisher, "TD2.1 report published", j.patient, dmp.SubmissionDocument{Document: j.report})
}

// send prepares a lot of one document and sends it, once.
func (j *journey) send(ctx context.Context, client *dmp.Client, what string, patient segur.Patient, d dmp.SubmissionDocument) error {
	sealed, err := client.Prepare(ctx, dmp.Submission{
		Patient: patient, Opposition: dmp.NotOpposed, // informed, and the file says so
		ContentType: segur.Code{Code: "07"}, // external consultation
		Documents:   []dmp.SubmissionDocument{d},
	})
	if err != nil {
		return err
	}
	receipt, err := client.Submit(ctx, sealed)
	if errors.Is(err, segur.ErrOutcomeUnknown) {
		// The request left and no answer came: ask whether the document is there,
		// and send it again only when it is not.
		receipt, err = client.Resubmit(ctx, sealed)
	}
	if err != nil {
		return err
	}
	if receipt.AlreadyPresent {
		what += ", found there"
	}
	j.say(what, "%s", receipt.DocumentIDs[0])
	return nil
}

// correct replaces the report by its next version (RPLC). The entry that was
// read goes along, so that a replacement that the record would refuse is not
// sent.
func (j *journey) correct(ctx context.Context) error {
	next, err := write(report{patient: j.patient, by: j.feed,
		title: "Scanner thoracique, corrigé", act: j.entry.ServiceStart.Time, replaces: j.report})
	if err != nil {
		return err
	}
	if err := j.send(ctx, j.publisher, "TD2.1 report replaced", j.patient, dmp.SubmissionDocument{Document: next, ReplacesEntry: j.entry}); err != nil {
		return err
	}
	j.report = next
	return nil
}

// reread takes the metadata of the report again: a change is made to what the
// record has now. It is part of an act of the user; a publication is followed
// by no search of its own (EX_3.1-2030).
func (j *journey) reread(ctx context.Context) error {
	entry, err := entryOf(ctx, j.reader, j.patient.INS, j.report)
	if err == nil {
		j.entry = entry
	}
	return err
}

func entryOf(ctx context.Context, client *dmp.Client, patient segur.INS, document *cda.Document) (*xds.DocumentEntry, error) {
	for e, err := range client.Find(ctx, dmp.Query{Patient: patient, UniqueIDs: []string{string(document.ID())}}) {
		if err != nil {
			return nil, err
		}
		if e.Status != xds.Deprecated { // of the versions of its metadata, the one in force
			return e, nil
		}
	}
	return nil, &segur.Error{Op: "dmp.find", Kind: segur.KindNotFound, Message: "the document is not in the record"}
}

// hide masks the report from other professionals (TD3.3a). INDIRECTE may not:
// it is the radiologist who does. When the answer is lost, read and ask again:
// what is done already is not sent.
func (j *journey) hide(ctx context.Context) error {
	mask := func() (*dmp.Change, error) {
		if err := j.reread(ctx); err != nil {
			return nil, err
		}
		return j.reader.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: dmp.EntryChange{Patient: j.patient, Entry: j.entry}, Act: dmp.Mask})
	}
	change, err := mask()
	if errors.Is(err, segur.ErrOutcomeUnknown) {
		change, err = mask()
	}
	if err != nil {
		return err
	}
	what := "TD3.3a report hidden"
	if change.AlreadyDone {
		what += ", found so"
	}
	j.say(what, "from other professionals: %s", change.EntryUUID)
	return nil
}

// remove deletes the report in two steps (TD3.3c, RG_3410 to RG_3430): what
// will be deleted is shown, the user confirms, it is deleted.
func (j *journey) remove(ctx context.Context) error {
	request := dmp.DeleteRequest{Patient: j.patient, UniqueID: string(j.report.ID())}
	deletion, err := j.reader.PrepareDelete(ctx, request)
	if err != nil {
		return err
	}
	j.say("to be deleted", "%s", line(deletion.Entry()))
	// Here the product asks the user: delete for everybody, yes or no?
	_, err = j.reader.Delete(ctx, deletion)
	if errors.Is(err, segur.ErrOutcomeUnknown) {
		// What is deleted already is not deleted again.
		if deletion, err = j.reader.PrepareDelete(ctx, request); err == nil {
			_, err = j.reader.Delete(ctx, deletion)
		}
		if errors.Is(err, segur.ErrNotFound) {
			err = nil // the record shows it no more
		}
	}
	if err != nil {
		return err
	}
	j.say("TD3.3c report deleted", "%s", j.report.ID())
	return j.synchronise(ctx)
}

// secret publishes the examination of a minor without the knowledge of the
// legal representatives, by a secret connection: each assertion says so, and
// the document bears the marker.
func (j *journey) secret(ctx context.Context) error {
	if j.minor == nil {
		j.say("secret connection", "left out: there is no minor here")
		return nil
	}
	document, err := write(report{patient: *j.minor, by: j.feed,
		title: "Échographie pelvienne", act: time.Now().Add(-2 * time.Hour)})
	if err != nil {
		return err
	}
	if err := j.send(ctx, j.publisher.SecretConnection(), "secret connection, published", *j.minor, dmp.SubmissionDocument{Document: document}); err != nil {
		return err
	}
	entry, err := entryOf(ctx, j.reader.SecretConnection(), j.minor.INS, document)
	if err != nil {
		return err
	}
	j.say("", "%s", line(entry))
	return nil
}
