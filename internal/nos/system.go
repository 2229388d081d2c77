package nos

// Code systems that clinical documents and their metadata name. Where the
// number of the French terminology (TRE) is known it is in the name.
const (
	LOINC    = "2.16.840.1.113883.6.1"
	SNOMEDCT = "2.16.840.1.113883.6.96"
	CIM10    = "2.16.840.1.113883.6.3"
	DCM      = "1.2.840.10008.2.16.4"
	CCAM     = "1.2.250.1.215.300.1"
	// CCAMAlias is the older OID of the same list; DRIM-M reports still carry it.
	CCAMAlias = "1.2.250.1.213.2.5"

	// DCMUID holds the DICOM service-object classes.
	DCMUID = "1.2.840.10008.2.6.1"
	// EDQM holds the European standard terms: routes of administration.
	EDQM = "0.4.0.127.0.16.1.1.2.1"
	ATC  = "2.16.840.1.113883.6.73"
	// CIP and UCD identify a medicine by its box and by its dispensing unit.
	// The terminology list of the test kit of 2025 gives UCD another number,
	// 1.2.250.1.213.2.62; the guides of 2026 give this one.
	CIP = "1.2.250.1.213.2.3.2"
	UCD = "1.2.250.1.213.2.61"
	// EMDN is the European nomenclature of medical devices.
	EMDN = "1.2.250.1.213.2.68"
	// TAASIP completes the international terminologies (TA_ASIP).
	TAASIP = "1.2.250.1.213.1.1.4.322"

	HL7Gender          = "2.16.840.1.113883.5.1"
	HL7ActCode         = "2.16.840.1.113883.5.4"
	HL7Confidentiality = "2.16.840.1.113883.5.25"
	HL7Function        = "2.16.840.1.113883.5.88"
	HL7Priority        = "2.16.840.1.113883.5.7"
	HL7Participation   = "2.16.840.1.113883.5.90"
	HL7RoleCode        = "2.16.840.1.113883.5.111"

	// A00NonProfessional names producers that are not professionals (TRE_A00).
	A00NonProfessional = "1.2.250.1.213.1.1.4.6"
	// A01PracticeSetting is TRE_A01.
	A01PracticeSetting = "1.2.250.1.213.1.1.4.9"
	// A02Specialty is the profession with its specialty (TRE_A02).
	A02Specialty = "1.2.250.1.213.1.1.4.5"
	// A05DocumentType completes LOINC (TRE_A05).
	A05DocumentType = "1.2.250.1.213.1.1.4.12"
	// R02Sector is the sector of activity of a structure (TRE_R02).
	R02Sector = "1.2.250.1.71.4.2.4"

	// CISISFunction completes the HL7 functions.
	CISISFunction = "1.2.250.1.213.1.1.4.2.280"
	// CISISEncounter completes the HL7 encounter classes.
	CISISEncounter = "1.2.250.1.213.1.1.4.2.291"
	// CISISRelationship completes the HL7 roles.
	CISISRelationship = "1.2.250.1.213.1.1.4.327"
	// Role holds the roles of people who are not health professionals.
	Role = "1.2.250.1.213.1.6.1.107"
	// TitleUser holds the holders of a professional title.
	TitleUser = "1.2.250.1.213.1.6.1.109"
	// SocialWorker holds the social professions.
	SocialWorker = "1.2.250.1.213.1.6.1.4"
	// CivilitySystem holds M and MME.
	CivilitySystem = "1.2.250.1.213.1.6.1.69"
	// TitleSystem holds DR, PR and the military titles.
	TitleSystem = "1.2.250.1.213.1.6.1.11"
)

// SystemName returns the name of a code system, such as "LOINC", or "".
func SystemName(oid string) string {
	switch oid {
	case LOINC:
		return "LOINC"
	case SNOMEDCT:
		return "SNOMED CT"
	case CIM10:
		return "CIM-10"
	case DCM:
		return "DCM"
	case CCAM, CCAMAlias:
		return "CCAM"
	case DCMUID:
		return "DCMUID"
	case EDQM:
		return "EDQM"
	case ATC:
		return "ATC"
	case CIP:
		return "CIP"
	case UCD:
		return "UCD"
	case EMDN:
		return "EMDN"
	case TAASIP:
		return "TA_ASIP"
	case NCIT:
		return "NCIt"
	}
	return ""
}
