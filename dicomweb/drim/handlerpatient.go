package drim

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/names"
)

// Tags of the identifiers of a patient in an image.
const (
	tagTypeOfPatientID         dicomweb.Tag = 0x00100022
	tagIssuerQualifiers        dicomweb.Tag = 0x00100024
	tagOtherPatientIDsSequence dicomweb.Tag = 0x00101002
	tagUniversalEntityID       dicomweb.Tag = 0x00400032
	tagUniversalEntityIDType   dicomweb.Tag = 0x00400033
)

// SamePatient checks that an image of the PACS is that of the patient of the
// manifest: it bears no other INS, its Patient ID is one of the local identifiers
// when the archive or the manifest knows one, its date of birth is that of the
// manifest where both are whole and none was completed by rule, and its name has
// a word in common with the names of the patient. The error is
// [segur.ErrRefused] and says which, without values.
func SamePatient(published *CurrentManifest, m *kos.Manifest, image *dicomweb.Head) error {
	refuse := func(what string) error {
		return &segur.Error{Op: opServe, Kind: segur.KindRefused, Code: CodeWrongPatient, Message: what + " of the image is not that of the patient of the manifest", Help: helpOf(CodeWrongPatient)}
	}
	matricule := published.INS.Matricule()
	own := false // the image bears the INS of the manifest
	for _, id := range image.PatientIDs {
		if isINS(id) {
			if strings.ReplaceAll(id.Extension, " ", "") != matricule {
				return refuse("the INS")
			}
			own = true
		}
	}
	local := ""
	if len(image.PatientIDs) > 0 {
		local = image.PatientIDs[0].Extension
	}
	if known := localIDs(published, m); len(known) > 0 && local != "" && !own && local != matricule && !slices.Contains(known, local) {
		return refuse("the Patient ID")
	}
	if d := m.Patient.BirthDate; d.Complete() && !m.Patient.BirthDateInterpreted && image.PatientBirthDate.Complete() && d != image.PatientBirthDate {
		return refuse("the date of birth")
	}
	if !sharesName(m.Patient, image.PatientName) {
		return refuse("the name")
	}
	return nil
}

// sharesName reports whether a name in images (PN) has a word in common with those
// of the patient, or nothing can be compared: archives hold names at birth, names
// in use and misspelt ones, never none of them for the right patient.
func sharesName(t segur.Traits, pn string) bool {
	words := names.Words(strings.NewReplacer("^", " ", "=", " ").Replace(pn))
	if len(words) == 0 || t.BirthName == "" {
		return true
	}
	theirs := names.Words(strings.Join([]string{t.BirthName, t.UsedName, t.FirstGivenName, t.GivenNames, t.UsedGivenName}, " "))
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(theirs, w) })
}

// isINS reports whether an identifier of an image is an INS: by its authority or,
// where the image names none, by the label that its issuer has.
func isINS(id segur.Identifier) bool {
	return id.Extension != "" && (segur.IsINSAuthority(id.Root) || id.Root == "" && strings.HasPrefix(id.Assigner, "ASIP-SANTE-INS-N"))
}

// localIDs are the local identifiers of the patient that are known.
func localIDs(published *CurrentManifest, m *kos.Manifest) []string {
	var out []string
	if published.PatientID != "" {
		out = append(out, published.PatientID)
	}
	for _, id := range m.OtherIDs {
		if !segur.IsINSAuthority(id.Root) && id.Extension != "" {
			out = append(out, id.Extension)
		}
	}
	return out
}

// ins is the change that adds the INS to an image that does not bear it yet.
func (x *exchange) ins(image *dicomweb.Head) []dicomweb.Change {
	if x.h.cfg.OmitINS {
		return nil
	}
	ins := x.published.INS
	for _, id := range image.PatientIDs[min(1, len(image.PatientIDs)):] {
		if id.Root == ins.Authority() && id.Extension == ins.Matricule() {
			return nil
		}
	}
	return []dicomweb.Change{dicomweb.AppendItem(tagOtherPatientIDsSequence, insItem(ins))}
}

// insItem is an item of Other Patient IDs Sequence that bears an INS.
func insItem(ins segur.INS) *dicomweb.Dataset {
	issuer := "ASIP-SANTE-INS-NIR"
	if ins.Authority() == segur.OIDINSNIA {
		issuer = "ASIP-SANTE-INS-NIA"
	}
	return dicomweb.NewDataset(
		dicomweb.Text(dicomweb.TagPatientID, ins.Matricule()),
		dicomweb.Text(dicomweb.TagIssuerOfPatientID, issuer),
		dicomweb.Text(tagTypeOfPatientID, "TEXT"),
		dicomweb.Sequence(tagIssuerQualifiers, qualifier(ins.Authority())))
}
