package drim

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/names"
)

// Answer is the value of a flag that may be absent.
type Answer uint8

// The answers. The zero value is the absent one.
const (
	// Unset: the message does not say.
	Unset Answer = iota
	// No is "N".
	No
	// Yes is "Y".
	Yes
)

// String writes "Y", "N" or "".
func (a Answer) String() string {
	switch a {
	case No:
		return "N"
	case Yes:
		return "Y"
	}
	return ""
}

// Flags are the observations of MetaDMPMSS: who may see the document, and where
// it goes.
type Flags struct {
	// HiddenFromProfessionals is MASQUE_PS.
	HiddenFromProfessionals Answer
	// HiddenFromPatient is INVISIBLE_PATIENT.
	HiddenFromPatient Answer
	// HiddenFromRepresentatives is INVISIBLE_REP_LEGAUX.
	HiddenFromRepresentatives Answer
	// SecretConnection is CONNEXION_SECRETE: the assertion says so, and the
	// document is hidden from the legal representatives.
	SecretConnection Answer
	// VisibilityChanged is MODIF_CONF_CODE: nothing but the visibility changed.
	VisibilityChanged Answer
	// ToDMP is DESTDMP. A manifest is published only when it is Yes.
	ToDMP Answer
	// ToProfessionals and ToPatient are DESTMSSANTEPS and DESTMSSANTEPAT.
	ToProfessionals, ToPatient Answer
	// ReceptionReceipt and ReadReceipt are ACK_RECEPTION and ACK_LECTURE_MSS.
	ReceptionReceipt, ReadReceipt Answer
}

// Visibility returns the markers of the document's metadata: a secret
// connection asks for [xds.HiddenFromRepresentatives] too. Unset is No.
func (f Flags) Visibility() []xds.Visibility {
	var out []xds.Visibility
	if f.HiddenFromProfessionals == Yes {
		out = append(out, xds.HiddenFromProfessionals)
	}
	if f.HiddenFromPatient == Yes {
		out = append(out, xds.HiddenFromPatient)
	}
	if f.HiddenFromRepresentatives == Yes || f.SecretConnection == Yes {
		out = append(out, xds.HiddenFromRepresentatives)
	}
	return out
}

// flagNames are the codes of MetaDMPMSS that are flags: the one that is written
// first, then those of older versions and of published samples.
var flagNames = []struct {
	names []string
	field func(*Flags) *Answer
}{
	{[]string{"MASQUE_PS"}, func(f *Flags) *Answer { return &f.HiddenFromProfessionals }},
	{[]string{"INVISIBLE_PATIENT"}, func(f *Flags) *Answer { return &f.HiddenFromPatient }},
	{[]string{"INVISIBLE_REP_LEGAUX", "INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REPRENSANTS_LEGAUX"},
		func(f *Flags) *Answer { return &f.HiddenFromRepresentatives }},
	{[]string{"CONNEXION_SECRETE"}, func(f *Flags) *Answer { return &f.SecretConnection }},
	{[]string{"MODIF_CONF_CODE", "MODIF_CONFIDENTIALITYCODE"}, func(f *Flags) *Answer { return &f.VisibilityChanged }},
	{[]string{"DESTDMP"}, func(f *Flags) *Answer { return &f.ToDMP }},
	{[]string{"DESTMSSANTEPS"}, func(f *Flags) *Answer { return &f.ToProfessionals }},
	{[]string{"DESTMSSANTEPAT"}, func(f *Flags) *Answer { return &f.ToPatient }},
	{[]string{"ACK_RECEPTION"}, func(f *Flags) *Answer { return &f.ReceptionReceipt }},
	{[]string{"ACK_LECTURE_MSS", "ACK_LECTURE"}, func(f *Flags) *Answer { return &f.ReadReceipt }},
}

// flagCode is a code of MetaDMPMSS as it is compared: published tables have
// blanks inside codes, and senders accents. Codes are far shorter than what is
// looked at.
func flagCode(s string) string {
	return strings.ToUpper(names.Transliterate(strings.Join(strings.Fields(s[:min(len(s), 200)]), "")))
}

// field returns the flag of a code; nil when the code is no flag. old says that
// the code is not the one of today.
func (f *Flags) field(code string) (a *Answer, old bool) {
	for _, n := range flagNames {
		if i := slices.Index(n.names, code); i >= 0 {
			return n.field(f), i > 0
		}
	}
	return nil, false
}

// parseAnswer reads component 1 of a flag.
func parseAnswer(s string) (Answer, bool) {
	switch strings.ToUpper(strings.TrimSpace(s)) {
	case "Y":
		return Yes, true
	case "N":
		return No, true
	case "":
		return Unset, true
	}
	return Unset, false
}
