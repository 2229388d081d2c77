package nos

import "strings"

// Code systems of the people whom an assertion names.
const (
	// G15Profession holds the professions of health (TRE_G15).
	G15Profession = "1.2.250.1.71.1.2.7"
	// G16Training holds those who learn one (TRE_G16).
	G16Training = "1.2.250.1.71.1.2.8"
	// R291Other holds the actors whom a role characterises (TRE_R291).
	R291Other = "1.2.250.1.213.1.6.1.140"
	// R01Speciality holds the specialties and other qualifications (TRE_R01).
	R01Speciality = "1.2.250.1.71.4.2.5"
	// G05Section holds the sections of the Ordre des pharmaciens (TRE_G05).
	G05Section = "1.2.250.1.71.4.2.6"
	// R22Activity holds the kinds of activity (TRE_R22).
	R22Activity = "1.2.250.1.213.1.6.1.19"
)

// subjectRoles are the first roles of an assertion: JDV_J65_SubjectRole_DMP without the specialties. A code may be in
// several systems.
var subjectRoles = []Entry{
	{"10", G15Profession, "Médecin"},
	{"21", G15Profession, "Pharmacien"},
	{"26", G15Profession, "Audioprothésiste"},
	{"28", G15Profession, "Opticien-Lunetier"},
	{"31", G15Profession, "Assistant dentaire"},
	{"32", G15Profession, "Physicien médical"},
	{"40", G15Profession, "Chirurgien-Dentiste"},
	{"50", G15Profession, "Sage-Femme"},
	{"60", G15Profession, "Infirmier"},
	{"69", G15Profession, "Infirmier psychiatrique"},
	{"70", G15Profession, "Masseur-Kinésithérapeute"},
	{"80", G15Profession, "Pédicure-Podologue"},
	{"81", G15Profession, "Orthoprothésiste"},
	{"82", G15Profession, "Podo-Orthésiste"},
	{"83", G15Profession, "Orthopédiste-Orthésiste"},
	{"84", G15Profession, "Oculariste"},
	{"85", G15Profession, "Epithésiste"},
	{"86", G15Profession, "Technicien de laboratoire médical"},
	{"91", G15Profession, "Orthophoniste"},
	{"92", G15Profession, "Orthoptiste"},
	{"94", G15Profession, "Ergothérapeute"},
	{"95", G15Profession, "Diététicien"},
	{"96", G15Profession, "Psychomotricien"},
	{"98", G15Profession, "Manipulateur ERM"},
	{"71", TitleUser, "Ostéopathe"},
	{"72", TitleUser, "Psychothérapeute"},
	{"73", TitleUser, "Chiropracteur"},
	{"93", TitleUser, "Psychologue"},
	{"41", SocialWorker, "Assistant de service social"},
	{"99", R291Other, "Acteur participant au système de santé caractérisé par rôle"},
	{"10", G16Training, "Médecin en formation"},
	{"21", G16Training, "Pharmacien en formation"},
	{"40", G16Training, "Chirurgien-Dentiste en formation"},
	{"50", G16Training, "Sage-Femme en formation"},
	{"AUTOMATE", A00NonProfessional, "Automate"},
	{"DISPOSITIF", A00NonProfessional, "Dispositif médical"},
	{"SECRETARIAT_MEDICAL", A00NonProfessional, "Secrétariat médical"},
}

// activities are TRE_R22_GenreActivite, revision of 2024-03-29.
var activities = []Entry{
	{"GENR01", R22Activity, "Activité de soin et de pharmacie"},
	{"GENR02", R22Activity, "Activité de soins ou de pharmacien en tant que remplaçant"},
	{"GENR03", R22Activity, "Remplacement dans une activité de soins"},
	{"GENR04", R22Activity, "Activité non soignante"},
	{"GENR06", R22Activity, "Délégation de responsabilité pour continuité de service"},
	{"GENR08", R22Activity, "Activité de coordination et d'orientation"},
	{"GENR09", R22Activity, "Activité de professionnel du secteur social et médico-social exerçant des fonctions administratives ou d'appui à l'organisation de l'accompagnement"},
	{"GENR10", R22Activity, "Activité de professionnel du secteur social et médico-social exerçant des fonctions d'accompagnement à la vie sociale, professionnelle et éducative"},
	{"GENR11", R22Activity, "Activité de professionnel du secteur social et médico-social exerçant des fonctions d'accompagnement au soin"},
	{"GENR12", R22Activity, "Activité de professionnel du social et médico-social exerçant des fonctions d'encadrement et d'organisation de l'accompagnement"},
	{"GENR13", R22Activity, "Activité médico-administrative"},
	{"GENR99", R22Activity, "Autre activité"},
}

// SubjectRole returns the row of a first role of an assertion: a profession or
// a kind of actor (JDV_J65_SubjectRole_DMP).
func SubjectRole(code, system string) (Entry, bool) { return row(subjectRoles, code, system) }

// SubjectQualification returns the row of a further role: the specialty of a
// profession of TRE_G15 (TRE_R01), the section of a pharmacist (TRE_G05), the
// role of an actor (TRE_R85), the kind of activity (TRE_R22).
func SubjectQualification(profession, code, system string) (Entry, bool) {
	switch system {
	case R22Activity:
		return row(activities, code, system)
	case Role:
		e, ok := AuthorSpecialty.Lookup(code)
		return e, ok && e.System == Role
	case R01Speciality, G05Section:
		if (system == G05Section) != (profession == "21") || strings.HasPrefix(code, "FQ") { // FQ is TRE_R45
			return Entry{}, false
		}
		e, ok := AuthorSpecialty.Lookup("G15_" + profession + "/" + code)
		if _, label, cut := strings.Cut(e.Display, " - "); cut && system == R01Speciality {
			e.Display = label
		}
		return Entry{code, system, e.Display}, ok
	}
	return Entry{}, false
}

func row(rows []Entry, code, system string) (Entry, bool) {
	for _, e := range rows {
		if e.Code == code && e.System == system {
			return e, true
		}
	}
	return Entry{}, false
}
