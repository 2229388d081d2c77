package psc_test

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

func TestUserInfoFillsAVIHFAndASender(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]psctest.Option{nil, {psctest.WithSignedUserInfo()}} {
		p := start(t, opts...)
		s := p.login(t, p.client(t), psctest.Decision{})
		u, err := s.UserInfo(t.Context())
		require.NoError(t, err)
		assert.Equal(t, s.Claims().Subject, u.Subject)
		assert.True(t, json.Valid(u.Raw))
		who, err := u.Professional(psc.OnlySituation())
		require.NoError(t, err)
		address := segur.Address{Lines: []string{"3 R DES ESSAIS"}, PostalCode: "69003", City: "LYON"}
		telecoms := []segur.Telecom{{Value: "tel:+33400000000", Use: "WP"}}
		assert.Equal(t, segur.Professional{
			ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR",
			Profession: segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7"},
			Specialty:  segur.Code{Code: "G15_10/SM44", System: "1.2.250.1.213.1.1.4.5"}, Address: address, Telecoms: telecoms,
			Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Address: address, Telecoms: telecoms,
				Sector: segur.Code{Code: "SA07", System: "1.2.250.1.71.4.2.4"}},
		}, who)

		sender := mssante.Sender{Title: who.Title, GivenName: who.GivenName, FamilyName: who.FamilyName, Entity: who.Organization.Name}
		assert.Equal(t, "DR_Claude_RADIOLOGUE_CENTRE D'IMAGERIE FICTIF", sender.Label())
	}
}

// The record accepts the assertion that the package dmp makes of the professional and of the session, whatever the
// profession: dmptest checks the roles with its own tables.
func TestRecordAcceptsTheProfessional(t *testing.T) {
	t.Parallel()
	record := dmptest.NewServer(dmptest.WithPKI(pki()))
	defer record.Close()
	in := func(p psctest.Practice) []psctest.Practice {
		p.Sector, p.StructureID, p.StructureName = "SA07", "1990000019", "CENTRE D'IMAGERIE FICTIF"
		return []psctest.Practice{p}
	}
	users := []psctest.User{
		{NationalID: "899900000015", Practices: in(psctest.Practice{Profession: "10", Specialty: "SM44"})},
		{NationalID: "899900000023", Practices: in(psctest.Practice{Profession: "21", Section: "H", Specialty: "X"})},
		{NationalID: "899900000031", Practices: in(psctest.Practice{Profession: "60"})},
		{NationalID: "899900000049", Practices: in(psctest.Practice{Profession: "10", Category: "E", Specialty: "SM44"})},
		{NationalID: "899900000056", Practices: in(psctest.Practice{Profession: "99", Role: "331"})},
		{NationalID: "899900000064", Practices: in(psctest.Practice{Profession: "93"})},
		{NationalID: "899900000072", Practices: in(psctest.Practice{Profession: "41"})},
		{NationalID: "899900000080", Practices: in(psctest.Practice{Profession: "60", Specialty: "SI03"})},
		{NationalID: "899900000098", Practices: in(psctest.Practice{Profession: "98"})},
		{NationalID: "899900000106", Practices: in(psctest.Practice{Profession: "21", Category: "E"})},
	}
	for i := range users {
		users[i].FamilyName, users[i].GivenName = "FICTIF", "Alix"
	}
	p := start(t, psctest.WithUsers(users...))
	c := p.client(t)
	for _, user := range users {
		s := p.login(t, c, psctest.Decision{User: user.NationalID})
		u, err := s.UserInfo(t.Context())
		require.NoError(t, err)
		cfg := record.Config()
		cfg.User, err = u.Professional(psc.OnlySituation())
		require.NoError(t, err)
		cfg.Structure, cfg.LocalAuthentication, cfg.AuthenticatedAt = *cfg.User.Organization, dmp.ByProSanteConnect, s.AuthenticatedAt
		cfg.Mode, cfg.BearerToken = dmp.IndirecteRenforcee, s.Token
		d, err := dmp.New(cfg)
		require.NoError(t, err, user.Practices[0])
		_, err = d.Existence(t.Context(), dmptest.Patient().INS)
		require.NoError(t, err, user.Practices[0])
		d.CloseIdleConnections()
	}
}

