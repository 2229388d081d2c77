package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
)

// exists asks whether there is a record (TD0.2). The identity of the record is
// neither shown nor taken over (RG_0320).
func (j *journey) exists(ctx context.Context) error {
	status, err := j.reader.Existence(ctx, j.patient.INS)
	if err != nil {
		return err
	}
	if !status.Active() {
		return &segur.Error{Op: "consult-record", Kind: segur.KindNotFound, Message: "the patient has no record that can be used"}
	}
	j.say("TD0.2 record", "%s, %s", status.State, readable(status.Authorization))
	return nil
}

func readable(s dmp.AuthorizationStatus) string {
	if s.Valid() {
		return "the radiologist is authorised"
	}
	return fmt.Sprintf("the radiologist is not authorised (%s)", s)
}

// authorize adds the authorisation of the user (TD0.3): after the patient
// consented, and the user said so in a dialog box. Never by itself.
func (j *journey) authorize(ctx context.Context) error {
	status, err := j.reader.Existence(ctx, j.patient.INS)
	if err != nil || status.Authorization.Valid() {
		return err
	}
	consent := dmp.Consent{Act: dmp.ConsentDialog, At: time.Now()} // what the dialog box recorded
	change, err := j.reader.Authorize(ctx, j.patient.INS, dmp.AuthorizeOptions{Consent: consent})
	if err != nil {
		return err
	}
	if status, err = j.reader.Existence(ctx, j.patient.INS); err != nil {
		return err
	}
	j.say("TD0.3 authorisation", "%s; %s", change.Status, readable(status.Authorization))
	return nil
}

// refused shows a right that the mode does not have: the client says so before
// it sends anything, and which modes have it. A product asks Right to hide the
// button, and Allowed to explain.
func (j *journey) refused(ctx context.Context) error {
	for _, err := range j.publisher.Find(ctx, dmp.Query{Patient: j.patient.INS}) {
		var e *segur.Error
		if !errors.As(err, &e) || e.Kind != segur.KindAuthorization {
			return fmt.Errorf("a search in INDIRECTE was not refused: %w", err)
		}
		j.say("refused, nothing sent", "%s", e.Message)
		j.say("", "%s", e.Explain(segur.FR))
	}
	j.say("", "right to delete: %s; to search: %s", j.publisher.Right(dmp.TD33c), j.publisher.Right(dmp.TD31))
	return nil
}

// emergency reads "en bris de glace": without the authorisation of the patient,
// who may have opposed that, and for a reason that is traced. By card where
// there is one: the reason then goes to the record too.
func (j *journey) emergency(ctx context.Context) error {
	who := j.reader
	if j.cardholder != nil {
		who = j.cardholder
	}
	data, err := who.AdministrativeData(ctx, j.patient.INS)
	if err != nil {
		return err
	}
	if data.OpposesBreakGlass == nil || *data.OpposesBreakGlass {
		j.say("emergency", "left out: the record does not say that the patient allows it")
		return nil
	}
	urgent, err := who.Emergency("détresse respiratoire, patiente inconsciente")
	if err != nil {
		return err
	}
	n := 0
	for _, err := range urgent.Find(ctx, imaging(j.patient.INS)) {
		if err != nil {
			return err
		}
		n++
	}
	j.say("emergency (bris de glace)", "%d documents; the reason is traced", n)
	j.say("", "right to add an authorisation by this way: %s", urgent.Right(dmp.TD03Add))
	return nil
}

// website is the page of the record in the browser of the user, who
// authenticates there by card (TD0.9). The address holds the INS: it is given
// to the browser, and written nowhere.
func (j *journey) website(context.Context) error {
	if j.cardholder == nil {
		j.say("TD0.9 web site", "left out: by card only")
		return nil
	}
	address, err := j.cardholder.WebURL(dmp.WebDocuments, j.patient.INS)
	if err != nil {
		return err
	}
	u, err := url.Parse(address.URL()) // exec.Command("xdg-open", address.URL())
	if err != nil {
		return err
	}
	j.say("TD0.9 web site", "%v on %s, with the patient in the path", address, u.Host)
	return nil
}
