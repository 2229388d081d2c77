package main

import (
	"context"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// identify finds the patient's INS from the traits that the RIS holds. The
// RIS had checked an identity document, so a coherent answer makes the
// identity qualified.
func (j *journey) identify(ctx context.Context) error {
	start := time.Now()
	client, err := ins.New(j.insConfig)
	if err != nil {
		return err
	}
	found, err := client.Identify(ctx, j.patient)
	if err != nil {
		return err
	}
	if found.Outcome != ins.Found {
		return &segur.Error{Op: "ins.search", Kind: segur.KindNotFound,
			Message: fmt.Sprintf("the identity is %s after %d calls (%s): a person must decide", found.Outcome, len(found.Attempts), found.Stop)}
	}
	j.patient = found.Patient
	j.done(start, "1 INSi: identity found, coherent", fmt.Sprintf("%s, authority %s, message %s",
		j.patient.Status, j.patient.INS.Authority(), found.Attempts[len(found.Attempts)-1].MessageID))
	return nil
}
