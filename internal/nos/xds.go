package nos

// Code systems of XDS metadata in France.
const (
	// A03Class is TRE_A03, the classes of document.
	A03Class = "1.2.250.1.213.1.1.4.1"
	// A06Format is TRE_A06, the formats that the CI-SIS defines.
	A06Format = "1.2.250.1.213.1.1.4.2.282"
	// IHEFormat holds the formats that IHE defines (TRE_A11).
	IHEFormat = "1.3.6.1.4.1.19376.1.2.3"
	// DICOMUID is the registry of DICOM UIDs, the scheme of the KOS format.
	DICOMUID = "1.2.840.10008.2.6.1"
	// A07Visibility is TRE_A07, the markers of visibility.
	A07Visibility = "1.2.250.1.213.1.1.4.13"
	// R209ContentType is TRE_R209, the kinds of activity.
	R209ContentType = "1.2.250.1.213.2.2"
	// ReferenceType holds the types of reference identifiers.
	ReferenceType = "1.2.250.1.213.1.1.4.347"
	// SignaturePurpose is ASTM E1762, the purposes of a signature.
	SignaturePurpose = "1.2.840.10065.1.12"
	// URN and ASTM are the schemes, not OIDs, of a signature's codes.
	URN  = "URN"
	ASTM = "ASTM"

	// ModalitySet and RegionSet are value sets that DRIM-M metadata name in the
	// place of the code system.
	ModalitySet = "1.2.250.1.213.1.1.5.618"
	RegionSet   = "1.2.250.1.213.1.1.5.695"
)

// These tables come from the value sets of the DMP, as ANS published them
// (mos.esante.gouv.fr); copied in November 2026. Where the publication did not
// print its revision, Revised is empty.

// XDSConfidentiality holds the levels and the visibility markers of a document entry.
var XDSConfidentiality = newTable("1.2.250.1.213.1.1.5.9", "JDV_J58_ConfidentialityCode_DMP", "2020-04-24", []Entry{
	{"N", HL7Confidentiality, "Normal"},
	{"R", HL7Confidentiality, "Restreint"},
	{"V", HL7Confidentiality, "Très restreint"},
	{"MASQUE_PS", A07Visibility, "Masqué aux professionnels de santé"},
	{"INVISIBLE_PATIENT", A07Visibility, "Non visible par le patient"},
	{"INVISIBLE_REPRESENTANTS_LEGAUX", A07Visibility, "Non visible par les représentants légaux du patient"},
})

// ReferenceIDType holds the types of reference identifiers.
var ReferenceIDType = newTable("1.2.250.1.213.1.1.5.693", "JDV_J231_ReferenceIdList_DMP", "2022-12-16", []Entry{
	{"urn:ihe:iti:xds:2013:accession", ReferenceType, "accession"},
	{"urn:ihe:iti:xds:2013:order", ReferenceType, "order"},
	{"urn:ihe:iti:xds:2016:studyInstanceUID", ReferenceType, "studyInstanceUID"},
})

// ClassCode holds the classes of document.
var ClassCode = newTable("1.2.250.1.213.1.1.5.6", "JDV_J57_ClassCode_DMP", "", []Entry{
	{"10", A03Class, "Compte rendu"},
	{"11", A03Class, "Synthèse"},
	{"31", A03Class, "Imagerie médicale"},
	{"42", A03Class, "Prescription"},
	{"43", A03Class, "Dispensation"},
	{"44", A03Class, "Plan de soins, protocole de soins"},
	{"45", A03Class, "Traitement administré"},
	{"52", A03Class, "Certificat, déclaration"},
	{"60", A03Class, "Données de remboursement"},
	{"90", A03Class, "Autre document du patient"},
	{"95", A03Class, "Document de gestion"},
	{"urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", URN, "Digital Signature"},
})
