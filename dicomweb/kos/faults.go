package kos

import (
	"fmt"
	"slices"

	"github.com/segur-sdk/segur"
)

// maxDetails bounds what one error, or one document, lists: an archive may give
// thousands of rows with the same fault.
const maxDetails = 100

// faults collects what is wrong, with codes.
type faults struct {
	details []segur.Detail
	left    int // not listed
}

func (f *faults) add(code, field, message string) {
	if len(f.details) == maxDetails {
		f.left++
		return
	}
	f.details = append(f.details, segur.Detail{Field: field, Code: code, Message: message})
}

// merge adds the details of an input error below prefix.
func (f *faults) merge(code, prefix string, err error) {
	var p segur.Problems
	p.Merge(prefix, err)
	for _, d := range p.Details() {
		f.add(code, d.Field, d.Message)
	}
}

// err gives everything as one error, whose code is that of the first fault.
func (f *faults) err(op string) error {
	if len(f.details) == 0 {
		return nil
	}
	e := &segur.Error{Op: op, Kind: segur.KindInvalidInput, Code: f.details[0].Code, Details: f.details, Help: help[f.details[0].Code]}
	if f.left > 0 {
		e.Details = append(e.Details, segur.Detail{Message: fmt.Sprintf("and %d more", f.left)})
	}
	return e
}

// warnings collects what was tolerated or changed.
type warnings struct{ details []segur.Detail }

func (w *warnings) add(code, field, message string) {
	if len(w.details) < maxDetails {
		w.details = append(w.details, segur.Detail{Field: field, Code: code, Severity: "warning", Message: message})
	}
}

// once adds a warning unless its code is there.
func (w *warnings) once(code, field, message string) {
	if !w.has(code) {
		w.add(code, field, message)
	}
}

func (w *warnings) has(code string) bool { return hasCode(w.details, code) }

func (f *faults) hasCode(code string) bool { return hasCode(f.details, code) }

func hasCode(details []segur.Detail, code string) bool {
	return slices.ContainsFunc(details, func(d segur.Detail) bool { return d.Code == code })
}
