package mssante

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// unpackedLimit is what recipients are known to inflate.
const unpackedLimit = 64 << 20

// pack makes the package of the documents: one submission set.
func (c *Client) pack(m *Message, headers []segur.DocumentHeader, now time.Time) xdm.Package {
	set := xds.SubmissionSet{SourceID: c.cfg.SourceID, ContentTypeCode: c.cfg.ContentType, Submitted: segur.At(now)}
	sender := xdm.Sender(c.cfg.Sender)
	if sender.Name == "" {
		if sender.Name = m.From.Entity; m.From.FamilyName != "" {
			sender.Name = strings.Join(strings.Fields(m.From.Title+" "+m.From.GivenName+" "+strings.ToUpper(m.From.FamilyName)), " ")
		}
	}
	var documents []xdm.Document
	for i, d := range m.Documents {
		entry := xds.DeriveEntry(headers[i], xds.EntryOptions{Visibility: m.visibility(i).markers(), LocalPatientID: true})
		documents = append(documents, xdm.Document{Entry: entry, Content: d.CDA, Action: m.Action})
	}
	if len(documents) > 0 && len(documents[0].Entry.Authors) > 0 {
		set.Author = documents[0].Entry.Authors[0]
	}
	return xdm.Package{Sender: sender, Subsets: []xdm.Subset{{Set: set, Documents: documents}}}
}

func (c *Client) packOptions(now time.Time) xdm.Options {
	return xdm.Options{Clock: func() time.Time { return now }, IDs: c.cfg.IDs, AllowUnknownCodes: c.cfg.AllowUnknownCodes,
		ActionSlot: c.cfg.ActionSlot}
}

// readBack compares the documents as they will be read with what their headers
// were given to say, and keeps what was read.
func (c *checked) readBack(a *xdm.Archive) error {
	var p segur.Problems
	if len(a.Sets) != 1 || len(a.Sets[0].Documents) != len(c.headers) {
		p.Add("documents", "are not all in the archive")
		return p.Err(opCompose)
	}
	for i, d := range a.Sets[0].Documents {
		if d.Header == nil {
			continue // a warning of the archive says why
		}
		given, at := &c.headers[i], fmt.Sprintf("documents[%d].cda.", i)
		for _, f := range []struct {
			name string
			same bool
		}{
			{"id", sameID(given.ID, d.Header.ID)},
			{"code", given.Type.Code == d.Header.Type.Code && given.Type.System == d.Header.Type.System},
			{"confidentialityCode", given.Confidentiality.Code == d.Header.Confidentiality.Code},
			{"relatedDocument", sameID(given.Replaces, d.Header.Replaces)},
			{"recordTarget.id", samePatientIDs(given.PatientIDs, d.Header.PatientIDs)},
			{"recordTarget.birthName", given.Patient.BirthName == d.Header.Patient.BirthName},
			{"recordTarget.firstGivenName", given.Patient.FirstGivenName == d.Header.Patient.FirstGivenName},
			{"recordTarget.birthDate", given.Patient.BirthDate == d.Header.Patient.BirthDate},
			{"recordTarget.sex", given.Patient.Sex == d.Header.Patient.Sex},
		} {
			if !f.same {
				p.Add(at+f.name, "is not what the header that was given says: give the header of the document itself")
			}
		}
		h := *given
		h.Type.Code, h.PatientIDs, h.Patient = d.Header.Type.Code, d.Header.PatientIDs, d.Header.Patient
		c.headers[i] = h
	}
	for _, w := range a.Warnings {
		c.warn(inMessage(w.Field), w.Message)
	}
	return p.Err(opCompose)
}

// sameID leaves aside who is said to assign the identifier.
func sameID(a, b segur.Identifier) bool { return a.Root == b.Root && a.Extension == b.Extension }

// samePatientIDs compares what identifies the patient, whatever the order.
func samePatientIDs(a, b []segur.Identifier) bool {
	within := func(x, y []segur.Identifier) bool {
		return !slices.ContainsFunc(x, func(id segur.Identifier) bool {
			return !slices.ContainsFunc(y, func(other segur.Identifier) bool { return sameID(id, other) })
		})
	}
	return within(a, b) && within(b, a)
}

// inMessage turns the path of a field of the package or of the archive into
// that of the message.
func inMessage(field string) string {
	if rest, ok := strings.CutPrefix(field, "subsets[0]."); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(field, "sets[0]."); ok {
		return strings.Replace(rest, "entries", "documents", 1)
	}
	return field
}

// ofMessage is an error of the package whose fields are those of the message.
func ofMessage(err error) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Details = slices.Clone(e.Details)
	for i := range out.Details {
		out.Details[i].Field = inMessage(out.Details[i].Field)
	}
	return &out
}
