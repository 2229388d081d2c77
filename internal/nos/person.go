package nos

// Gender holds the administrative genders.
var Gender = newTable("1.2.250.1.213.1.1.5.590", "JDV_J143_AdministrativeGender_CISIS", "2021-03-26", []Entry{
	{"F", HL7Gender, "Féminin"},
	{"M", HL7Gender, "Masculin"},
	{"UN", HL7Gender, "Inconnu"},
})

// Civility holds the prefixes of a professional's name.
var Civility = newTable("1.2.250.1.213.1.1.5.718", "JDV_J245_Civilite_CISIS", "2023-03-31", []Entry{
	{"M", CivilitySystem, "Monsieur"},
	{"MME", CivilitySystem, "Madame"},
})

// Title holds the suffixes of a professional's name.
var Title = newTable("1.2.250.1.213.1.1.5.719", "JDV_J246_Titre_CISIS", "2024-01-26", []Entry{
	{"DR", TitleSystem, "Docteur"},
	{"MC", TitleSystem, "Médecin chef"},
	{"MG", TitleSystem, "Médecin général"},
	{"PC", TitleSystem, "Pharmacien chef"},
	{"PG", TitleSystem, "Pharmacien général"},
	{"PR", TitleSystem, "Professeur"},
})

// FunctionCode holds the functions of an author or a participant.
var FunctionCode = newTable("1.2.250.1.213.1.1.5.124", "JDV_J47_FunctionCode_CISIS", "2024-12-13", []Entry{
	{"CORRE", CISISFunction, "Correspondant"},
	{"PRELV", CISISFunction, "Préleveur"},
	{"ES-REF", CISISFunction, "Etablissement de santé de référence"},
	{"ES-PREF", CISISFunction, "Etablissement de santé de préférence"},
	{"ADMPHYS", HL7Function, "Responsable de l'admission"},
	{"ATTPHYS", HL7Function, "Référent - Responsable du patient dans la structure de soins"},
	{"DISPHYS", HL7Function, "Responsable de la sortie"},
	{"PCP", HL7Function, "Médecin traitant"},
	{"330", Role, "Coordonnateur de parcours"},
	{"353", Role, "Membre de l'équipe de soins"},
})

// Participation holds the types of participant.
var Participation = newTable("1.2.250.1.213.1.1.5.591", "JDV_J144_ParticipationType_CISIS", "2021-03-26", []Entry{
	{"REF", HL7Participation, "Référent / Prescripteur"},
	{"REFB", HL7Participation, "Personne ayant adressé le patient"},
	{"INF", HL7Participation, "Informateur"},
	{"RESP", HL7Participation, "Responsable de l'acte"},
	{"PRF", HL7Participation, "Exécutant"},
	{"CON", HL7Participation, "Consultant"},
	{"VRF", HL7Participation, "Vérificateur"},
})

// Relationship holds the relations of a person to the patient.
var Relationship = newTable("1.2.250.1.213.3.3.16", "JDV_J11_RelationPatient_CISIS", "2020-04-24", []Entry{
	{"MTH", HL7RoleCode, "Mère"},
	{"FTH", HL7RoleCode, "Père"},
	{"NMTH", HL7RoleCode, "Mère biologique"},
	{"NFTH", HL7RoleCode, "Père biologique"},
	{"STPMTH", HL7RoleCode, "Belle-mère - épouse du père ou de la mère"},
	{"STPFTH", HL7RoleCode, "Beau-père - époux du père ou de la mère"},
	{"GRMTH", HL7RoleCode, "Grand-mère"},
	{"GRFTH", HL7RoleCode, "Grand-père"},
	{"GGRMTH", HL7RoleCode, "Arrière-grand-mère"},
	{"GGRFTH", HL7RoleCode, "Arrière-grand-père"},
	{"DAU", HL7RoleCode, "Fille biologique"},
	{"SON", HL7RoleCode, "Fils biologique"},
	{"BRO", HL7RoleCode, "Frère"},
	{"SIS", HL7RoleCode, "Soeur"},
	{"HBRO", HL7RoleCode, "Demi-frère"},
	{"HSIS", HL7RoleCode, "Demi-soeur"},
	{"GRNDDAU", HL7RoleCode, "Petite-fille"},
	{"GRNDSO", HL7RoleCode, "Petit-fils"},
	{"UNCLE", HL7RoleCode, "Oncle"},
	{"AUNT", HL7RoleCode, "Tante"},
	{"NEPHEW", HL7RoleCode, "Neveu"},
	{"NIECE", HL7RoleCode, "Nièce"},
	{"HUSB", HL7RoleCode, "Epoux"},
	{"WIFE", HL7RoleCode, "Epouse"},
	{"DOMPART", HL7RoleCode, "Concubin(e) ou partenaire PACS"},
	{"ROOM", HL7RoleCode, "Personne vivant sous le même toit"},
	{"FRND", HL7RoleCode, "Autre proche"},
	{"NBOR", HL7RoleCode, "Voisin(e)"},
	{"FAMMEMB", HL7RoleCode, "Autre membre de la famille"},
	{"CHILD", HL7RoleCode, "Enfant"},
	{"COUSN", HL7RoleCode, "Cousin(e)"},
	{"SIGOTHR", HL7RoleCode, "Conjoint"},
	{"DAUC", HL7RoleCode, "Fille"},
	{"SONC", HL7RoleCode, "Fils"},
	{"TUTEUR", CISISRelationship, "Tuteur"},
	{"CURATEUR", CISISRelationship, "Curateur"},
	{"MSVG", CISISRelationship, "Mandataire de sauvegarde"},
})
