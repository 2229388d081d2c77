// Package faults lets the fake servers misbehave on command: scripted HTTP failures (Script) and connections that are
// cut, slow or silent (Listener, Conn). It imports neither testing nor flag, and it never sleeps: every wait ends when
// the client goes away, when the connection is closed or when the script is closed.
//
// An HTTP fault is chosen per operation (the fake names its operations) and consumed in order:
//
//	script := new(faults.Script)
//	script.Add(faults.Fault{Op: "submit", DropBeforeResponse: true}) // processed, never answered
//	handler := script.Middleware(operationOf, realHandler)
package faults
