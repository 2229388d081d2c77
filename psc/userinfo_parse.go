package psc

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

const (
	maxExercices  = 100
	maxActivities = 1000
)

// ParseUserInfo reads the JSON of a UserInfo, kept by the caller or from a proxy. Keys may be missing, texts may be
// empty, null, numbers or booleans, and lists may hold one value without brackets. Whose it is, is not checked here.
func ParseUserInfo(body []byte) (*UserInfo, error) {
	bad := func(message string) error {
		return &segur.Error{Op: opUserInfo, Kind: segur.KindProtocol, Message: message}
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return nil, bad("the answer is not a JSON object")
	}
	if len(body) > maxUserInfo {
		return nil, &segur.Error{Op: opUserInfo, Kind: segur.KindTooLarge, Message: "the answer is too long"}
	}
	var r rawUserInfo
	if err := decodeJSON(body, &r, bad); err != nil {
		return nil, err
	}
	u := &UserInfo{
		Subject: string(r.Sub), NameID: r.NameID.trim(), PreferredUsername: r.PreferredUsername.trim(),
		GivenName: r.GivenName.trim(), FamilyName: r.FamilyName.trim(), Civility: r.RefPro.Civility.trim(),
		Email: r.Email.trim(), EmailVerified: r.EmailVerified == "true",
		Sector: r.Sector.code(), Organization: r.Organization.trim(), OrganizationID: r.OrganizationID.trim(), Level: r.Level.code(),
		AccessReason: r.AccessReason.trim(), MedicalRegulation: strings.EqualFold(r.Regulation.trim(), "VRAI") || r.Regulation == "true",
		PSILocale: r.PSILocale.trim(), UITVersion: r.UITVersion.trim(), Raw: slices.Clone(body),
	}
	for _, role := range r.Roles {
		if c := role.code(); !c.IsZero() {
			u.Roles = append(u.Roles, c)
		}
	}
	for _, id := range r.OtherIDs {
		if v := id.Value.trim(); v != "" {
			q, _ := strconv.Atoi(id.Quality.trim())
			u.OtherIDs = append(u.OtherIDs, OtherID{v, id.Origin.trim(), q})
		}
	}
	activities := 0
	for _, e := range r.RefPro.Exercices {
		u.Exercices = append(u.Exercices, e.exercice())
		activities += len(e.Activities)
	}
	if len(u.Exercices) > maxExercices || activities > maxActivities {
		return nil, &segur.Error{Op: opUserInfo, Kind: segur.KindTooLarge, Message: "the answer has too many practices"}
	}
	return u, nil
}

// text is a string, or what the provider puts in the place of one.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case string(b) == "null":
		*t = ""
	case len(b) > 0 && (b[0] == '{' || b[0] == '['):
		return &json.UnmarshalTypeError{Value: "composite"}
	default: // a number, true or false
		*t = text(b)
	}
	return nil
}

func (t text) trim() string { return strings.TrimSpace(string(t)) }

// code reads "SA07^1.2.250.1.71.4.2.4".
func (t text) code() segur.Code {
	c, system, _ := strings.Cut(t.trim(), "^")
	return segur.Code{Code: strings.TrimSpace(c), System: segur.OID(strings.TrimSpace(system))}
}

// list is a list, one value without brackets, or nothing: null and the empty text.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	if s := string(b); s == "null" || s == `""` {
		*l = nil
		return nil
	}
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}

type rawUserInfo struct {
	Sub               text       `json:"sub"`
	NameID            text       `json:"SubjectNameID"`
	PreferredUsername text       `json:"preferred_username"`
	GivenName         text       `json:"given_name"`
	FamilyName        text       `json:"family_name"`
	Email             text       `json:"email"`
	EmailVerified     text       `json:"email_verified"`
	Sector            text       `json:"Secteur_Activite"`
	Organization      text       `json:"SubjectOrganization"`
	OrganizationID    text       `json:"SubjectOrganizationID"`
	Roles             list[text] `json:"SubjectRole"`
	Level             text       `json:"Palier_Authentification"`
	AccessReason      text       `json:"Mode_Acces_Raison"`
	Regulation        text       `json:"Acces_Regulation_Medicale"`
	PSILocale         text       `json:"PSI_Locale"`
	UITVersion        text       `json:"UITVersion"`
	OtherIDs          list[struct {
		Value   text `json:"identifiant"`
		Origin  text `json:"origine"`
		Quality text `json:"qualite"`
	}] `json:"otherIds"`
	RefPro rawRefPro `json:"SubjectRefPro"`
}

type rawRefPro struct {
	Civility  text
	Exercices list[rawExercice]
}

