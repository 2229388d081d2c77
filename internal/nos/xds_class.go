package nos

// DocumentClass says which class a type of document belongs to.
type DocumentClass struct {
	// Type and System are the type of document.
	Type, System string
	// Class is its class, a code of [ClassCode].
	Class string
	// Display is the label of the type; empty when none was published.
	Display string
}

// ClassOf returns the class of a type of document in the DMP.
func ClassOf(code, system string) (DocumentClass, bool) {
	for _, c := range typeToClass {
		if c.Type == code && c.System == system {
			return c, true
		}
	}
	return DocumentClass{}, false
}

// typeToClass is ASS_X16 (1.2.250.1.213.1.1.5.587), revision of 2024-02-23: its
// keys are the types that the DMP takes (JDV_J66). Labels from JDV_J07.
var typeToClass = []DocumentClass{
	{"11369-6", LOINC, "52", "Historique des vaccinations"},
	{"11488-4", LOINC, "10", "CR ou fiche de consultation ou de visite"},
	{"11490-0", LOINC, "10", "Lettre de liaison à la sortie d'un établissement de soins"},
	{"11502-2", LOINC, "10", "CR d'examens biologiques"},
	{"11505-5", LOINC, "10", "CR d'acte thérapeutique (autre)"},
	{"11506-3", LOINC, "10", "CR ou fiche de suivi de soins par auxiliaire médical"},
	{"11526-1", LOINC, "10", ""},
	{"15507-7", LOINC, "10", "CR de passage aux urgences"},
	{"15508-5", LOINC, "10", "CR d'accouchement"},
	{"18748-4", LOINC, "31", "CR d'imagerie médicale"},
	{"18761-7", LOINC, "11", "Note de transfert (dont lettre de liaison à l'entrée en établissement de soins)"},
	{"18776-5", LOINC, "44", "Plan personnalisé de soins"},
	{"28653-4", LOINC, "10", "Document du secteur social / médico-social"},
	{"29274-8", LOINC, "10", "Mesures de signes vitaux"},
	{"34112-3", LOINC, "10", "CR hospitalier (séjour)"},
	{"34133-9", LOINC, "11", "Synthèse d'épisode de soins"},
	{"34749-2", LOINC, "10", "CR de consultation pré-anesthésique"},
	{"34794-8", LOINC, "10", "CR de réunion de concertation pluridisciplinaire"},
	{"34842-5", LOINC, "11", "Grille d'évaluation médico-social"},
	{"34874-8", LOINC, "10", "CR opératoire"},
	{"34875-5", LOINC, "10", "Évaluation postopératoire et note de suivi"},
	{"47420-5", LOINC, "10", "CR de bilan fonctionnel"},
	{"51969-4", LOINC, "10", "CR de génétique moléculaire"},
	{"52040-3", LOINC, "31", "Document encapsulant une image d'illustration non DICOM"},
	{"55115-0", LOINC, "42", "Demande d'actes d'imagerie"},
	{"56445-0", LOINC, "11", "Bilan médicamenteux (Officine)"},
	{"57057-2", LOINC, "11", "Synthèse Salle de Naissance Mère"},
	{"57055-6", LOINC, "11", "Synthèse antepartum"},
	{"57075-4", LOINC, "11", "Synthèse Salle de Naissance Enfant"},
	{"57828-6", LOINC, "42", "Prescription (autre)"},
	{"57832-8", LOINC, "42", "Prescription de soins"},
	{"57833-6", LOINC, "42", "Prescription de produits de santé"},
	{"59283-2", LOINC, "10", "CR d'examen de l'enfant"},
	{"59284-0", LOINC, "95", "Attestation de consentement"},
	{"60568-3", LOINC, "10", "CR d'anatomie et de cytologie pathologiques"},
	{"60591-5", LOINC, "11", "Synthèse médicale"},
	{"60593-1", LOINC, "43", "Dispensation médicamenteuse"},
	{"61357-0", LOINC, "42", "Intervention pharmaceutique"},
	{"67851-6", LOINC, "10", "CR d'admission"},
	{"68599-0", LOINC, "11", "Synthèse psychiatrique"},
	{"68817-6", LOINC, "11", "Bilan de santé et de prévention de l'enfant"},
	{"70004-7", LOINC, "10", "CR d'acte diagnostique (autre)"},
	{"74207-2", LOINC, "11", "Document de liaison d'urgence"},
	{"74465-6", LOINC, "90", "Questionnaire patient"},
	{"75468-9", LOINC, "42", "Renouvellement ordonnance par pharmacien correspondant"},
	{"75482-0", LOINC, "10", "CR d'acte thérapeutique à visée préventive"},
	{"75492-9", LOINC, "10", "CR d'acte diagnostique à visée préventive ou de dépistage"},
	{"75496-0", LOINC, "10", "Demande d'acte de télémédecine"},
	{"77436-4", LOINC, "10", "CR d'anesthésie"},
	{"77604-7", LOINC, "44", "Planification thérapeutique"},
	{"78489-2", LOINC, "11", "Synthèse Enfant en Maternité"},
	{"78513-9", LOINC, "10", "CR de consultation en ophtalmologie"},
	{"78601-2", LOINC, "10", "CR d'entretien pharmaceutique"},
	{"80565-5", LOINC, "45", "CR d'administration de médicaments"},
	{"80771-9", LOINC, "44", "Projet d'accueil individualisé"},
	{"80788-3", LOINC, "44", "Projet personnalisé d'accompagnement"},
	{"80820-4", LOINC, "11", "Formulaire de conciliation médicamenteuse (Hôpital)"},
	{"83901-9", LOINC, "11", "Bilan psychologique"},
	{"83836-7", LOINC, "11", "Schéma dentaire"},
	{"83869-8", LOINC, "44", "Plan personnalisé de prévention"},
	{"83981-1", LOINC, "10", "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale"},
	{"85208-7", LOINC, "10", "CR de télémédecine"},
	{"86531-1", LOINC, "95", "Attestation de sortie"},
	{"87273-9", LOINC, "52", "Note de vaccination"},
	{"88348-8", LOINC, "11", "Lettre de liaison d'entrée en structure sociale ou médico-sociale"},
	{"89235-6", LOINC, "11", "Synthèse Suites de Couches Mère"},
	{"89601-9", LOINC, "52", "Certificat médical"},
	{"93024-8", LOINC, "10", "CR de consultation pharmaceutique"},
	{"96173-0", LOINC, "52", "Test rapide d'orientation diagnostique"},
	{"96349-6", LOINC, "10", "Lettre d'adressage"},
	{"96874-3", LOINC, "52", "COVID-19 Attestation de vaccination"},
	{"AUTORIS-SOINS", A05DocumentType, "95", "Autorisation de soins et actes non usuels sanitaires"},
	{"ATTEST-RESID", A05DocumentType, "95", "Attestation de résidence"},
	{"ATTEST-DROITS-AM", A05DocumentType, "95", "Attestation de droits à l'assurance maladie"},
	{"ATTEST-ASS-COMPL", A05DocumentType, "95", "Attestation assurance complémentaire"},
	{"ATTEST-HEBGT", A05DocumentType, "95", "Attestation d'hébergement"},
	{"BIL_AUTO", A05DocumentType, "10", "CR de bilan d'évaluation de la perte d'autonomie"},
	{"CERT_DECL", A05DocumentType, "52", "Certificat, déclaration"},
	{"DISP_AUT", A05DocumentType, "43", "Dispensation (autre)"},
	{"EXPPAT_1", A05DocumentType, "90", "Volontés et droits du patient"},
	{"EXPPAT_2", A05DocumentType, "90", "Autre document du patient"},
	{"EXPPAT_3", A05DocumentType, "90", "Directives anticipées"},
	{"DOCPAT01", A05DocumentType, "11", "Synthèse déposée par le patient"},
	{"DOCPAT02", A05DocumentType, "42", "Traitement ou document de soins déposé par le patient"},
	{"DOCPAT03", A05DocumentType, "10", "CR déposé par le patient"},
	{"DOCPAT04", A05DocumentType, "31", "Imagerie déposée par le patient"},
	{"DOCPAT05", A05DocumentType, "10", "CR de biologie déposé par le patient"},
	{"DOCPAT06", A05DocumentType, "10", "CR de prévention déposé par le patient"},
	{"DOCPAT07", A05DocumentType, "52", "Certificat déposé par le patient"},
	{"DOCPAT08", A05DocumentType, "11", "Profil médical Mon espace santé"},
	{"DOCPAT09", A05DocumentType, "95", "Document administratif déposé par le patient"},
	{"IMG-KOS", A05DocumentType, "31", "Reference d'objets d'un examen d'imagerie"},
	{"PROT_ALD", A05DocumentType, "44", "Protocole de soins ALD"},
	{"REMB", A05DocumentType, "60", "Données de remboursement"},
	{"SYNTH", A05DocumentType, "11", "Synthèse"},
	{"PRESC-AAT", A05DocumentType, "42", "Prescription arrêt de travail"},
	{"PRESC-BIO", A05DocumentType, "42", "Prescription d'actes de biologie médicale"},
	{"PRESC-KINE", A05DocumentType, "42", "Prescription d'actes de kinésithérapie"},
	{"PRESC-INF", A05DocumentType, "42", "Prescription d'actes infirmiers"},
	{"PRESC-PEDI", A05DocumentType, "42", "Prescription d'actes de pédicurie"},
	{"PRESC-ORTHOPHO", A05DocumentType, "42", "Prescription d'actes d'orthophonie"},
	{"PRESC-ORTHOPTIE", A05DocumentType, "42", "Prescription d'actes d'orthoptie"},
	{"E1762", ASTM, "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "Full Document"},
}
