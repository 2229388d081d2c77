package dmp

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// The media types that the record takes.
const (
	mimeCDA        = "text/xml"
	mimePresenting = "application/xslt+xml"
	mimeDICOM      = "application/dicom"
)

// dicomHead is where the magic word of a DICOM file ends.
const dicomHead = 132

// bodies are what a CDA of level 1 holds (ASS_A12).
var bodies = map[string]bool{"application/pdf": true, "image/jpeg": true, "image/tiff": true, "text/rtf": true, "text/plain": true}

// checkFormat makes sure that the bytes are what the entry says, and one of
// the formats that the record takes (CI-SIS, Volet Structuration Minimale):
// CDA, self-presenting CDA (EX_2.1-1115), DICOM KOS.
func checkFormat(p *segur.Problems, path string, e *xds.DocumentEntry, d *digests) {
	x := &d.xml
	switch e.MimeType {
	case mimeCDA:
		switch {
		case x.root != xmlr.Name{Space: namespaceCDA, Local: "ClinicalDocument"}:
			p.Add(path+".content", "is no CDA document: the root must be ClinicalDocument (urn:hl7-org:v3)")
		case x.foreign:
			p.Add(path+".content", "asks for the style sheet of another file, which the record does not take")
		}
	case mimePresenting:
		switch {
		case x.root != xmlr.Name{Space: namespaceXSL, Local: "stylesheet"} || !x.cda:
			p.Add(path+".content", "is no self-presenting CDA: an xsl:stylesheet that holds a ClinicalDocument")
		case x.foreign || x.active:
			p.Add(path+".content", "must hold no script, and neither take in nor point to another file (EX_2.1-1115)")
		}
	case mimeDICOM:
		if string(d.head[dicomHead-4:]) != "DICM" {
			p.Add(path+".content", "is no DICOM file: DICM must stand at byte 128")
		}
	case "":
		// Validate says that it is required.
	default:
		p.Add(path+".mimeType", "is no format of the record, which takes CDA (text/xml, application/xslt+xml) and DICOM KOS (application/dicom): put a PDF in a CDA of level 1")
	}
}

// checkBytes compares what the bytes of a CDA say with the submission: the
// patient, and the document that the entry names. Its header was written by
// somebody else.
func checkBytes(p *segur.Problems, path string, e *xds.DocumentEntry, d *digests, patient segur.Patient) {
	x := &d.xml
	if !x.cda {
		return
	}
	if x.targets > 1 {
		p.Add(path+".content", "is about several patients")
	}
	named := false
	for _, id := range x.patients {
		if !segur.IsINSAuthority(id.Root) {
			continue
		}
		named = true
		if id.Root != patient.INS.Authority() || id.Extension != patient.INS.Matricule() {
			p.Add(path+".document.patient", "is not the patient of the submission: the INS in the document differs")
			break
		}
	}
	if !named {
		p.Add(path+".document.patient", "is not named by an INS in the document (recordTarget/patientRole/id)")
	}
	if x.media != "" && !bodies[x.media] {
		p.Add(path+".content", "holds a body of a type that the record does not take: PDF/A-1, JPEG, TIFF, RTF or plain text")
	}
	if x.id.Root != "" && e.UniqueID != "" && xds.UniqueID(x.id) != e.UniqueID {
		p.Add(path+".uniqueID", "is not the identifier in the document (ClinicalDocument/id)")
	}
	switch says := x.parent.Root != ""; {
	case slices.ContainsFunc(p.Details(), func(d segur.Detail) bool { return d.Field == path+".replaces" }):
		// The header says so too.
	case e.Replaces != "" && x.id.Root != "" && !says:
		p.Add(path+".replaces", "must be empty: the document does not say that it replaces another one (relatedDocument)")
	case e.Replaces == "" && says:
		p.Add(path+".replaces", "is required: the document replaces another one; Client.Lookup finds its entryUUID")
	}
}