func TestChoiceOfSituation(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{User: "899900000023"})
	u, err := s.UserInfo(t.Context())
	require.NoError(t, err)
	situations := u.Situations()
	require.Len(t, situations, 2)
	assert.Equal(t, "CENTRE D'IMAGERIE FICTIF, 69003 LYON", situations[0].Label())
	assert.Equal(t, "10C|SM44|L|SA01|1990000027", situations[1].Key())
	assert.Equal(t, []segur.Code{{Code: "10", System: "1.2.250.1.71.1.2.7"}, {Code: "SM44", System: "1.2.250.1.71.4.2.5"}}, situations[1].Roles())

	_, err = u.Professional(psc.OnlySituation())
	refused(t, err, segur.KindInvalidInput, "choice")
	_, err = u.Professional(nil)
	refused(t, err, segur.KindInvalidInput, "choice")
	for name, choice := range map[string]psc.Choice{
		"unknown structure": psc.InStructure("1990000035"), "no structure": psc.InStructure(""), "unknown key": psc.WithKey("x"),
	} {
		_, err = u.Professional(choice)
		t.Run(name, func(t *testing.T) { refused(t, err, segur.KindNotFound, "") })
	}
	for name, choice := range map[string]psc.Choice{
		"structure": psc.InStructure("1990000027"), "bare FINESS": psc.InStructure("990000027"), "key": psc.WithKey(situations[1].Key()),
		"own rule": func(s psc.Situation) bool { return s.Activity.Sector == "SA01" },
	} {
		who, err := u.Professional(choice)
		require.NoError(t, err, name)
		assert.Equal(t, "HOPITAL FICTIF", who.Organization.Name, name)
		assert.Equal(t, "SA01", who.Organization.Sector.Code, name)
	}
}

func parse(t *testing.T, body string) *psc.UserInfo {
	t.Helper()
	u, err := psc.ParseUserInfo([]byte(body))
	require.NoError(t, err)
	return u
}

