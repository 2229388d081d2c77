package dmp

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

// Right is what the rights matrix says of a transaction.
type Right string

// The rights.
const (
	// No: refused.
	No Right = "no"
	// Yes: granted.
	Yes Right = "yes"
	// ByStructure: granted in the name of the structure, to which what is done
	// is imputed.
	ByStructure Right = "in the name of the structure"
	// SameStructure: for professionals of the same structure only.
	SameStructure Right = "same structure only"
	// NewByDate: what is new since a date only.
	NewByDate Right = "new since a date only"
	// ByReference: documents known by their identifier only.
	ByReference Right = "by identifier only"
	// OwnDocuments: documents of which the user is an author.
	OwnDocuments Right = "own documents only"
	// StructureDocuments: documents of which the structure is an author.
	StructureDocuments Right = "documents of the structure only"
	// IfPatientAgreed: when the patient agreed beforehand.
	IfPatientAgreed Right = "if the patient agreed beforehand"
	// ServiceDecides: the published matrix does not say, or it depends on what
	// the record alone knows.
	ServiceDecides Right = "decided by the service"
)

// Profile is who acts, as the rights matrix knows them. In INDIRECTE the
// structure acts, whatever the profile.
type Profile string

// The profiles.
const (
	// Physician is a physician; the declared general practitioner of a patient
	// (médecin traitant) is one of whom the record alone knows that they are.
	Physician Profile = "physician"
	// DeclaredGP is the declared general practitioner of the patient. No
	// client has this profile: it serves [RightTo].
	DeclaredGP Profile = "declared general practitioner"
	// OccupationalPhysician is a physician who acts as médecin du travail.
	OccupationalPhysician Profile = "occupational physician"
	// OtherProfessional is another health professional.
	OtherProfessional Profile = "health professional, not physician"
	// NonProfessional is an employee: holder of a CPE in DIRECTE, "personnel
	// d'établissement" in INDIRECTE_RENFORCEE.
	NonProfessional Profile = "not a health professional"
)

// columns are those of the matrix; the letters of each line below are in this
// order.
var columns = []struct {
	mode    Mode
	profile Profile
	purpose Purpose
}{
	{Directe, OtherProfessional, Normal}, {Directe, OtherProfessional, Centre15}, {Directe, OtherProfessional, BrisDeGlace},
	{Directe, Physician, Normal}, {Directe, Physician, Centre15}, {Directe, Physician, BrisDeGlace},
	{Directe, OccupationalPhysician, Normal},
	{Directe, DeclaredGP, Normal}, {Directe, DeclaredGP, BrisDeGlace},
	{Directe, NonProfessional, Normal},
	{Indirecte, "", Normal}, {Indirecte, "", Centre15},
	{IndirecteRenforcee, OtherProfessional, Normal}, {IndirecteRenforcee, OtherProfessional, Centre15}, {IndirecteRenforcee, OtherProfessional, BrisDeGlace},
	{IndirecteRenforcee, Physician, Normal}, {IndirecteRenforcee, Physician, Centre15}, {IndirecteRenforcee, Physician, BrisDeGlace},
	{IndirecteRenforcee, DeclaredGP, Normal}, {IndirecteRenforcee, DeclaredGP, BrisDeGlace},
	{IndirecteRenforcee, NonProfessional, Normal},
}

// cells are what the letters mean of the lines.
var cells = map[byte]Right{
	'y': Yes, '-': No, 's': ByStructure, 'c': SameStructure, 'd': NewByDate, 'r': ByReference, 'o': OwnDocuments,
	'S': StructureDocuments, 'a': IfPatientAgreed, '?': ServiceDecides,
}