// UnmarshalJSON takes an empty text for nothing.
func (r *rawRefPro) UnmarshalJSON(b []byte) error {
	if s := string(b); s == "null" || s == `""` {
		return nil
	}
	var v struct {
		Civility  text              `json:"codeCivilite"`
		Exercices list[rawExercice] `json:"exercices"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*r = rawRefPro(v)
	return nil
}

type rawExercice struct {
	Profession    text              `json:"codeProfession"`
	Category      text              `json:"codeCategorieProfessionnelle"`
	Title         text              `json:"codeCiviliteDexercice"`
	FamilyName    text              `json:"nomDexercice"`
	GivenName     text              `json:"prenomDexercice"`
	SpecialtyType text              `json:"codeTypeSavoirFaire"`
	Specialty     text              `json:"codeSavoirFaire"`
	Activities    list[rawActivity] `json:"activities"`
}

func (r *rawExercice) exercice() Exercice {
	e := Exercice{
		Profession: r.Profession.trim(), Category: r.Category.trim(), Title: r.Title.trim(), FamilyName: r.FamilyName.trim(),
		GivenName: r.GivenName.trim(), SpecialtyType: r.SpecialtyType.trim(), Specialty: r.Specialty.trim(),
	}
	for _, a := range r.Activities {
		e.Activities = append(e.Activities, a.activity())
	}
	return e
}

type rawActivity struct {
	Mode        text `json:"codeModeExercice"`
	Sector      text `json:"codeSecteurDactivite"`
	Section     text `json:"codeSectionPharmacien"`
	Role        text `json:"codeRole"`
	Kind        text `json:"codeGenreActivite"`
	SIRET       text `json:"numeroSiretSite"`
	SIREN       text `json:"numeroSirenSite"`
	FINESS      text `json:"numeroFinessSite"`
	LegalFINESS text `json:"numeroFinessetablissementJuridique"`
	TechnicalID text `json:"identifiantTechniqueDeLaStructure"`
	Name        text `json:"raisonSocialeSite"`
	Sign        text `json:"enseigneCommercialeSite"`
	Recipient   text `json:"complementDestinataire"`
	Point       text `json:"complementPointGeographique"`
	Number      text `json:"numeroVoie"`
	Repetition  text `json:"indiceRepetitionVoie"`
	StreetType  text `json:"codeTypeDeVoie"`
	Street      text `json:"libelleVoie"`
	Mention     text `json:"mentionDistribution"`
	Office      text `json:"bureauCedex"`
	PostalCode  text `json:"codePostal"`
	TownCode    text `json:"codeCommune"`
	Country     text `json:"codePays"`
	Phone       text `json:"telephone"`
	Phone2      text `json:"telephone2"`
	Fax         text `json:"telecopie"`
	Email       text `json:"adresseEMail"`
	Department  text `json:"codeDepartement"`
	StructureID text `json:"ancienIdentifiantDeLaStructure"`
	Authority   text `json:"autoriteDenregistrement"`
}

func (r *rawActivity) activity() Activity {
	a := Activity{
		Mode: r.Mode.trim(), Sector: r.Sector.trim(), PharmacistSection: r.Section.trim(), Role: r.Role.trim(), Kind: r.Kind.trim(),
		StructureID: r.StructureID.trim(), TechnicalID: r.TechnicalID.trim(), SIRET: r.SIRET.trim(), SIREN: r.SIREN.trim(),
		FINESS: r.FINESS.trim(), LegalFINESS: r.LegalFINESS.trim(), Name: r.Name.trim(), Sign: r.Sign.trim(), Address: r.address(),
		TownCode: r.TownCode.trim(), Department: r.Department.trim(), Fax: r.Fax.trim(), Email: r.Email.trim(), Authority: r.Authority.trim(),
	}
	for _, p := range []text{r.Phone, r.Phone2} {
		if v := p.trim(); v != "" {
			a.Phones = append(a.Phones, v)
		}
	}
	return a
}

// france is the country in the codes of the COG.
const france = "99000"

func (r *rawActivity) address() segur.Address {
	var a segur.Address
	street := strings.Join(strings.Fields(strings.Join([]string{string(r.Number), string(r.Repetition), string(r.StreetType), string(r.Street)}, " ")), " ")
	for _, line := range []string{r.Recipient.trim(), r.Point.trim(), street, r.Mention.trim()} {
		if line != "" {
			a.Lines = append(a.Lines, line)
		}
	}
	a.PostalCode = r.PostalCode.trim()
	// The office is "PARIS" or "75009 PARIS".
	a.City = strings.TrimSpace(strings.TrimPrefix(r.Office.trim(), a.PostalCode))
	if c := r.Country.trim(); c != france {
		a.Country = c
	}
	return a
}