func TestProfessions(t *testing.T) {
	t.Parallel()
	who := func(exercice string) (segur.Professional, error) {
		return parse(t, `{"SubjectNameID":"899900000015","family_name":"X","given_name":"Y","SubjectRefPro":{"exercices":[`+exercice+`]}}`).Professional(psc.OnlySituation())
	}
	for name, try := range map[string]struct {
		exercice              string
		profession, specialty segur.Code
	}{
		"pharmacist": {`{"codeProfession":"21","codeSavoirFaire":"X","activities":[{"codeSectionPharmacien":"A"}]}`,
			segur.Code{Code: "21", System: "1.2.250.1.71.1.2.7"}, segur.Code{Code: "G15_21/A", System: "1.2.250.1.213.1.1.4.5"}},
		"pharmacist without section": {`{"codeProfession":"21"}`, segur.Code{Code: "21", System: "1.2.250.1.71.1.2.7"}, segur.Code{}},
		"dentist":                    {`{"codeProfession":"40","codeSavoirFaire":"SCD02"}`, segur.Code{Code: "40", System: "1.2.250.1.71.1.2.7"}, segur.Code{Code: "G15_40/SCD02", System: "1.2.250.1.213.1.1.4.5"}},
		"physician without":          {`{"codeProfession":"10","codeSavoirFaire":""}`, segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7"}, segur.Code{}},
		"student":                    {`{"codeProfession":"10","codeCategorieProfessionnelle":"E","codeSavoirFaire":"SM44"}`, segur.Code{Code: "10", System: "1.2.250.1.71.1.2.8"}, segur.Code{Code: "SM44", System: "1.2.250.1.71.4.2.5"}},
		"nurse of advanced practice": {`{"codeProfession":"60","codeSavoirFaire":"SI03"}`, segur.Code{Code: "60", System: "1.2.250.1.71.1.2.7"}, segur.Code{Code: "G15_60/SI03", System: "1.2.250.1.213.1.1.4.5"}},
		"secretary":                  {`{"codeProfession":"99","codeSavoirFaire":"X","activities":{"codeRole":"331"}}`, segur.Code{Code: "99", System: "1.2.250.1.213.1.6.1.140"}, segur.Code{Code: "331", System: "1.2.250.1.213.1.6.1.107"}},
		"psychologist":               {`{"codeProfession":"93","activities":{"codeRole":"331"}}`, segur.Code{Code: "93", System: "1.2.250.1.213.1.6.1.109"}, segur.Code{}},
		"social worker":              {`{"codeProfession":"41"}`, segur.Code{Code: "41", System: "1.2.250.1.213.1.6.1.4"}, segur.Code{}},
		"radiographer":               {`{"codeProfession":"98"}`, segur.Code{Code: "98", System: "1.2.250.1.71.1.2.7"}, segur.Code{}},
	} {
		p, err := who(try.exercice)
		require.NoError(t, err, name)
		assert.Equal(t, try.profession, p.Profession, name)
		assert.Equal(t, try.specialty, p.Specialty, name)
		assert.Equal(t, "X", p.FamilyName, name)
	}
	_, err := who(`{"codeSavoirFaire":"SM44"}`)
	refused(t, err, segur.KindProtocol, "userInfo.codeProfession")
	_, err = who(``)
	refused(t, err, segur.KindNotFound, "")
}

// Professions have the systems of JDV_J65_SubjectRole_DMP, and pharmacists its sections.
func TestSystemsOfficial(t *testing.T) {
	t.Parallel()
	concepts := regexp.MustCompile(`<Concept code="(\w+)" codeSystem="([0-9.]+)"`)
	checked := 0
	for _, m := range concepts.FindAllStringSubmatch(string(testkit.ReadShared(t, "mssante/tables/JDV_J65-SubjectRole-DMP.xml")), -1) {
		code, system := m[1], segur.OID(m[2])
		s := psc.Situation{Exercice: psc.Exercice{Profession: code, Category: "C"}}
		at := 0
		switch system {
		case "1.2.250.1.71.1.2.7", "1.2.250.1.213.1.6.1.109", "1.2.250.1.213.1.6.1.4", "1.2.250.1.213.1.6.1.140":
		case "1.2.250.1.71.1.2.8":
			s.Exercice.Category = "E"
		case "1.2.250.1.71.4.2.6":
			s = psc.Situation{Exercice: psc.Exercice{Profession: "21"}, Activity: psc.Activity{PharmacistSection: code}}
			at = 1
		case "1.2.250.1.213.1.6.1.107":
			s = psc.Situation{Exercice: psc.Exercice{Profession: "99"}, Activity: psc.Activity{Role: code}}
			at = 1
		default:
			continue
		}
		checked++
		roles := s.Roles()
		require.Greater(t, len(roles), at, code)
		assert.Equal(t, segur.Code{Code: code, System: system}, roles[at])
	}
	assert.Equal(t, 29+5+12+1+4+16+33, checked)
}

func TestNationalIdentifier(t *testing.T) {
	t.Parallel()
	const psi = "6f1c2f7e-0d55-4a55-9f0b-2f4f6c1d8a77"
	for name, try := range map[string]struct{ ids, want string }{
		"SubjectNameID":             {`"SubjectNameID":"899900000015","preferred_username":"x"`, "899900000015"},
		"a number":                  {`"SubjectNameID":899900000015`, "899900000015"},
		"preferred_username":        {`"SubjectNameID":"","preferred_username":"899900000015"`, "899900000015"},
		"test identity":             {`"SubjectNameID":"ANS20210107161422","otherIds":[{"identifiant":"ANS20210107161422","origine":"EDIT"}]`, "ANS20210107161422"},
		"account key, then RPPS":    {`"SubjectNameID":"` + psi + `","otherIds":[{"identifiant":"` + psi + `","origine":"PSI"},{"identifiant":"899900000015","origine":"rpps"}]`, "899900000015"},
		"one identifier, no list":   {`"otherIds":{"identifiant":"899900000015","origine":"RPPS"}`, "899900000015"},
		"account key alone":         {`"SubjectNameID":"` + psi + `"`, ""},
		"ADELI does not stand in":   {`"SubjectNameID":"` + psi + `","otherIds":[{"identifiant":"069900000","origine":"ADELI"}]`, ""},
		"none":                      {`"otherIds":""`, ""},
		"two RPPS":                  {`"SubjectNameID":"899900000015","otherIds":[{"identifiant":"899900000015","origine":"RPPS"},{"identifiant":"899900000023","origine":"RPPS"}]`, ""},
		"RPPS of somebody else":     {`"SubjectNameID":"899900000015","otherIds":[{"identifiant":"899900000023","origine":"RPPS"}]`, ""},
		"a structure's own account": {`"SubjectNameID":"1990000019/1453"`, "1990000019/1453"},
	} {
		p, err := parse(t, `{`+try.ids+`,"SubjectRefPro":{"exercices":[{"codeProfession":"98","nomDexercice":"X"}]}}`).Professional(psc.OnlySituation())
		assert.Equal(t, try.want, p.ID, name)
		if try.want == "" {
			refused(t, err, segur.KindProtocol, "")
			assert.NotContains(t, err.Error(), "8999")
		}
	}
}

func TestLooseUserInfo(t *testing.T) {
	t.Parallel()
	u := parse(t, ` {"sub":null,"email_verified":"true","SubjectRole":"10^1.2.250.1.213.1.1.5.5","Acces_Regulation_Medicale":"VRAI",
		"SubjectRefPro":{"codeCivilite":null,"exercices":{"codeProfession":10,"activities":{"telephone":"+33 4.00.00.00.00","telephone2":"en cours",
		"adresseEMail":"a@b.mssante.fr","codePostal":"69003","bureauCedex":"69003 LYON CEDEX","codePays":"99109","enseigneCommercialeSite":"ENSEIGNE",
		"numeroVoie":" 1 ","indiceRepetitionVoie":"B","libelleVoie":"DES  ESSAIS","complementDestinataire":" SERVICE ","mentionDistribution":"BP 1"}}}}`)
	assert.True(t, u.EmailVerified)
	assert.True(t, u.MedicalRegulation)
	assert.Equal(t, []segur.Code{{Code: "10", System: "1.2.250.1.213.1.1.5.5"}}, u.Roles)
	require.Len(t, u.Exercices, 1)
	assert.Equal(t, "10", u.Exercices[0].Profession)
	o, ok := u.Situations()[0].Organization()
	require.True(t, ok)
	assert.Equal(t, segur.Organization{Name: "ENSEIGNE", Address: segur.Address{Lines: []string{"SERVICE", "1 B DES ESSAIS", "BP 1"}, PostalCode: "69003", City: "LYON CEDEX", Country: "99109"},
		Telecoms: []segur.Telecom{{Value: "tel:+33400000000", Use: "WP"}, {Value: "mailto:a@b.mssante.fr", Use: "WP"}}}, o, "no identifier is made up")
	for _, body := range []string{`{"SubjectRefPro":""}`, `{"SubjectRefPro":null,"SubjectRole":"","otherIds":null}`, `{"SubjectRefPro":{"exercices":""}}`, `{}`} {
		assert.Empty(t, parse(t, body).Situations(), body)
	}
	for name, body := range map[string]string{
		"a list": `[]`, "nothing": ``, "null": `null`, "more": `{}{}`, "a name that is an object": `{"family_name":{"secret":1}}`,
		"cut": `{"sub":"899900000015`, "exercices of text": `{"SubjectRefPro":{"exercices":["secret"]}}`,
	} {
		_, err := psc.ParseUserInfo([]byte(body))
		t.Run(name, func(t *testing.T) {
			refused(t, err, segur.KindProtocol, "")
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	many := parse(t, `{"SubjectRefPro":{"exercices":[{"activities":[`+strings.Repeat(`{"codeRole":"1"},{"codeRole":"2"},`, 499)+`{}]}]}}`)
	assert.Len(t, many.Situations(), 3, "each once, whatever the number")
	for _, body := range []string{
		`{"SubjectRefPro":{"exercices":[` + strings.Repeat(`{},`, 100) + `{}]}}`,
		`{"SubjectRefPro":{"exercices":[{"activities":[` + strings.Repeat(`{},`, 1000) + `{}]}]}}`,
		`{"x":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		_, err := psc.ParseUserInfo([]byte(body))
		refused(t, err, segur.KindTooLarge, "")
	}
}

// An account after the change of 2026: its key is a PSI, and some claims are not there.
func TestUserOfOnesOwn(t *testing.T) {
	t.Parallel()
	p := start(t, psctest.WithUsers(psctest.User{NationalID: "899900000056", FamilyName: "FUSION", GivenName: "Camille",
		Practices: []psctest.Practice{{Profession: "10", Specialty: "SM44", Sector: "SA07", StructureID: "1990000019", StructureName: "CENTRE D'IMAGERIE FICTIF"}},
		Claims:    map[string]any{"SubjectNameID": "6f1c2f7e-0d55-4a55-9f0b-2f4f6c1d8a77", "preferred_username": nil}}))
	s := p.login(t, p.client(t), psctest.Decision{})
	u, err := s.UserInfo(t.Context())
	require.NoError(t, err)
	assert.Empty(t, u.PreferredUsername)
	who, err := u.Professional(psc.OnlySituation())
	require.NoError(t, err)
	assert.Equal(t, "899900000056", who.ID)
}

func TestUserInfoRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	alter := func(f func(map[string]any)) psctest.Fault {
		return psctest.Fault{Alter: func(b []byte) []byte {
			var m map[string]any
			_ = json.Unmarshal(b, &m)
			f(m)
			b, _ = json.Marshal(m)
			return b
		}}
	}
	for name, try := range map[string]struct {
		fault psctest.Fault
		kind  segur.Kind
		field string
	}{
		"another subject":   {alter(func(m map[string]any) { m["sub"] = "autre" }), segur.KindAuthentication, "userInfo.sub"},
		"no subject":        {alter(func(m map[string]any) { delete(m, "sub") }), segur.KindAuthentication, "userInfo.sub"},
		"HTML":              {psctest.Fault{Status: 200, ContentType: "text/html", Body: []byte("<html>")}, segur.KindProtocol, ""},
		"JSON called a JWT": {psctest.Fault{Status: 200, ContentType: "application/jwt", Body: []byte("{}")}, segur.KindProtocol, ""},
		"cut":               {psctest.Fault{CutAfter: 50}, segur.KindTruncated, ""},
		"ended too soon":    {psctest.Fault{TruncateAfter: 50}, segur.KindProtocol, ""},
		"too large":         {psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte(strings.Repeat(" ", 2<<20))}, segur.KindTooLarge, ""},
		"refused":           {psctest.Fault{Status: 403}, segur.KindAuthorization, ""},
		"401 twice":         {psctest.Fault{Status: 401, Times: 2}, segur.KindAuthentication, ""},
	} {
		try.fault.Op = psctest.OpUserInfo
		p.Fail(try.fault)
		u, err := s.UserInfo(t.Context())
		t.Run(name, func(t *testing.T) {
			assert.Nil(t, u)
			refused(t, err, try.kind, try.field)
			assert.NotContains(t, err.Error(), "autre")
		})
	}
	renewals := p.count(psctest.OpToken, refresh)
	p.RevokeAccess()
	u, err := s.UserInfo(t.Context())
	require.NoError(t, err, "a token that was refused is renewed once")
	assert.Equal(t, "RADIOLOGUE", u.FamilyName)
	assert.Equal(t, renewals+1, p.count(psctest.OpToken, refresh))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.UserInfo(ctx)
	refused(t, err, segur.KindCanceled, "")
	without := start(t, psctest.WithoutEndpoints("userinfo_endpoint"))
	_, err = without.login(t, without.client(t), psctest.Decision{}).UserInfo(t.Context())
	refused(t, err, segur.KindRefused, "")
}

func TestSignedUserInfoRefused(t *testing.T) {
	t.Parallel()
	p := start(t, psctest.WithSignedUserInfo())
	s := p.login(t, p.client(t), psctest.Decision{})
	set := func(name string, v any) func(*psctest.IDToken) {
		return func(t *psctest.IDToken) { t.Claims[name] = v }
	}
	for name, try := range map[string]struct {
		tamper func(*psctest.IDToken)
		kind   segur.Kind
		field  string
	}{
		"alg none":    {both(header("alg", "none"), func(t *psctest.IDToken) { t.Sign = nil }), segur.KindSignature, ""},
		"another key": {func(t *psctest.IDToken) { t.Sign = psctest.RS256(p.PKI().Organization()) }, segur.KindSignature, ""},
		"iss":         {set("iss", "autre"), segur.KindAuthentication, "userInfo.iss"},
		"aud":         {set("aud", "autre"), segur.KindAuthentication, "userInfo.aud"},
		"exp":         {set("exp", 1), segur.KindAuthentication, "userInfo.exp"},
		"sub":         {set("sub", "autre"), segur.KindAuthentication, "userInfo.sub"},
	} {
		p.Tamper(try.tamper)
		_, err := s.UserInfo(t.Context())
		t.Run(name, func(t *testing.T) { refused(t, err, try.kind, try.field) })
	}
}

func TestOfficialSamples(t *testing.T) {
	t.Parallel()
	read := func(name string) *psc.UserInfo {
		b, err := os.ReadFile(testkit.SharedData(t, "mssante/psc/"+name))
		require.NoError(t, err)
		u, err := psc.ParseUserInfo(b)
		require.NoError(t, err)
		assert.Equal(t, b, []byte(u.Raw))
		return u
	}
	u := read("userinfo-generate-vihf-test-1.json")
	assert.Equal(t, segur.Code{Code: "SA07", System: "1.2.250.1.71.4.2.4"}, u.Sector)
	assert.Equal(t, segur.Code{Code: "APPPRIP3", System: "1.2.250.1.213.1.5.1.1.1"}, u.Level)
	assert.False(t, u.MedicalRegulation)
	assert.Len(t, u.Exercices, 2)
	require.Len(t, u.Situations(), 2, "the two exercices are the same")
	_, err := u.Professional(psc.OnlySituation())
	refused(t, err, segur.KindInvalidInput, "choice")
	who, err := u.Professional(psc.InStructure("10B0172805"))
	require.NoError(t, err)
	assert.Equal(t, "899700366240", who.ID)
	assert.Equal(t, "99700366240", who.RPPS())
	assert.Equal(t, "DOC0036624", who.FamilyName)
	assert.Equal(t, "G15_10/SM26", who.Specialty.Code)
	assert.Equal(t, "0B0172805", who.Organization.FINESS())
	assert.Equal(t, "SA01", who.Organization.Sector.Code)
	assert.Equal(t, segur.Address{Lines: []string{"10 R DE PARIS"}, PostalCode: "75009", City: "PARIS"}, who.Address)
	own, err := u.Professional(psc.InStructure("499700366240007"))
	require.NoError(t, err)
	assert.Equal(t, []string{"CABINET M DOC", "1 R NOIR"}, own.Address.Lines)
	assert.Equal(t, "PARIS", own.Address.City)
	assert.Equal(t, "R95141", u.Situations()[0].Activity.TechnicalID)

	u = read("userinfo-doc-site-psc.json")
	require.Len(t, u.Situations(), 5)
	assert.Equal(t, "HOPITAL GENERIQUE, 75020", u.Situations()[2].Label())
	who, err = u.Professional(psc.WithKey(u.Situations()[2].Key()))
	require.NoError(t, err)
	assert.Equal(t, "ANS20210107161422", who.ID)
	assert.Equal(t, "Docteur OIDC", who.FamilyName)
	assert.Empty(t, who.Organization.ID)
	assert.Equal(t, "EDIT", u.OtherIDs[0].Origin)
	keys := map[string]bool{}
	for _, s := range u.Situations() {
		keys[s.Key()] = true
	}
	assert.Len(t, keys, 5, "a key is that of one situation")

	u = read("userinfo-copier-coller.json")
	assert.Empty(t, u.Subject)
	who, err = u.Professional(psc.OnlySituation())
	require.NoError(t, err)
	assert.Nil(t, who.Organization)
	assert.True(t, who.Specialty.IsZero())
}