// matrix is the rights matrix of the record: those of DIRECTE and INDIRECTE
// (published functional matrix F526) and of INDIRECTE_RENFORCEE (F606). A line
// that one of them lacks is left to the service there.
var matrix = map[Transaction]string{
	//              other phys. t  GP  e  ind. | other phys. GP  e
	TD02:           "yyyyyyyyyyyy" + "yyyyyyyyy",
	TD03Add:        "y--y---y-s--" + "y--y--y-s",
	TD03Remove:     "y--y---y----" + "y--y--y--",
	TD03RemoveGP:   "-------y----" + "?????????",
	TD04:           "yyyyyyyyycd-" + "yyyyyyyyd",
	TD05:           "-y--y------y" + "-y--y----",
	TD09:           "yyyyyyyyyy--" + "?????????",
	TD010:          "????????????" + "yyyyyyyyy",
	TD13a:          "yyyyyyyyyyyy" + "yyyyyyyyy",
	TD16:           "y--y--yy----" + "y--y--y--",
	TD21:           "yyyyyyyyy-ss" + "---------",
	TD22:           "---------s--" + "---------",
	TD31:           "yyyyyyyyy---" + "yyyyyyyy-",
	TD31Reference:  "yyyyyyyyyrrr" + "yyyyyyyyr",
	TD32:           "yyyyyy-yy---" + "yyyyyyyy-",
	TD32Masked:     "oaaoaa-ya---" + "oaaoaaya-",
	TD32Invisible:  "yyyyyy-yy---" + "yyyyyyyy-",
	TD32Archived:   "yyyyyy-yy---" + "yyyyyyyy-",
	TD32Obsolete:   "yyyyyy-yy---" + "yyyyyyyy-",
	TD32Deleted:    "yyyyyy-yy---" + "yyyyyyyy-",
	TD33aMask:      "y--y--yy----" + "y--y--y--",
	TD33aUnmask:    "o--o--oy----" + "o--o--y--",
	TD33b:          "y--y--yy----" + "y--y--y--",
	TD33dArchive:   "o--oyyoyy---" + "o--yyyyy-",
	TD33dUnarchive: "o--oyyoyy---" + "o--yyyyy-",
	TD33c:          "oooooooooSSS" + "ooooooooS",
}

// RightTo is a cell of the rights matrix of the record. In INDIRECTE profile
// is not looked at. Where the matrix has no such column, the right is No.
func RightTo(mode Mode, profile Profile, purpose Purpose, t Transaction) Right {
	if mode == Indirecte {
		profile = ""
	}
	line, known := matrix[t]
	if !known {
		return ServiceDecides
	}
	for i, c := range columns {
		if c.mode == mode && c.profile == profile && c.purpose == purpose {
			return cells[line[i]]
		}
	}
	return No
}

func hasColumn(mode Mode, profile Profile, purpose Purpose) bool {
	if mode == Indirecte {
		profile = ""
	}
	for _, c := range columns {
		if c.mode == mode && c.profile == profile && c.purpose == purpose {
			return true
		}
	}
	return false
}

// right is what the matrix says to a user of whom it is not known whether they
// are the declared general practitioner of the patient.
func right(mode Mode, profile Profile, purpose Purpose, t Transaction) Right {
	r := RightTo(mode, profile, purpose, t)
	if profile == Physician && r == No && RightTo(mode, DeclaredGP, purpose, t) != No {
		return ServiceDecides
	}
	return r
}

// Right is what the rights matrix says of t to this client, so that a product
// can hide what is never possible and explain what sometimes is.
func (c *Client) Right(t Transaction) Right {
	if c.cfg.Settings.LetServiceDecide {
		return ServiceDecides
	}
	return right(c.cfg.Mode, c.profile(), c.purpose, t)
}

// Allowed tells whether the rights matrix leaves t to this client: nil, or the
// error that a call would give without sending anything
// ([segur.ErrAuthorization]). What depends on the documents, on the patient or
// on what the record alone knows is not refused: see [Client.Right].
func (c *Client) Allowed(t Transaction) error { return c.allowed("dmp.allowed", t) }

