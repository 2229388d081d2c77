package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
)

// refused shows input that INSi would refuse: the error lists every field and
// rule, never the value, and nothing is sent.
func (t *tour) refused(ctx context.Context) error {
	t.title("Bad input")
	before := len(t.server.Calls())
	traits := segur.Traits{BirthName: "Fictif2", FirstGivenName: "JEAN-", Sex: segur.SexUnknown,
		BirthDate: segur.NewDate(2021, time.February, 30), BirthPlace: "6312"}
	t.line("searched", "%s", typed(traits))
	_, err := t.client.Identify(ctx, segur.Patient{Traits: traits})
	var e *segur.Error
	if !errors.As(err, &e) || !errors.Is(err, segur.ErrInvalidInput) {
		return fmt.Errorf("bad input was not refused as such: %w", err)
	}
	for _, d := range e.Details {
		t.line("refused", "%s: %s", d.Field, d.Message)
	}
	t.line("what to do", "%s", e.Explain(segur.EN))
	t.line("sent", "%d messages", len(t.server.Calls())-before)

	_, err = t.client.Identify(ctx, segur.Patient{Traits: t.patient.Traits(), Attributes: segur.Fictitious})
	if !errors.As(err, &e) || !errors.Is(err, segur.ErrInvalidInput) {
		return fmt.Errorf("a fictitious identity was not refused as such: %w", err)
	}
	for _, d := range e.Details {
		t.line("refused", "%s: %s", d.Field, d.Message)
	}
	return nil
}
