package saml

import (
	"regexp"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// Mode is the authentication mode of a call to the DMP, value of Authentification_Mode.
type Mode string

// Modes.
const (
	Direct             Mode = "DIRECTE"             // card of the user
	Indirect           Mode = "INDIRECTE"           // certificate of the structure
	IndirectReinforced Mode = "INDIRECTE_RENFORCEE" // AIR: structure, and user strongly authenticated
)

// Purpose is the access mode, TRE_R248.
type Purpose string

// Purposes.
const (
	Normal      Purpose = "normal"        // default
	BreakGlass  Purpose = "bris_de_glace" // emergency, without the authorisation of the patient
	Regulation  Purpose = "centre_15"     // medical regulation centre
	purposeOID          = "1.2.250.1.213.1.1.4.248"
	purposeName         = "mode acces VIHF 2.0"
)

var purposeDisplay = map[Purpose]string{
	Normal: "Accès normal", BreakGlass: "Accès en bris de glace", Regulation: "Accès par un centre de régulation médicale",
}

// LocalAuthentication is how the user logged in to the source software; it must be the truth. Value: last part of the
// SAML class in AuthnContextClassRef.
type LocalAuthentication string

// Local authentications.
const (
	ByPassword        LocalAuthentication = "Password"
	ByProSanteConnect LocalAuthentication = "MobileTwoFactorUnregistered"
	ByCard            LocalAuthentication = "SmartcardPKI"
	ByTLSClient       LocalAuthentication = "TLSClient"
	Unattended        LocalAuthentication = "unspecified" // automatic process
)

const classPrefix = "urn:oasis:names:tc:SAML:2.0:ac:classes:"

// Code systems of the coded attributes.
const (
	oidProfessions segur.OID = "1.2.250.1.71.1.2.7"      // TRE_G15
	oidSpecialties segur.OID = "1.2.250.1.71.4.2.5"      // TRE_R01
	oidActors      segur.OID = "1.2.250.1.213.1.1.4.6"   // TRE_A00: AUTOMATE, DISPOSITIF...
	oidSectors     segur.OID = "1.2.250.1.71.4.2.4"      // TRE_R02
	oidSections    segur.OID = "1.2.250.1.71.4.2.6"      // TRE_G05: sections of the Ordre des pharmaciens
	oidOthers      segur.OID = "1.2.250.1.213.1.6.1.140" // TRE_R291: actors characterised by their role
	oidCareRoles   segur.OID = "1.2.250.1.213.1.6.1.107" // TRE_R85
	oidActivities  segur.OID = "1.2.250.1.213.1.6.1.19"  // TRE_R22
	codeDoctor               = "10"                      // TRE_G15
	codePharmacist           = "21"                      // TRE_G15
	codeAutomaton            = "AUTOMATE"                // TRE_A00
	codeByRole               = "99"                      // TRE_R291
	hl7Namespace             = "urn:hl7-org:v3"
	secretMarker             = "INVISIBLE_REPRESENTANTS_LEGAUX" // JDV_J64
)

// Defaults of settings whose normative value is not public.
const (
	DefaultVIHFVersion = "3.0"             // every sample and client; a mapping table says 4.0
	DefaultDeclaration = "CONF_EXI_PGSSIS" // EX_AIR-050
	// DefaultReasonAttribute is known from connectors only.
	DefaultReasonAttribute = "Mode_Acces_Raison"
)

// Software identifies the product: the strings of its "about" screen (EX_GEN-1180).
type Software struct {
	Name         string // LPS_Nom, required
	Version      string // LPS_Version, required
	Approval     string // LPS_ID_HOMOLOGATION_DMP, required
	Installation string // LPS_ID, serial number of the installation, optional
}

// VIHF is the content of the token. Fields that the mode forbids must be empty: nothing is dropped silently.
type VIHF struct {
	Mode    Mode
	Version string // VIHF_Version, default DefaultVIHFVersion

	// Subject is the PS_IdNat of the user ("8" + RPPS), or an internal identifier with the prefix of its structure
	// ("3" + FINESS + "/" + id). For an automatic process: that of the responsible person.
	Subject string
	// SubjectName is the name and first name ("NOM Prénom"), or for an automatic process the software, its model and
	// service. Required but in Direct.
	SubjectName string
	// Structure is the Struct_IdNat of the caller, which the certificate of the structure must bear (OU).
	Structure string
	// Sector is the sector of activity: code SAxx of TRE_R02. Its System may be left empty.
	Sector segur.Code
	// Roles: the profession or kind of actor first (JDV_J65), then what qualifies it: the speciality (TRE_R01), mandatory
	// for doctors, the section of the order (TRE_G05), for pharmacists, the role (TRE_R85), for actors known by it. 1 to
	// 4. SystemName may be left empty for TRE_G15 and TRE_R01.
	Roles []segur.Code
	// Patient is absent from the calls that have none (list of authorisations, search without INS).
	Patient segur.INS

	Purpose Purpose // default Normal
	// BreakGlassReason is required with BreakGlass in Direct, possible with it in IndirectReinforced, and has no place
	// elsewhere. ReasonAttribute is the name of its attribute, default DefaultReasonAttribute.
	BreakGlassReason, ReasonAttribute string
	// Secret marks the secret connection of a minor: every call of the session has it (EX_0.1-1100).
	Secret bool

	LocalAuthentication LocalAuthentication // required
	// AuthenticatedAt is when the user logged in to the source software. Unattended: may be zero, meaning now.
	AuthenticatedAt time.Time
	// Declaration goes to AuthnContextDecl, in IndirectReinforced only; default DefaultDeclaration.
	Declaration string

	Software Software
}

func (v *VIHF) defaults(now time.Time) {
	if v.Version == "" {
		v.Version = DefaultVIHFVersion
	}
	if v.Purpose == "" {
		v.Purpose = Normal
	}
	if v.Sector.System == "" {
		v.Sector.System = oidSectors
	}
	if v.ReasonAttribute == "" {
		v.ReasonAttribute = DefaultReasonAttribute
	}
	if v.Mode == IndirectReinforced && v.Declaration == "" {
		v.Declaration = DefaultDeclaration
	}
	if v.AuthenticatedAt.IsZero() && v.LocalAuthentication == Unattended {
		v.AuthenticatedAt = now
	}
}

var (
	sectorCode = regexp.MustCompile(`^SA\d{2}$`)
	// nationalID are the forms of PS_IdNat: ADELI, RPPS, or an identifier given by a practice or a structure after that
	// of the giver (ADELI practice, FINESS, SIREN, SIRET, RPPS practice).
	nationalID = regexp.MustCompile(`^(0[0-9A-Z]{9}|8\d{11}|(1[0-9A-Z]{9}|3[0-9A-Z]{9}|4\d{9}|5\d{14}|6\d{11,14})/[^/]+)$`)
	// identifier: no separator of the formats that carry it, no blank at the ends.
	identifier = regexp.MustCompile(`^[^\s^&~|]([^^&~|]*[^\s^&~|])?$`)
)

// clockSkew is how far apart two clocks may be: they are synchronised once a day at least (PRE_TPS).
const clockSkew = 5 * time.Minute

// check adds everything that is wrong at the instant now. The rules are those of the ANS table "Mapping VIHF pour le
// DMP" and of JDV_J65.
func (v VIHF) check(p *segur.Problems, now time.Time) {
	switch v.Mode {
	case Direct, Indirect, IndirectReinforced:
	default:
		p.Add("mode", "must be DIRECTE, INDIRECTE or INDIRECTE_RENFORCEE")
	}
	p.Require("version", v.Version)
	checkIdentifier(p, "subject", v.Subject)
	if identifier.MatchString(v.Subject) && !nationalID.MatchString(v.Subject) {
		p.Add("subject", "must be a PS_IdNat: 8 and the 11 digits of the RPPS number, 0 and ADELI, or the identifier of the giver, a slash and an internal one (3 and FINESS, 4 and SIREN, 5 and SIRET, 1 and ADELI practice, 6 and RPPS practice)")
	}
	if v.Mode != Direct {
		p.Require("subjectName", v.SubjectName)
	}
	checkIdentifier(p, "structure", v.Structure)
	if !sectorCode.MatchString(v.Sector.Code) || v.Sector.System != oidSectors {
		p.Add("sector", "must be a code SAxx of TRE_R02 (1.2.250.1.71.4.2.4)")
	}
	v.checkRoles(p)
	v.checkAccess(p)
	v.checkAuthentication(p, now)
	p.Require("software.name", v.Software.Name)
	p.Require("software.version", v.Software.Version)
	p.Require("software.approval", v.Software.Approval)
}

func checkIdentifier(p *segur.Problems, field, value string) {
	if value == "" {
		p.Add(field, "is required")
	} else if !identifier.MatchString(value) || len(value) > 128 {
		p.Add(field, "must be an identifier without blanks around it, ^, &, ~ or |")
	}
}

func (v VIHF) checkRoles(p *segur.Problems) {
	if len(v.Roles) == 0 || len(v.Roles) > 4 {
		p.Add("roles", "1 to 4 roles are expected")
		return
	}
	for i, r := range v.Roles {
		if r.Code == "" || !r.System.Valid() {
			p.Addf(indexed("roles", i), "needs a code and the OID of its system")
		}
	}
	v.checkQualification(p)
}

// checkQualification applies what the first role asks of the second one.
func (v VIHF) checkQualification(p *segur.Problems) {
	first, second := v.Roles[0], segur.Code{}
	if len(v.Roles) > 1 {
		second = v.Roles[1]
	}
	switch first.System {
	case oidSpecialties, oidSections, oidCareRoles, oidActivities:
		p.Add("roles[0]", "the first role is a profession or a kind of actor, not what qualifies it")
	case oidProfessions:
		if first.Code == codeDoctor && second.System != oidSpecialties {
			p.Add("roles[1]", "a doctor needs a speciality of TRE_R01 (1.2.250.1.71.4.2.5)")
		}
		if first.Code == codePharmacist && second.System != oidSections {
			p.Add("roles[1]", "a pharmacist needs the section of the order, of TRE_G05 (1.2.250.1.71.4.2.6)")
		}
	case oidOthers:
		if first.Code == codeByRole && second.System != oidCareRoles {
			p.Add("roles[1]", "an actor known by a role needs it, of TRE_R85 (1.2.250.1.213.1.6.1.107)")
		}
	case oidActors:
		if first.Code != codeAutomaton {
			break
		}
		if v.Mode != Indirect {
			p.Add("roles[0]", "an automatic process acts in INDIRECTE only")
		}
		if v.LocalAuthentication != Unattended && v.LocalAuthentication != "" {
			p.Add("localAuthentication", "is unspecified for an automatic process: nobody logged in")
		}
	}
}

func (v VIHF) checkAccess(p *segur.Problems) {
	if _, known := purposeDisplay[v.Purpose]; !known {
		p.Add("purpose", "must be normal, bris_de_glace or centre_15 (TRE_R248)")
	}
	switch {
	case v.Purpose == BreakGlass && v.Mode == Indirect:
		p.Add("purpose", "bris_de_glace is not possible in INDIRECTE")
	case v.Purpose == BreakGlass && v.Mode == Direct && strings.TrimSpace(v.BreakGlassReason) == "":
		p.Add("breakGlassReason", "is required with bris_de_glace")
	case v.BreakGlassReason != "" && v.Purpose != BreakGlass:
		p.Add("breakGlassReason", "goes with bris_de_glace only")
	}
	if v.Secret && v.Patient.IsZero() {
		p.Add("secret", "a secret connection is that of a patient")
	}
}

func (v VIHF) checkAuthentication(p *segur.Problems, now time.Time) {
	switch v.LocalAuthentication {
	case ByPassword, ByProSanteConnect, ByTLSClient, ByCard, Unattended:
	case "":
		p.Add("localAuthentication", "is required: how the user logged in to the software")
	default:
		p.Add("localAuthentication", "is not a class that the DMP knows")
	}
	if v.Mode == Direct && v.LocalAuthentication != ByCard {
		p.Add("localAuthentication", "is the card in DIRECTE")
	}
	if v.Mode == IndirectReinforced && v.LocalAuthentication == Unattended {
		p.Add("localAuthentication", "INDIRECTE_RENFORCEE needs an authenticated user (EX_AIR-085)")
	}
	switch {
	case v.AuthenticatedAt.IsZero():
		p.Add("authenticatedAt", "is required: when the user logged in to the software")
	case v.AuthenticatedAt.After(now.Add(clockSkew)):
		p.Add("authenticatedAt", "is in the future")
	}
	if v.Mode == IndirectReinforced {
		p.Require("declaration", v.Declaration)
	} else if v.Declaration != "" {
		p.Add("declaration", "goes with INDIRECTE_RENFORCEE only")
	}
}
