package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/interop"
)

// encodings writes the identity for the systems that receive it, and reads
// each back.
func (t *tour) encodings(context.Context) error {
	t.title("The identity in the standards of the field")
	codec, err := interop.New(interop.Config{Environment: segur.Fake})
	if err != nil {
		return err
	}
	id := interop.Identity{
		Patient:     t.patient.Patient(segur.Identifier{Root: "1.2.250.1.999.1", Extension: "IPP-0002"}),
		Reliability: t.patient.Reliability(),
	}

	pid, err := codec.PID(id)
	if err != nil {
		return err
	}
	back, err := codec.ReadPID([]byte(pid))
	if err := t.encoded("HL7 v2 PID", "patient.pid.hl7", pid, back, err); err != nil {
		return err
	}

	target, err := codec.RecordTarget(id)
	if err != nil {
		return err
	}
	back, err = codec.ReadRecordTarget(target)
	if err := t.encoded("CDA recordTarget", "patient.recordTarget.xml", string(target), back, err); err != nil {
		return err
	}

	resource, err := codec.FHIRPatient(id)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(resource, "", "  ")
	if err != nil {
		return err
	}
	back, err = codec.ReadFHIRPatient(text)
	if err := t.encoded("FHIR Patient", "patient.fhir.json", string(text), back, err); err != nil {
		return err
	}

	elements, err := codec.DICOMPatient(id, interop.KOS)
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, e := range elements {
		fmt.Fprintf(&list, "%s %s\n", e.Tag, e.Value)
	}
	back, err = codec.ReadDICOM(elements), nil
	if err := t.encoded("DICOM patient", "patient.dicom.txt", list.String(), back, err); err != nil {
		return err
	}

	cx, err := codec.CX(id)
	if err != nil {
		return err
	}
	number, _, err := codec.ReadCX(cx)
	if err != nil {
		return err
	}
	t.line("XDS and VIHF", "%s", t.hide(cx))
	t.line("", "read back: same number %t", number == t.patient.INS())
	return nil
}

// encoded shows the beginning of what was written, and whether the reader gets
// the same identity of it.
func (t *tour) encoded(name, file, text string, back *interop.Reading, err error) error {
	if err != nil {
		return err
	}
	first := strings.Join(strings.Fields(t.hide(text)), " ")
	if r := []rune(first); len(r) > 110 {
		first = string(r[:110]) + "..."
	}
	t.line(name, "%s", first)
	p := back.Identity.Patient
	same := p.Traits.BirthName == t.patient.Traits().BirthName && p.Traits.GivenNames == t.patient.Traits().GivenNames &&
		p.Traits.Sex == t.patient.Traits().Sex && p.Traits.BirthDate == t.patient.Traits().BirthDate && p.Traits.BirthPlace == t.patient.Traits().BirthPlace
	t.line("", "%d bytes; read back: same number %t, same traits %t, status %s, %d warnings", len(text),
		p.INS == t.patient.INS(), same, p.Status, len(back.Warnings))
	return t.keep(file, []byte(text))
}

// hide masks the number of the patient in a text to print.
func (t *tour) hide(text string) string {
	number := t.patient.INS()
	return strings.NewReplacer(number.Matricule(), number.Body()[:5]+"**********", number.Body(), number.Body()[:5]+"********").Replace(text)
}
