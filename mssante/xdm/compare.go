package xdm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// readHeaders reads the header of every document that should be a CDA, and
// compares it with the metadata. The document wins; differences are warnings.
func (a *Archive) readHeaders(o ReadOptions) error {
	var failed *segur.Error
	for i := range a.Sets {
		for j := range a.Sets[i].Documents {
			d := &a.Sets[i].Documents[j]
			if !shouldBeCDA(&d.Entry) {
				continue
			}
			field := fmt.Sprintf("sets[%d].entries[%d]", i, j)
			selfPresenting := mediaType(&d.Entry) == "application/xslt+xml"
			h, err := readHeader(d.file, selfPresenting)
			switch {
			case err == nil:
				h.SelfPresenting = selfPresenting
				d.Header = h
				a.compare(d, field)
			case errors.Is(err, errLongStart):
				a.warn(field, "the header of the document could not be compared with its metadata: it is too long")
			case o.AllowOtherXML:
				a.warn(field, "the file is not a CDA document")
			case failed == nil:
				failed = refuse(segur.KindProtocol, CodeNotCDA, field, "the file is not a CDA document", err)
			default:
				failed.Details = append(failed.Details, segur.Detail{Field: field, Code: CodeNotCDA, Message: "the file is not a CDA document"})
			}
		}
	}
	if failed != nil {
		return failed
	}
	return a.oneIdentity()
}

// oneIdentity refuses documents that hold different INS of one authority,
// whatever their metadata say.
func (a *Archive) oneIdentity() error {
	first := map[segur.OID]xds.PatientID{}
	for i := range a.Sets {
		for j := range a.Sets[i].Documents {
			h := a.Sets[i].Documents[j].Header
			if h == nil {
				continue
			}
			for _, id := range h.PatientIDs {
				if !segur.IsINSAuthority(id.Root) {
					continue
				}
				ins := xds.PatientID{ID: id.Extension, Authority: id.Root}
				if before, ok := first[id.Root]; ok && !before.Same(ins) {
					return refuse(segur.KindProtocol, CodeSeveralPatients, fmt.Sprintf("sets[%d].entries[%d]", i, j),
						"the document holds another INS than the first one", nil)
				}
				first[id.Root] = ins
			}
		}
	}
	return nil
}

// shouldBeCDA: in MSSanté XML is a CDA, and a signature is not a document.
func shouldBeCDA(e *xds.DocumentEntry) bool {
	switch mediaType(e) {
	case "text/xml", "application/xml", "application/xslt+xml":
		return !e.IsSignature()
	}
	return false
}

// mediaType is that of the entry, in lower case and without parameters.
func mediaType(e *xds.DocumentEntry) string {
	t, _, _ := strings.Cut(e.MimeType, ";")
	return strings.TrimSpace(strings.ToLower(t))
}

func (a *Archive) compare(d *Received, field string) {
	h, e := d.Header, &d.Entry
	if xds.UniqueID(h.ID) != e.UniqueID {
		a.warn(field+".uniqueID", "differs from ClinicalDocument/id: the document wins")
	}
	if h.Type.Code != e.TypeCode.Code {
		a.warn(field+".typeCode", "differs from ClinicalDocument/code: the document wins")
	}
	same, ins := false, false
	for _, id := range h.PatientIDs {
		same = same || e.PatientID.Same(xds.PatientID{ID: id.Extension, Authority: id.Root})
		ins = ins || segur.IsINSAuthority(id.Root)
	}
	switch {
	case !same:
		a.Warnings = append(a.Warnings, segur.Detail{Field: field + ".patientID", Severity: "warning", Code: WarningOtherPatient,
			Message: "is no identifier of the patient in the document: the document wins"})
	case ins && !segur.IsINSAuthority(e.PatientID.Authority):
		a.warn(field+".patientID", "is a local identifier, and the document holds an INS")
	}
	if d.Action == File && !h.Replaces.IsZero() {
		d.Action = Change
	}
}
