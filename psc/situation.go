package psc

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"

	"github.com/segur-sdk/segur"
)

// Situation is one "situation d'exercice": a profession carried out in one structure. A user may have several, and has
// to say in which one he works. Its printed forms are redacted.
type Situation struct {
	// Exercice is the profession; of its Activities only the one of the situation is left.
	Exercice Exercice
	// Activity is the structure. Its zero value: the provider names none for this profession.
	Activity Activity
}

// Situations lists those of the user, in the order of the provider, each one once.
func (u *UserInfo) Situations() []Situation {
	var out []Situation
	seen := map[string]bool{}
	add := func(s Situation) {
		all, err := json.Marshal(s) // the fields, lists included
		if err != nil || !seen[string(all)] {
			seen[string(all)] = true
			out = append(out, s)
		}
	}
	for _, e := range u.Exercices {
		activities := e.Activities
		e.Activities = nil
		if len(activities) == 0 {
			add(Situation{Exercice: e})
		}
		for _, a := range activities {
			e.Activities = []Activity{a}
			add(Situation{Exercice: e, Activity: a})
		}
	}
	return out
}

// Key identifies the situation among those of its user, from one login to the next: to remember a choice.
func (s Situation) Key() string {
	structure := s.Activity.StructureID
	for _, v := range []string{s.Activity.TechnicalID, s.Activity.FINESS, s.Activity.SIRET, s.Activity.Name} {
		if structure == "" {
			structure = v
		}
	}
	return strings.Join([]string{s.Exercice.Profession + s.Exercice.Category, s.Exercice.Specialty, s.Activity.Mode, s.Activity.Sector, structure}, "|")
}

// Label is a text for the user to choose by: the structure, and where it is.
func (s Situation) Label() string {
	name := s.Activity.Name
	if name == "" {
		name = s.Activity.Sign
	}
	place := strings.TrimSpace(s.Activity.Address.PostalCode + " " + s.Activity.Address.City)
	switch {
	case name == "":
		return place
	case place == "":
		return name
	}
	return name + ", " + place
}

// Roles are those of an assertion (VIHF) of this situation: the profession, in its code system (TRE_G15, TRE_G16 for who
// learns it, TRE_R95 for a title, TRE_R94 for social professions, TRE_R291 for an actor known by a role), then what
// qualifies it: the specialty (TRE_R01), the section of a pharmacist (TRE_G05), the role of such an actor (TRE_R85).
// SubjectRole is never their source.
func (s Situation) Roles() []segur.Code {
	e := s.Exercice
	if e.Profession == "" {
		return nil
	}
	roles := []segur.Code{{Code: e.Profession, System: e.system()}}
	second := segur.Code{Code: e.Specialty, System: systemSpecialty}
	switch {
	case e.Profession == pharmacist:
		second = segur.Code{Code: s.Activity.PharmacistSection, System: systemSection}
	case e.Profession == byRole:
		second = segur.Code{Code: s.Activity.Role, System: systemCareRole}
	}
	if second.Code != "" {
		roles = append(roles, second)
	}
	return roles
}

// system is the code system of the profession: codes are told without.
func (e *Exercice) system() segur.OID {
	switch e.Profession {
	case byRole:
		return systemByRole
	case "71", "72", "73", "93", "97": // osteopath, psychotherapist, chiropractor, psychologist, genetic counsellor
		return systemTitle
	case "41", "42", "43", "44", "45", "46", "47", "48", "49", "51", "52", "53":
		return systemSocial
	}
	if e.Category == student {
		return systemStudent
	}
	return systemProfession
}

// Organization is the structure of the situation. ID is empty when the provider does not give the national identifier:
// it is then not put together from other numbers. ok is false when there is no structure.
func (s Situation) Organization() (o segur.Organization, ok bool) {
	a := s.Activity
	if reflect.ValueOf(a).IsZero() {
		return o, false
	}
	o = segur.Organization{ID: a.StructureID, Name: a.Name, Address: a.Address, Telecoms: a.telecoms()}
	if o.Name == "" {
		o.Name = a.Sign
	}
	if a.Sector != "" {
		o.Sector = segur.Code{Code: a.Sector, System: systemSector}
	}
	return o, true
}

const (
	systemProfession      segur.OID = "1.2.250.1.71.1.2.7"      // TRE_G15
	systemStudent         segur.OID = "1.2.250.1.71.1.2.8"      // TRE_G16
	systemTitle           segur.OID = "1.2.250.1.213.1.6.1.109" // TRE_R95
	systemSocial          segur.OID = "1.2.250.1.213.1.6.1.4"   // TRE_R94
	systemByRole          segur.OID = "1.2.250.1.213.1.6.1.140" // TRE_R291
	systemCareRole        segur.OID = "1.2.250.1.213.1.6.1.107" // TRE_R85
	systemSpecialty       segur.OID = "1.2.250.1.71.4.2.5"      // TRE_R01
	systemSection         segur.OID = "1.2.250.1.71.4.2.6"      // TRE_G05
	systemSector          segur.OID = "1.2.250.1.71.4.2.4"      // TRE_R02
	systemAuthorSpecialty segur.OID = "1.2.250.1.213.1.1.4.5"   // TRE_A02

	pharmacist = "21"
	byRole     = "99"
	student    = "E"
)

