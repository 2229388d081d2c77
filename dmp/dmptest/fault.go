package dmptest

import "github.com/segur-sdk/segur/internal/testkit/faults"

// Fault is one misbehaviour of the fake, for [Handler.Fail]. Its Op is
// dmp.submit, dmp.find or dmp.retrieve.
type Fault = faults.Fault
