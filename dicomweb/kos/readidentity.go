package kos

import (
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// identity reads the INS, which is told by the OID of its authority and by
// nothing else, and the traits.
func (r *reader) identity(m *Manifest) {
	r.identifier(m, r.ds, "patient.id", true)
	for i, it := range r.ds.Items(tagOtherIDs) {
		r.identifier(m, it, fmt.Sprintf("patient.otherIDs[%d]", i), false)
	}
	if m.INS.IsZero() {
		if !r.hasCode(CodeBadINS) {
			r.add(CodeNoINS, "patient.id", "no identifier of the patient has the authority of an INS")
		}
		return
	}
	r.labelled(m)
	r.traits(m)
}

// identifier reads one identifier of the patient: at the root, or an item of
// OtherPatientIDs.
func (r *reader) identifier(m *Manifest, ds *dicomweb.Dataset, field string, root bool) {
	value := r.value(ds, dicomweb.TagPatientID, field)
	label := r.value(ds, dicomweb.TagIssuerOfPatientID, field+".issuer")
	if value == "" {
		return
	}
	id := segur.Identifier{Extension: value, Assigner: label}
	for _, q := range ds.Items(tagPatientIssuer) {
		oid := segur.OID(strings.TrimSpace(q.Value(tagEntityID)))
		if id.Root == "" || segur.IsINSAuthority(oid) {
			id.Root = oid
		}
	}
	if !segur.IsINSAuthority(id.Root) {
		m.OtherIDs = append(m.OtherIDs, id)
		return
	}
	ins, err := segur.ParseINS(value, id.Root)
	switch {
	case err != nil:
		r.merge(CodeBadINS, field, err)
	case m.INS.IsZero():
		m.INS = ins
		if !root {
			r.warnings.add(WarnOtherINS, field, "is the INS, which is not the identifier of the patient")
		}
	case m.INS != ins:
		r.add(CodeSeveralPatients, field, "is another INS than the one before")
	}
	want := issuerNIR
	if id.Root == segur.OIDINSNIA {
		want = issuerNIA
	}
	if label != want && (label != "" || root) {
		r.warnings.add(WarnIssuer, field+".issuer", "is not the label that goes with the authority")
	}
}

// labelled looks at the identifiers that no INS authority assigned: one that is
// the INS again lost its authority; one that says it is an INS, or says nothing
// and has the shape and the key of one, and is another, is another patient.
func (r *reader) labelled(m *Manifest) {
	var others []segur.Identifier
	for _, id := range m.OtherIDs {
		if id.Root == "" && strings.ReplaceAll(id.Extension, " ", "") == m.INS.Matricule() {
			r.warnings.add(WarnIssuer, "patient.otherIDs", "hold the INS without its authority")
			continue
		}
		_, err := segur.ParseINS(id.Extension, m.INS.Authority())
		if id.Root == "" && (strings.HasPrefix(id.Assigner, "ASIP-SANTE-INS-N") || id.Assigner == "" && err == nil) {
			r.add(CodeSeveralPatients, "patient.otherIDs", "hold another matricule than the INS")
			continue
		}
		others = append(others, id)
	}
	m.OtherIDs = others
}

// traits reads the civil status.
func (r *reader) traits(m *Manifest) {
	ds, t := r.ds, &m.Patient
	t.BirthName, t.FirstGivenName = components(r.value(ds, dicomweb.TagPatientName, "patient.name"))
	t.BirthDate = ds.Date(dicomweb.TagPatientBirthDate)
	switch sex := segur.Sex(ds.Value(dicomweb.TagPatientSex)); sex {
	case segur.Female, segur.Male:
		t.Sex = sex
	}
	if cog := r.value(ds, tagComments, "patient.birthPlace"); segur.IsCOG(cog) {
		t.BirthPlace = cog
	}
	names := ds.Values(tagOtherNames)
	for i, n := range names {
		family, given := components(n)
		switch {
		case i == 0 && family == "" && given != "":
			t.GivenNames = given
		case i == 0 && family == "" && given == "" && len(names) > 1: // the list is not known
		case i == 1 && (family != "" || given != ""):
			t.UsedName, t.UsedGivenName = family, given
		case i == 0 && family == t.BirthName && given != "": // the form of old documents
			t.GivenNames = given
			r.warnings.add(WarnOtherNames, "patient.otherNames", "repeat the name at birth")
		default:
			r.warnings.add(WarnOtherNames, "patient.otherNames", "are not the given names and the used name: left aside")
		}
	}
}

// components are the family and the given name of a PN, of its first group.
func components(pn string) (family, given string) {
	pn, _, _ = strings.Cut(pn, "=")
	family, rest, _ := strings.Cut(pn, "^")
	given, _, _ = strings.Cut(rest, "^")
	return strings.TrimSpace(family), strings.TrimSpace(given)
}
