package nos

// NCIT is the thesaurus of the National Cancer Institute.
const NCIT = "2.16.840.1.113883.3.26.1.1"

// RequestedTechnique is what an imaging request asks for.
var RequestedTechnique = newTable("1.2.250.1.213.1.1.5.660", "JDV_Modalite_demandeActeImagerie_CISIS", "2021-12-16", []Entry{
	{"MED-1126", TAASIP, "Radiographie sans contraste"},
	{"MED-1127", TAASIP, "Radiographie avec contraste"},
	{"MG", DCM, "Mammographie"},
	{"MED-1128", TAASIP, "Échographie sans contraste"},
	{"MED-1129", TAASIP, "Échographie avec contraste"},
	{"CT", DCM, "Scanner/TDM"},
	{"MR", DCM, "IRM"},
	{"C63334", NCIT, "Radiologie interventionnelle"},
	{"OT", DCM, "Autre technique d'imagerie"},
	{"NM", DCM, "Scintigraphie"},
	{"PT", DCM, "TEP : Tomographie par émission de positons"},
})

// PETFunction is what a requested PET scan looks at.
var PETFunction = newTable("1.2.250.1.213.1.1.5.668", "JDV_FonctionEtudieeTEP_CISIS", "2023-02-02", []Entry{
	{"MED-1133", TAASIP, "FDG Oncologie /Infectieux/inflammatoire"},
	{"MED-1134", TAASIP, "FDG cérébrale"},
	{"MED-1135", TAASIP, "F-Choline"},
	{"MED-1136", TAASIP, "F-DOPA cérébrale"},
	{"MED-1137", TAASIP, "F-DOPA oncologie"},
	{"MED-1138", TAASIP, "FNA"},
	{"MED-1139", TAASIP, "F-Fluciclovine"},
	{"GEN-092.04.18", TAASIP, "Autre (autres traceurs, TEP-IRM)"},
})

// ScintigraphyFunction is what a requested scintigraphy looks at.
var ScintigraphyFunction = newTable("1.2.250.1.213.1.1.5.669", "JDV_FonctionEtudieeScintigraphie_CISIS", "2023-02-02", []Entry{
	{"MED-1141", TAASIP, "Cardiaque : Perfusion myocardique"},
	{"MED-1142", TAASIP, "Cardiaque : FEVG"},
	{"MED-1143", TAASIP, "Osseuse"},
	{"MED-1144", TAASIP, "Pulmonaire"},
	{"MED-1145", TAASIP, "Endocrinienne"},
	{"MED-1146", TAASIP, "Uro-Néphrologie"},
	{"MED-1147", TAASIP, "Digestive"},
	{"MED-1148", TAASIP, "Neurologique"},
	{"MED-1149", TAASIP, "Hématologie"},
	{"MED-1150", TAASIP, "Lymphoscintigraphie"},
	{"MED-1151", TAASIP, "Scintigraphie aux leucocytes marqués"},
	{"GEN-092.04.19", TAASIP, "Autre fonction étudiée"},
})

// PETContrast says whether a requested PET scan is made with a contrast product.
var PETContrast = newTable("1.2.250.1.213.1.1.5.670", "JDV_InjectionPDC_TEP_CISIS", "2022-01-26", []Entry{
	{"MED-1153", TAASIP, "avec injection de produit de contraste"},
	{"MED-1154", TAASIP, "sans injection de produit de contraste"},
})

// CareInformation is what the imaging team must know to take care of the patient.
var CareInformation = newTable("1.2.250.1.213.1.1.5.685", "JDV_InfoPriseEnCharge_CISIS", "2022-04-12", []Entry{
	{"U83.71", CIM10, "Bactérie multirésistante [BMR]"},
	{"MED-1124", TAASIP, "Patient nécessitant un accompagnement par un tiers"},
	{"Z74.0", CIM10, "Besoin d'assistance du fait de mobilité restreinte"},
	{"MED-1125", TAASIP, "Patient potentiellement non-coopérant (déficience mentale, etc.)"},
	{"MED-1123", TAASIP, "Patient porteur d'un germe à transmission aérienne"},
})
