package dmptest

import "github.com/segur-sdk/segur/internal/testkit/faults"

// Fault is one misbehaviour of the fake, for [Handler.Fail]. Its Op is
// dmp.submit, dmp.find, dmp.retrieve or dmp.update (ITI-57); dmp.existence
// (TD0.2 and TD1.3a), dmp.authorize (TD0.3), dmp.records (TD0.4),
// dmp.searchPatient (TD0.5) or dmp.professionals (TD1.6); empty is any.
type Fault = faults.Fault

// Values of the fields of [Fault].
const (
	// AtStart, as CutAfter or TruncateAfter: none of the body.
	AtStart = faults.AtStart
	// Forever, as Times: every call.
	Forever = faults.Forever
)
