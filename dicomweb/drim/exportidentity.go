package drim

import (
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/names"
)

// Tags that an export writes.
const (
	tagIssuerOfAccession    dicomweb.Tag = 0x00080051
	tagAdmissionID          dicomweb.Tag = 0x00380010
	tagIssuerOfAdmissionID  dicomweb.Tag = 0x00380014
	tagRequestAttributes    dicomweb.Tag = 0x00400275
	tagReferencedRequest    dicomweb.Tag = 0x0040A370
	tagPlacerOrderNumber    dicomweb.Tag = 0x00402016
	tagFillerOrderNumber    dicomweb.Tag = 0x00402017
	tagModifiedAttributes   dicomweb.Tag = 0x04000550
	tagOriginalAttributes   dicomweb.Tag = 0x04000561
	tagModificationDateTime dicomweb.Tag = 0x04000562
	tagModifyingSystem      dicomweb.Tag = 0x04000563
	tagSourceOfPrevious     dicomweb.Tag = 0x04000564
	tagModificationReason   dicomweb.Tag = 0x04000565
)

// changes are those that give an image the local identity.
func (l *LocalIdentity) changes(h *dicomweb.Head, m *kos.Manifest, at time.Time) []dicomweb.Change {
	before := dicomweb.NewDataset() // what is replaced
	note := func(tag dicomweb.Tag, value string) {
		if value != "" && isASCII(value) { // the image may be of any character set
			before.Set(dicomweb.Text(tag, value))
		}
	}
	out := []dicomweb.Change{
		dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, l.PatientID)),
		dicomweb.Remove(tagTypeOfPatientID),
		dicomweb.Remove(tagAdmissionID), dicomweb.Remove(tagIssuerOfAdmissionID), // a stay at the other site
	}
	note(dicomweb.TagPatientID, h.PatientIDs[0].Extension)
	note(dicomweb.TagIssuerOfPatientID, h.PatientIDs[0].Assigner)
	if l.Issuer != "" {
		out = append(out, dicomweb.Put(dicomweb.Text(dicomweb.TagIssuerOfPatientID, l.Issuer)))
	} else {
		out = append(out, dicomweb.Remove(dicomweb.TagIssuerOfPatientID))
	}
	if l.IssuerOID != "" {
		out = append(out, dicomweb.Put(dicomweb.Sequence(tagIssuerQualifiers, qualifier(l.IssuerOID))))
	} else {
		out = append(out, dicomweb.Remove(tagIssuerQualifiers))
	}
	if l.Name != "" {
		out = append(out, dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, l.name())))
		note(dicomweb.TagPatientName, h.PatientName)
	}
	if l.BirthDate.Complete() {
		out = append(out, dicomweb.Put(dicomweb.Text(dicomweb.TagPatientBirthDate, l.BirthDate.Compact())))
		if h.PatientBirthDate.Complete() {
			note(dicomweb.TagPatientBirthDate, h.PatientBirthDate.Compact())
		}
	}
	if l.Sex == segur.Male || l.Sex == segur.Female {
		out = append(out, dicomweb.Put(dicomweb.Text(dicomweb.TagPatientSex, string(l.Sex))))
	}
	if !l.KeepAccession {
		out = append(out, dicomweb.Put(dicomweb.Text(dicomweb.TagAccessionNumber, l.Accession)), dicomweb.Remove(tagIssuerOfAccession),
			// The same order, for archives that look there.
			dicomweb.Remove(tagRequestAttributes), dicomweb.Remove(tagReferencedRequest), dicomweb.Remove(tagPlacerOrderNumber), dicomweb.Remove(tagFillerOrderNumber))
		note(dicomweb.TagAccessionNumber, h.AccessionNumber)
	}
	if others := l.others(h, m); len(others) > 0 {
		out = append(out, dicomweb.AppendItem(tagOtherPatientIDsSequence, others...))
	}
	if before.Len() > 0 {
		system := l.System
		if system == "" {
			system = "segur"
		}
		out = append(out, dicomweb.AppendItem(tagOriginalAttributes, dicomweb.NewDataset(
			dicomweb.Sequence(tagModifiedAttributes, before),
			dicomweb.Element{Tag: tagModificationDateTime, VR: dicomweb.DT, Values: []string{at.Format("20060102150405-0700")}},
			dicomweb.Element{Tag: tagModifyingSystem, VR: dicomweb.LO, Values: []string{system}},
			dicomweb.Element{Tag: tagSourceOfPrevious, VR: dicomweb.LO, Values: []string{m.Institution.ID}},
			dicomweb.Element{Tag: tagModificationReason, VR: dicomweb.CS, Values: []string{"COERCE"}},
		)))
	}
	return out
}

// others are the identifiers that the image is to keep beside the local one and
// does not have there: the INS, and the number at the site that made it.
func (l *LocalIdentity) others(h *dicomweb.Head, m *kos.Manifest) []*dicomweb.Dataset {
	var out []*dicomweb.Dataset
	first, rest := h.PatientIDs[0], h.PatientIDs[1:]
	has := func(extension string) bool {
		return slices.ContainsFunc(rest, func(id segur.Identifier) bool { return id.Extension == extension })
	}
	if !has(l.INS.Matricule()) {
		out = append(out, insItem(l.INS)) // the one of now: that of the manifest may be a former one
	}
	if first.Extension != "" && !has(first.Extension) && !isINS(first) && first.Extension != l.INS.Matricule() && first.Extension != m.INS.Matricule() {
		item := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, first.Extension), dicomweb.Text(tagTypeOfPatientID, "TEXT"))
		issuer := first.Assigner
		if issuer == "" || !isASCII(issuer) {
			issuer = m.Institution.ID
		}
		if issuer != "" {
			item.Set(dicomweb.Text(dicomweb.TagIssuerOfPatientID, issuer))
		}
		if first.Root != "" {
			item.Set(dicomweb.Sequence(tagIssuerQualifiers, qualifier(first.Root)))
		}
		out = append(out, item)
	}
	return out
}

// qualifier is the item that says whose OID an issuer has.
func qualifier(oid segur.OID) *dicomweb.Dataset {
	return dicomweb.NewDataset(dicomweb.Text(tagUniversalEntityID, string(oid)), dicomweb.Text(tagUniversalEntityIDType, "ISO"))
}

func (l *LocalIdentity) name() string {
	if !l.FoldName {
		return l.Name
	}
	parts := strings.Split(l.Name, "^")
	for i := range parts {
		parts[i] = names.Transliterate(parts[i])
	}
	return strings.Join(parts, "^")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
