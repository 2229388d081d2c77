package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// outage shows a temporary fault: it is repeated, with a message of its own
// that counts in the budget of calls. A fault that stays ends the search, and
// care goes on with the local identity.
func (t *tour) outage(ctx context.Context) error {
	t.title("INSi is unavailable for a moment")
	t.server.Fail(instest.SOAPFault("desir_1020", instest.Since2026))
	found, err := t.client.Identify(ctx, instest.DefaultPatient())
	if err != nil {
		return err
	}
	t.trace(found)
	t.number(found.Patient.INS)

	t.title("INSi refuses the software")
	t.server.Fail(instest.SOAPFault("desir_550", instest.Since2026))
	found, err = t.client.Identify(ctx, instest.DefaultPatient())
	var e *segur.Error
	var fault *ins.Fault
	if !errors.As(err, &e) || !errors.As(err, &fault) {
		return fmt.Errorf("the fault of the service is not an error: %w", err)
	}
	t.trace(found)
	t.line("fault", "%s %s %s, severity %s", fault.Code, fault.Subcode, fault.DetailCode, fault.Severity)
	t.line("try again", "%t", e.Retryable())
	t.line("what to do", "%s", e.Explain(segur.EN))
	return nil
}