// allowed is applied by each call before anything else; its error is complete.
func (c *Client) allowed(op string, t Transaction) error {
	if c.Right(t) != No {
		return nil
	}
	return c.refusal(op, t)
}

// refusal says what the matrix refuses, and which modes are made for it. An
// empty t is any transaction.
func (c *Client) refusal(op string, t Transaction) *segur.Error {
	what := "the mode " + string(c.cfg.Mode)
	if c.cfg.Mode != Indirecte {
		what += " as " + string(c.profile())
	}
	if c.purpose != Normal {
		what += " with the purpose " + string(c.purpose)
	}
	e := &segur.Error{Op: op, Kind: segur.KindAuthorization}
	if t == "" {
		e.Message = "the rights matrix of the record knows no access by " + what + ": nothing was sent"
		return e
	}
	e.Message = "the rights matrix of the record refuses " + string(t) + " to " + what + ": nothing was sent"
	if c.cfg.Mode == IndirecteRenforcee && (t == TD21 || t == TD22) {
		e.Message += " (EX_AIR-010: this mode is reserved to consultation)"
	}
	e.Help = hint(t, c.purpose)
	return e
}

// hint says which modes are made for t, and which purposes when the present
// one is not.
func hint(t Transaction, present Purpose) segur.Text {
	var modes, purposes []string
	for _, m := range []Mode{Indirecte, IndirecteRenforcee, Directe} {
		for _, c := range columns {
			if c.mode != m || RightTo(m, c.profile, c.purpose, t) == No {
				continue
			}
			if !slices.Contains(modes, string(m)) {
				modes = append(modes, string(m))
			}
			if !slices.Contains(purposes, string(c.purpose)) {
				purposes = append(purposes, string(c.purpose))
			}
		}
	}
	if len(modes) == 0 {
		return segur.Text{}
	}
	out := segur.Text{
		FR: string(t) + " se fait en " + strings.Join(modes, " ou en ") + ".",
		EN: string(t) + " is done in " + strings.Join(modes, " or ") + ".",
	}
	if !slices.Contains(purposes, string(present)) {
		out.FR += " Motif d'accès : " + strings.Join(purposes, " ou ") + "."
		out.EN += " Purpose of use: " + strings.Join(purposes, " or ") + "."
	}
	return out
}

// transactionOf is what a call that reads is judged by.
var transactionOf = map[string]Transaction{opFind: TD31, opSync: TD31, opRetrieve: TD32}

// conditions are what the matrix grants a right on.
var conditions = map[Right]segur.Text{
	OwnDocuments: {
		FR: "Seul un auteur du document, ou le médecin traitant déclaré, peut le faire.",
		EN: "Only an author of the document, or the declared general practitioner, may do it."},
	StructureDocuments: {
		FR: "Seule la structure d'un auteur du document peut le faire.",
		EN: "Only the structure of an author of the document may do it."},
}

// hintOf is what the matrix adds to a refusal of t by the record: the
// condition, or the modes that are made for t when it refuses it to this user.
func (c *Client) hintOf(t Transaction) segur.Text {
	r := right(c.cfg.Mode, c.profile(), c.purpose, t)
	if r == No {
		return hint(t, c.purpose)
	}
	return conditions[r]
}

// feeding is the transaction by which this client publishes: TD2.1, or TD2.2
// with a CPE. Both are the same message.
func (c *Client) feeding() Transaction {
	if c.cfg.Mode == Directe && c.profile() == NonProfessional {
		return TD22
	}
	return TD21
}

// profile is that of the configuration, or that of the profession.
func (c *Client) profile() Profile { return c.cfg.profile() }

func (c *Config) profile() Profile {
	if c.Profile != "" {
		return c.Profile
	}
	profession := c.User.Profession
	switch {
	case profession.System == systemProducer:
		return NonProfessional
	case profession.Code == professionPhysician && (profession.System == systemProfession || profession.System == systemTraining):
		return Physician
	}
	return OtherProfessional
}
