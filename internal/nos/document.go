package nos

// DocumentType holds the types of document: the imaging ones, out of 114.
var DocumentType = newTable("1.2.250.1.213.1.1.5.471", "JDV_J07_XdsTypeCode_CISIS", "2024-09-27", []Entry{
	{"IMG-KOS", A05DocumentType, "Reference d'objets d'un examen d'imagerie"},
	{"DOCPAT04", A05DocumentType, "Imagerie déposée par le patient"},
	{"18748-4", LOINC, "CR d'imagerie médicale"},
	{"52040-3", LOINC, "Document encapsulant une image d'illustration non DICOM"},
	{"55115-0", LOINC, "Demande d'actes d'imagerie"},
}).partial()

// Confidentiality holds the levels of a CDA header.
var Confidentiality = newTable("2.16.840.1.113883.1.11.10228", "JDV_HL7_Confidentiality_CISIS", "2022-09-28", []Entry{
	{"L", HL7Confidentiality, "Bas"},
	{"M", HL7Confidentiality, "Modéré"},
	{"N", HL7Confidentiality, "Normal"},
	{"R", HL7Confidentiality, "Restreint"},
	{"U", HL7Confidentiality, "Non restreint"},
	{"V", HL7Confidentiality, "Très restreint"},
})

// PracticeSetting holds the settings of care (cadre d'exercice).
var PracticeSetting = newTable("1.2.250.1.213.1.1.5.467", "JDV_J04_XdsPracticeSettingCode_CISIS", "2024-09-27", []Entry{
	{"EXP_PATIENT", A00NonProfessional, "Expression personnelle du patient"},
	{"SNR", A00NonProfessional, "Service numérique référencé"},
	{"AMBULATOIRE", A01PracticeSetting, "Ambulatoire"},
	{"AMO", A01PracticeSetting, "Organisme d'assurance maladie obligatoire"},
	{"DEPISTAGE", A01PracticeSetting, "Dépistage"},
	{"ESSMS", A01PracticeSetting, "Etablissement ou Service Social ou Médico-Social"},
	{"ETABLISSEMENT", A01PracticeSetting, "Etablissement de santé"},
	{"HAD", A01PracticeSetting, "Hospitalisation à domicile"},
	{"MAD", A01PracticeSetting, "Maintien à domicile"},
	{"PALLIATIF", A01PracticeSetting, "Soins palliatifs"},
	{"SAD", A01PracticeSetting, "Soins à domicile"},
	{"SAMU_SMUR", A01PracticeSetting, "SAMU/SMUR"},
})

// EncounterType holds the types of encounter.
var EncounterType = newTable("1.2.250.1.213.1.1.5.589", "JDV_J142_TypeRencontre_CISIS", "2021-03-26", []Entry{
	{"IMP", HL7ActCode, "Hospitalisation (établissement, y compris HAD)"},
	{"EMER", HL7ActCode, "Passage aux urgences (établissement)"},
	{"AMB", HL7ActCode, "Ambulatoire (hors établissement)"},
	{"FLD", HL7ActCode, "Terrain (voie publique, hélicoptère, ambulance, etc.)"},
	{"HH", HL7ActCode, "Soins à domicile (hors établissement)"},
	{"VR", HL7ActCode, "Virtuelle (exemple : RCP en l'absence du patient)"},
	{"EXTERNE", CISISEncounter, "Acte et consultation externe (établissement)"},
	{"SEANCE", CISISEncounter, "Séance (établissement ou libéral)"},
})
