package xds_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

func ExampleNewEntry() {
	cda := segur.BytesContent([]byte("<ClinicalDocument>…</ClinicalDocument>"))
	header := segur.DocumentHeader{ // package cda gives it
		ID:      segur.Identifier{Root: "1.2.250.1.999.1.3.1"},
		Type:    segur.Code{Code: "18748-4", System: "2.16.840.1.113883.6.1"},
		Title:   "Scanner cérébral",
		Created: segur.At(time.Date(2026, 1, 5, 11, 15, 0, 0, time.FixedZone("", 3600))),
	}
	entry, err := xds.NewEntry(header, cda, xds.EntryOptions{})
	fmt.Println(entry.ClassCode.Code, entry.ClassCode.Display)
	fmt.Println(entry.Size, entry.Hash[:8])
	var e *segur.Error
	if errors.As(err, &e) {
		fmt.Println(e.Details[0].Field, e.Details[0].Message)
	}
	// Output:
	// 31 Imagerie médicale
	// 40 3d53679b
	// patientID is required: the qualified INS of the patient
}

func ExampleFindDocuments() {
	query := xds.FindDocuments{
		Patient:   xds.PatientID{ID: "285036912345656", Authority: segur.OIDINSNIRTest},
		TypeCodes: []segur.Code{{Code: "18748-4", System: "2.16.840.1.113883.6.1"}},
	}
	body, err := query.AppendXML(nil)
	fmt.Println(len(body) > 0, err)
	// Output: true <nil>
}
