package saml

import (
	"regexp"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Qualifiers of the subject of an INSi assertion.
const (
	QualifierCPS = "CPS"
	QualifierPSC = "PSC" // Pro Santé Connect: that assertion is not signed
)

// DefaultSpecialtyAttribute is the wording of SEL-MP-043; "codeSpecialiteAMO" is seen in Pro Santé Connect mode.
const DefaultSpecialtyAttribute = "codeSpecialite"

// Names of the attributes of the INSi assertion.
const (
	attrBilling    = "identifiantFacturation"
	attrAMOSector  = "secteurActivite"
	attrProfession = "gipProfessionCode"
)

// INSi is the content of the "assertion PS" of the INSi teleservice.
type INSi struct {
	// Subject is the national identifier of the professional: the CN of the card certificate, used when empty.
	Subject string
	// Qualifier is QualifierCPS by default.
	Qualifier string
	// BillingID (identifiantFacturation): geographic FINESS of the establishment, else SIRET; for a private practice
	// its health insurance billing number. Required.
	BillingID string
	// Sector (secteurActivite) is the sector code of the health insurance, such as SA05. Required with a card.
	Sector string
	// Specialty is the speciality code of the health insurance, mandatory for physicians (also in training), else
	// empty. SpecialtyAttribute is the attribute's name, DefaultSpecialtyAttribute when empty.
	Specialty          string
	SpecialtyAttribute string
	// Profession (gipProfessionCode): with Pro Santé Connect, when the user has several professions.
	Profession string
}

var (
	insiSector    = regexp.MustCompile(`^SA\d{2}$`)
	attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]*$`)
)

// Check says what is wrong with the content, before anything is signed. commonName is that of the card certificate.
func (a INSi) Check(commonName string) error {
	a.defaults(commonName)
	var p segur.Problems
	a.check(&p)
	return p.Err("saml.insi")
}

func (a *INSi) defaults(commonName string) {
	if a.Subject == "" {
		a.Subject = commonName
	}
	if a.Qualifier == "" {
		a.Qualifier = QualifierCPS
	}
	if a.SpecialtyAttribute == "" {
		a.SpecialtyAttribute = DefaultSpecialtyAttribute
	}
}

func (a INSi) check(p *segur.Problems) {
	checkIdentifier(p, "subject", a.Subject)
	if a.Qualifier != QualifierCPS && a.Qualifier != QualifierPSC {
		p.Add("qualifier", "must be CPS or PSC")
	}
	checkIdentifier(p, "billingID", a.BillingID)
	switch {
	case a.Sector == "" && a.Qualifier == QualifierCPS:
		p.Add("sector", "is required")
	case a.Sector != "" && !insiSector.MatchString(a.Sector):
		p.Add("sector", "must be a code SAxx")
	}
	if !attributeName.MatchString(a.SpecialtyAttribute) {
		p.Add("specialtyAttribute", "must be the name of an attribute")
	}
	if a.Profession != "" && a.Qualifier != QualifierPSC {
		p.Add("profession", "goes with Pro Santé Connect only")
	}
}

// write returns the assertion and where its signature goes.
func (a INSi) write(id, issuer string, at time.Time) ([]byte, int, error) {
	w := xmlw.New(make([]byte, 0, 1024))
	w.Start("Assertion")
	w.NS("", Namespace)
	head(w, id, at)
	w.Elem("Issuer", issuer, "Format", issuerFormat)
	offset := w.Len()
	w.Start("Subject")
	w.Elem("NameID", a.Subject, "NameQualifier", a.Qualifier)
	w.End()
	w.Start("AttributeStatement")
	for _, kv := range [][2]string{
		{attrBilling, a.BillingID}, {attrAMOSector, a.Sector}, {a.SpecialtyAttribute, a.Specialty}, {attrProfession, a.Profession},
	} {
		if kv[1] == "" {
			continue
		}
		w.Start("Attribute")
		w.Attr("Name", kv[0])
		w.Elem("AttributeValue", kv[1])
		w.End()
	}
	w.End()
	w.End()
	out, err := w.Bytes()
	return out, offset, err
}