var (
	notDigits = regexp.MustCompile(`[\s.()-]`)
	national  = regexp.MustCompile(`^0[1-9][0-9]{8}$`)
	worldwide = regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`)
	mail      = regexp.MustCompile(`^[^\s@<>,;:"]+@[^\s@<>,;:"]+$`)
)

// telecoms leaves out what is no number and no address.
func (a Activity) telecoms() []segur.Telecom {
	var out []segur.Telecom
	for _, p := range a.Phones {
		p = notDigits.ReplaceAllString(p, "")
		if national.MatchString(p) {
			p = "+33" + p[1:]
		}
		if worldwide.MatchString(p) {
			out = append(out, segur.Telecom{Value: "tel:" + p, Use: "WP"})
		}
	}
	if mail.MatchString(a.Email) {
		out = append(out, segur.Telecom{Value: "mailto:" + a.Email, Use: "WP"})
	}
	return out
}

// Choice says which situation the user works in. The functions below make the usual ones.
type Choice func(Situation) bool

// OnlySituation is the choice of a user who has a single situation, and of nobody else.
func OnlySituation() Choice { return func(Situation) bool { return true } }

// InStructure is the situation in the structure with this national identifier (ancienIdentifiantDeLaStructure), the
// type digit of a FINESS number with or without.
func InStructure(id string) Choice {
	id = segur.NormalizeStructureID(id)
	return func(s Situation) bool { return id != "" && segur.NormalizeStructureID(s.Activity.StructureID) == id }
}

// WithKey is the situation with this [Situation.Key].
func WithKey(key string) Choice { return func(s Situation) bool { return s.Key() == key } }

const opProfessional = "psc.professional"

// Choose returns the one situation that fits. None ([segur.ErrNotFound]) and several ([segur.ErrInvalidInput]) are
// errors: the user says where he works, nobody else does.
func (u *UserInfo) Choose(choice Choice) (Situation, error) {
	invalid := func(rule string) (Situation, error) {
		return Situation{}, &segur.Error{Op: opProfessional, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "choice", Message: rule}}}
	}
	if choice == nil {
		return invalid("is required: the situation that the user chose")
	}
	var fit []Situation
	for _, s := range u.Situations() {
		if choice(s) {
			fit = append(fit, s)
		}
	}
	switch len(fit) {
	case 0:
		return Situation{}, &segur.Error{Op: opProfessional, Kind: segur.KindNotFound, Message: "the user has no such situation"}
	case 1:
		return fit[0], nil
	}
	return invalid("must fit one situation: the user has several, let him choose")
}

// Professional is the user in the situation that he chose, as dmp.Config.User, the author of a document or the sender
// of a mail take it. Labels are left to the tables of those packages.
func (u *UserInfo) Professional(choice Choice) (segur.Professional, error) {
	s, err := u.Choose(choice)
	if err != nil {
		return segur.Professional{}, err
	}
	id, err := u.nationalID()
	if err != nil {
		return segur.Professional{}, err
	}
	e := s.Exercice
	p := segur.Professional{ID: id, FamilyName: e.FamilyName, GivenName: e.GivenName, Title: e.Title}
	if p.FamilyName == "" {
		p.FamilyName, p.GivenName = u.FamilyName, u.GivenName
	}
	var problems segur.Problems
	problems.Require("userInfo.nomDexercice", p.FamilyName)
	problems.Require("userInfo.codeProfession", e.Profession)
	if !problems.Empty() {
		return segur.Professional{}, &segur.Error{Op: opProfessional, Kind: segur.KindProtocol, Message: "the situation is not complete", Details: problems.Details()}
	}
	roles := s.Roles()
	p.Profession = roles[0]
	if len(roles) > 1 {
		p.Specialty = roles[1]
		if p.Profession.System == systemProfession {
			// The form of the value set J01, which documents and assertions are both made from.
			p.Specialty = segur.Code{Code: "G15_" + e.Profession + "/" + roles[1].Code, System: systemAuthorSpecialty}
		}
	}
	if o, ok := s.Organization(); ok {
		p.Organization, p.Telecoms, p.Address = &o, o.Telecoms, o.Address
	}
	return p, nil
}

var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// nationalID is the identifier with its type that assertions name: SubjectNameID, unless it has become the account key
// PSI, a UUID; then the RPPS identifier of the account.
func (u *UserInfo) nationalID() (string, error) {
	fail := func(message string) (string, error) {
		return "", &segur.Error{Op: opProfessional, Kind: segur.KindProtocol, Message: message}
	}
	rpps := ""
	for _, o := range u.OtherIDs {
		if (segur.Professional{ID: o.Value}).RPPS() == "" || !strings.EqualFold(o.Origin, "RPPS") {
			continue
		}
		if rpps != "" && rpps != o.Value {
			return fail("the account has two RPPS identifiers")
		}
		rpps = o.Value
	}
	id := u.NameID
	if id == "" {
		id = u.PreferredUsername
	}
	if id == "" || uuid.MatchString(id) {
		id = rpps
	}
	switch {
	case id == "":
		return fail("the account has no national identifier")
	case rpps != "" && id != rpps && (segur.Professional{ID: id}).RPPS() != "":
		return fail("SubjectNameID and the RPPS identifier of the account differ")
	}
	return id, nil
}
