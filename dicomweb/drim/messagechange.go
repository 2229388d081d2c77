package drim

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// change reads an OMI^O23: which study, and whether all of it is gone. The PACS
// is asked again for everything else, so that order control other than CA is
// only noted.
func (r *messageReading) change(h MessageHeader) *ImageChange {
	c := &ImageChange{MessageHeader: h, raw: r.raw}
	c.Patient, c.PatientIDs = r.patient()
	c.Placer, c.Filler = r.orders()
	orders := map[string]bool{}
	studies := map[segur.OID]bool{}
	images := 0
	for _, s := range r.message.Segments {
		switch s.Name {
		case "ORC":
			orders[strings.ToUpper(s.Value(1, 1))] = true
		case "IPC":
			images++
			study, accession := segur.OID(s.Value(3, 1)), entity(s, 1)
			if study != "" && !study.Valid() {
				r.problem("IPC-3", hl7DataType, "is no UID")
				continue
			}
			if study != "" {
				studies[study] = true
				c.StudyUID = study
			}
			if c.Accession.Extension == "" {
				c.Accession, c.RequestedProcedure, c.Step = accession, s.Value(2, 1), s.Value(4, 1)
				c.Modality, c.AETitle = s.Value(5, 1), s.Value(9, 1)
			} else if accession.Extension != "" && accession != c.Accession {
				r.warn("IPC-1", "has several accession numbers: the first one is taken")
			}
		}
	}
	switch {
	case images == 0:
		r.problem("IPC", hl7SegmentSequence, "is required: which study changed")
	case len(studies) > 1:
		r.problem("IPC-3", hl7Cardinality, "names several studies: one message is about one")
	case c.StudyUID == "" && c.Accession.Extension == "":
		r.problem("IPC-3", hl7RequiredField, "is required, or the accession number in IPC-1")
	case c.StudyUID == "":
		r.warn("IPC-3", "is empty: the study is looked up by its accession number")
	}
	switch {
	case len(orders) > 1 && orders["CA"]:
		r.problem("ORC-1", hl7Application, "says CA and something else: is the study removed?")
	case len(orders) == 0:
		r.warn("ORC", "is missing: the PACS is asked again")
	case orders["CA"]:
		c.Removed = true
	case !orders["NW"] && !orders["SC"] && !orders["RO"] && !orders["XO"]:
		r.warn("ORC-1", "is neither CA nor a code that is known: the PACS is asked again")
	}
	c.Warnings = r.warnings
	return c
}
