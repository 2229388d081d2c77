package psctest

import "maps"

// User is a professional who can log in: fictional.
type User struct {
	// NationalID is his national identifier, and what login_hint names.
	NationalID string
	// FamilyName and GivenName are those of his account.
	FamilyName, GivenName string
	// ACR is the level of his logins, and Means how he does it. Empty: eidas3 and MOBILE.
	ACR, Means string
	// ConfirmsAfter confirms a backchannel login at that poll. 0: [Server.Confirm] does.
	ConfirmsAfter int
	// Practices are his situations, one "exercice" each.
	Practices []Practice
	// Claims replace those of his UserInfo; a nil value leaves one out.
	Claims map[string]any
}

// Practice is one situation of a [User]: a profession in one structure.
type Practice struct {
	// Profession and Specialty are codes, of TRE_G15 and TRE_R01 as a rule; Category C unless told otherwise.
	Profession, Specialty, Category string
	// Section is that of a pharmacist, Role that of an actor known by it (profession 99).
	Section, Role string
	// Sector is a code of TRE_R02.
	Sector string
	// StructureID is the national identifier of the structure with its type digit; StructureName its name.
	StructureID, StructureName string
}

// DefaultUsers are a radiologist with one situation, a radiologist with two, a radiographer, and a student.
func DefaultUsers() []User {
	center := Practice{Profession: "10", Specialty: "SM44", Sector: "SA07", StructureID: "1990000019", StructureName: "CENTRE D'IMAGERIE FICTIF"}
	hospital := Practice{Profession: "10", Specialty: "SM44", Sector: "SA01", StructureID: "1990000027", StructureName: "HOPITAL FICTIF"}
	return []User{
		{NationalID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", ConfirmsAfter: 2, Practices: []Practice{center}},
		{NationalID: "899900000023", FamilyName: "VACATAIRE", GivenName: "Dominique", Practices: []Practice{center, hospital}},
		{NationalID: "899900000031", FamilyName: "MANIPULATRICE", GivenName: "Alix", ACR: "eidas1", Means: "CARD",
			Practices: []Practice{{Profession: "98", Sector: "SA07", StructureID: "1990000019", StructureName: "CENTRE D'IMAGERIE FICTIF"}}},
		{NationalID: "899900000049", FamilyName: "INTERNE", GivenName: "Sacha",
			Practices: []Practice{{Profession: "10", Category: "E", Sector: "SA01", StructureID: "1990000027", StructureName: "HOPITAL FICTIF"}}},
	}
}

// Subject is the claim sub of the user.
func (u *User) Subject() string { return subject(u.NationalID) }

func (u *User) acr() string {
	if u.ACR == "" {
		return "eidas3"
	}
	return u.ACR
}

func (u *User) means() string {
	if u.Means == "" {
		return "MOBILE"
	}
	return u.Means
}

func (s *Server) user(id string) *User {
	for i := range s.users {
		if s.users[i].NationalID == id {
			return &s.users[i]
		}
	}
	return nil
}

// userInfo has the shape of the published samples: texts, mostly empty.
func (u *User) userInfo() map[string]any {
	out := map[string]any{
		"sub": u.Subject(), "preferred_username": u.NationalID, "SubjectNameID": u.NationalID, "given_name": u.GivenName,
		"family_name": u.FamilyName, "email_verified": false, "SubjectOrganizationID": "", "UITVersion": "1.0", "Mode_Acces_Raison": "",
		"Acces_Regulation_Medicale": "FAUX", "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1", "PSI_Locale": "1.2.250.1.213.1.3.1.1",
		"otherIds": []any{map[string]any{"identifiant": u.NationalID, "origine": "RPPS", "qualite": 1}},
	}
	exercices := []any{}
	for i, p := range u.Practices {
		if i == 0 {
			out["Secteur_Activite"] = p.Sector + "^1.2.250.1.71.4.2.4"
			out["SubjectOrganization"] = p.StructureName
			out["SubjectRole"] = []string{p.Profession + "^1.2.250.1.213.1.1.5.5"}
		}
		exercices = append(exercices, p.exercice(u))
	}
	out["SubjectRefPro"] = map[string]any{"codeCivilite": "M", "exercices": exercices}
	maps.Copy(out, u.Claims)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func (p *Practice) exercice(u *User) map[string]any {
	category, kind, title := p.Category, "", ""
	if category == "" {
		category = "C"
	}
	if p.Specialty != "" {
		kind = "S"
	}
	if p.Profession == "10" && category != "E" {
		title = "DR"
	}
	activity := map[string]any{}
	for _, name := range []string{"numeroSiretSite", "numeroSirenSite", "numeroFinessSite", "numeroFinessetablissementJuridique",
		"identifiantTechniqueDeLaStructure", "enseigneCommercialeSite", "complementDestinataire", "complementPointGeographique",
		"indiceRepetitionVoie", "mentionDistribution", "codeCommune", "telephone2", "telecopie", "adresseEMail", "codeDepartement"} {
		activity[name] = ""
	}
	maps.Copy(activity, map[string]any{
		"codeModeExercice": "L", "codeSecteurDactivite": p.Sector, "codeSectionPharmacien": p.Section, "codeRole": p.Role, "codeGenreActivite": "GENR01",
		"raisonSocialeSite": p.StructureName, "ancienIdentifiantDeLaStructure": p.StructureID, "autoriteDenregistrement": "CNOM/CNOM/ARS",
		"numeroVoie": "3", "codeTypeDeVoie": "R", "libelleVoie": "DES ESSAIS", "codePostal": "69003", "bureauCedex": "69003 LYON",
		"codePays": "99000", "telephone": "04 00 00 00 00",
	})
	return map[string]any{
		"codeProfession": p.Profession, "codeCategorieProfessionnelle": category, "codeCiviliteDexercice": title, "nomDexercice": u.FamilyName,
		"prenomDexercice": u.GivenName, "codeTypeSavoirFaire": kind, "codeSavoirFaire": p.Specialty, "activities": []any{activity},
	}
}
