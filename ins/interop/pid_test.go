package interop_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/interop"
	"github.com/segur-sdk/segur/internal/testkit"
)

const (
	number  = "285036912345656"
	insCX   = number + "^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS"
	localCX = "IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI"
	names   = "FICTIVE-DURAND^CAMILLE^CAMILLE LUCE^^^^L"
)

// pid makes a segment of a few fields.
func pid(identifiers, name, birth, sex, address, reliability string) string {
	return "PID|||" + identifiers + "||" + name + "||" + birth + "|" + sex + "|||" + address + strings.Repeat("|", 20) + "N|" + reliability
}

func fields(w []segur.Detail) (out []string) {
	for _, d := range w {
		out = append(out, d.Field)
	}
	return out
}

func readPID(tb testing.TB, message string) *interop.Reading {
	tb.Helper()
	r, err := codec(tb).ReadPID([]byte(message))
	require.NoError(tb, err)
	return r
}

func TestReadPIDOfTheANS(t *testing.T) {
	t.Parallel()
	r := readPID(t, string(testkit.ReadShared(t, "insi/interop/hl7v2_msh_pid_pv1_teleradiologie.txt")))
	assert.Empty(t, r.Warnings)
	assert.True(t, r.StatusStated)
	ins, ok := r.Identity.Patient.QualifiedINS()
	require.True(t, ok, "VALI, a matricule and its OID: qualified")
	assert.Equal(t, "279035121518989", ins.Matricule())
	assert.Equal(t, segur.OIDINSNIRTest, ins.Authority())
	assert.Equal(t, segur.NewDate(2010, 12, 7), r.Identity.INSSince)
	p := r.Identity.Patient
	assert.Equal(t, segur.Traits{BirthName: "PAT-TROIS", FirstGivenName: "DOMINIQUE", GivenNames: "DOMINIQUE", Sex: segur.Female,
		BirthDate: segur.NewDate(1979, 3, 28), BirthPlace: "63220"}, p.Traits)
	assert.Equal(t, segur.Address{Lines: []string{"28 Av de Breteuil"}, PostalCode: "75007", City: "PARIS"}, p.Address)
	assert.Empty(t, p.LocalIDs, "PID-18 is no IPP")
}

func TestReadPIDOfTheDRIMMessages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, used, place string
		local             []segur.Identifier
		qualified         bool
		warnings          []string
	}{
		{"depublication_examen_i_mdm.hl7", "PAT-TROIS", "63220", []segur.Identifier{{Root: "1.2.250.1.213.4.5.2.4", Extension: "IPP101", Assigner: "AUT-AFFECTATION"}}, true, nil},
		{"depublication_examen_i_oru.hl7", "PAT-TROIS", "63220", []segur.Identifier{{Root: "1.2.250.1.213.4.5.2.4", Extension: "IPP101", Assigner: "AUT-AFFECTATION"}}, true, nil},
		{"maj_examen_g1_mdm.hl7", "PAT-TROIS", "51215", []segur.Identifier{{Root: "1.2.250.1.213.4.5.2.4", Extension: "IPP101", Assigner: "AUT-AFFECTATION"}}, true, nil},
		{"omi_o23_suppression_examen_w.hl7", "PAT-TROIS", "63220", []segur.Identifier{{Root: "1.2.250.1.213.4.5.2.4", Extension: "IPP101", Assigner: "AUT-AFFECTATION"}}, true, nil},
		{"oru_pfi_examen_k.hl7", "PAT-TROIS", "63220", nil, true, nil},
		// A small tilde (U+02DC) stands in for ~ in PID-11: the place of birth is lost in the type of the address. The sex is
		// not the one of the matricule, and the local number has no OID.
		{"invisible_masque.hl7", "", "", []segur.Identifier{{Extension: "62702897707386938", Assigner: "AUT-AFFECTATION"}}, true, []string{"PID-3[2]", "PID"}},
		// An order: no birth date, no status.
		{"omi_o23_imaging_order.hl7", "", "", nil, false, []string{"PID-5[1]", "PID-32", "PID"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			r := readPID(t, string(testkit.ReadShared(t, "drim/"+c.file)))
			_, ok := r.Identity.Patient.QualifiedINS()
			assert.Equal(t, c.qualified, ok)
			assert.Equal(t, c.used, r.Identity.Patient.Traits.UsedName)
			assert.Equal(t, c.place, r.Identity.Patient.Traits.BirthPlace)
			assert.Equal(t, c.local, r.Identity.Patient.LocalIDs)
			assert.Equal(t, c.warnings, fields(r.Warnings))
		})
	}
}

func TestReadPIDDecidesOnTheINS(t *testing.T) {
	t.Parallel()
	cx := func(id, oid, kind string) string { return id + "^^^ASIP-SANTE-INS-NIR&" + oid + "&ISO^" + kind }
	nir := string(segur.OIDINSNIR)
	for name, c := range map[string]struct {
		identifiers, reliability string
		status                   segur.IdentityStatus
		attributes               segur.IdentityAttributes
		locals                   int
		warnings                 []string
	}{
		"VALI":                     {insCX + "~" + localCX, "VALI", segur.Qualified, 0, 1, nil},
		"any order":                {localCX + "~" + insCX, "VALI", segur.Qualified, 0, 1, nil},
		"NIA under any label":      {cx(number, "1.2.250.1.213.1.4.9", "INS"), "VALI", segur.Qualified, 0, 0, nil},
		"QUAL":                     {insCX, "QUAL", segur.Qualified, 0, 0, nil},
		"homonym":                  {insCX, "VALI~HOMD", segur.Qualified, segur.Homonym, 0, nil},
		"management code":          {insCX, "VALI~COLP", segur.Qualified, 0, 0, nil},
		"the same twice":           {insCX + "~" + insCX, "VALI", segur.Qualified, 0, 0, nil},
		"PROV":                     {insCX + "~" + localCX, "PROV", segur.Provisional, 0, 1, []string{"PID"}},
		"RECUP":                    {insCX, "RECUP", segur.Retrieved, 0, 0, []string{"PID"}},
		"no status":                {insCX, "", segur.Provisional, 0, 0, []string{"PID-32", "PID"}},
		"no INS":                   {localCX, "VALI", segur.Validated, 0, 1, nil},
		"QUAL without INS":         {localCX, "QUAL", segur.Validated, 0, 1, []string{"PID"}},
		"doubtful":                 {insCX, "VALI~DOUT", segur.Provisional, segur.Doubtful, 0, []string{"PID", "PID"}},
		"fictitious and doubtful":  {insCX, "PROV~DOUT~FICT", segur.Provisional, segur.Fictitious, 0, []string{"PID", "PID"}},
		"usurped":                  {insCX, "VALI~USUR", segur.Provisional, 0, 0, []string{"PID", "PID"}},
		"two statuses":             {insCX, "VALI~PROV", segur.Provisional, 0, 0, []string{"PID-32[2]", "PID"}},
		"unknown code":             {insCX, "VALI~X", segur.Qualified, 0, 0, []string{"PID-32[2]"}},
		"16 digits":                {cx(number+"9", nir, "INS"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"13 digits":                {cx(number[:13], nir, "INS"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"wrong key":                {cx(number[:13]+"00", nir, "INS"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"INS-C by its type":        {cx(number, nir, "INS-C"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"INS-C by its authority":   {cx("1234567890123456789012", "1.2.250.1.213.1.4.2", "INS"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"wrong OID":                {cx(number, "1.2.250.1.213.1.4.5", "INS"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"label without OID":        {number + "^^^ASIP-SANTE-INS-NIR^INS", "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"label, local type":        {number + "^^^ASIP-SANTE-INS-NIR^PI", "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"OID, local type":          {cx(number, nir, "PI"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"OID, type of metadata":    {cx(number, nir, "NH"), "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"OID not ISO":              {number + "^^^X&" + nir + "&L^INS", "VALI", segur.Validated, 0, 0, []string{"PID-3[1]"}},
		"two that differ":          {insCX + "~" + cx("285036912345755", nir, "INS"), "VALI", segur.Validated, 0, 0, []string{"PID"}},
		"same number, other OID":   {insCX + "~" + cx(number, nir, "INS"), "VALI", segur.Validated, 0, 0, []string{"PID"}},
		"arc of the INS":           {"7^^^&1.2.250.1.213.1.4.12&ISO^PI", "VALI", segur.Validated, 0, 1, []string{"PID-3[1]"}},
		"other types":              {localCX + "~77^^^&1.2.250.1.999.4&ISO^AN", "VALI", segur.Validated, 0, 1, []string{"PID-3[2]"}},
		"deleted and empty values": {`""~` + localCX + `~`, "VALI", segur.Validated, 0, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readPID(t, pid(c.identifiers, names, "19850314", "F", "", c.reliability))
			p := r.Identity.Patient
			assert.Equal(t, c.status, p.Status)
			assert.Equal(t, c.attributes, p.Attributes)
			assert.Equal(t, c.status, r.Identity.Reliability.Status)
			_, ok := p.QualifiedINS()
			assert.Equal(t, c.status == segur.Qualified, ok)
			assert.Equal(t, !ok, p.INS.IsZero(), "left out, not only hidden")
			assert.Len(t, p.LocalIDs, c.locals)
			assert.Equal(t, c.warnings, fields(r.Warnings))
			for _, w := range r.Warnings {
				assert.Equal(t, "warning", w.Severity)
				assert.NotContains(t, w.Message, "285036")
			}
		})
	}
	assert.Equal(t, []string{"COLP"}, readPID(t, pid(insCX, names, "19850314", "F", "", "VALI~COLP")).Codes)

	production := codec(t, func(c *interop.Config) { c.Environment = segur.Production })
	r, err := production.ReadPID([]byte(pid(insCX, names, "19850314", "F", "", "VALI")))
	require.NoError(t, err)
	assert.True(t, r.Identity.Patient.INS.IsZero(), "a test identity in production")
	assert.Equal(t, []string{"PID-3[1]"}, fields(r.Warnings))
}

func TestReadPIDNeedsTheTraitsOfAnINS(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"name":       pid(insCX, "", "19850314", "F", "", "VALI"),
		"given name": pid(insCX, "FICTIVE^^^^^^L", "19850314", "F", "", "VALI"),
		"birth date": pid(insCX, names, "", "F", "", "VALI"),
		"wrong date": pid(insCX, names, "19850231", "F", "", "VALI"),
		"sex":        pid(insCX, names, "19850314", "U", "", "VALI"),
	} {
		r := readPID(t, s)
		assert.True(t, r.Identity.Patient.INS.IsZero(), name)
		assert.Equal(t, segur.Validated, r.Identity.Patient.Status, name)
		assert.NotEmpty(t, r.Warnings, name)
	}
	r := readPID(t, strings.Replace(pid(insCX, names, "19850314", "F", "", "VALI"), "|N|VALI", "|Y|VALI", 1))
	assert.True(t, r.Identity.Patient.INS.IsZero(), "PID-31: the identity is unknown")
	r = readPID(t, pid(insCX, names, "19850314", "M", "", "VALI"))
	assert.False(t, r.Identity.Patient.INS.IsZero())
	assert.Equal(t, []string{"PID"}, fields(r.Warnings), "the sex is another than that of the matricule")
}

func TestReadPIDNamesAndPlaces(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"D": "USAGE", "M": "USAGE", "U": "USAGE", "S": ""} {
		tr := readPID(t, pid(insCX, "USAGE^CAM^^^^^"+kind+"~"+names, "19850314", "F", "", "VALI")).Identity.Patient.Traits
		assert.Equal(t, want, tr.UsedName, kind)
		assert.Equal(t, "FICTIVE-DURAND", tr.BirthName)
	}
	tr := readPID(t, pid(insCX, "AUTRE^NOM~"+names, "19850314", "F", "", "VALI")).Identity.Patient.Traits
	assert.Equal(t, "FICTIVE-DURAND", tr.BirthName, "the one of type L, whatever comes before")
	tr = readPID(t, pid(insCX, "FICTIVE^CAMILLE^LUCE^^^^L", "19850314", "F", "", "VALI")).Identity.Patient.Traits
	assert.Equal(t, "CAMILLE LUCE", tr.GivenNames, "the names after the first")
	tr = readPID(t, pid(insCX, "FICTIVE^ANNE-SOPHIE^ANNE SOPHIE MARIE^^^^L", "19850314", "F", "", "VALI")).Identity.Patient.Traits
	assert.Equal(t, "ANNE SOPHIE MARIE", tr.GivenNames, "the whole list, in another spelling")
	tr = readPID(t, pid(insCX, names, "193402", "F", "1 RUE^BAT B^LYON^^69003^FRA^H~^^^^^^BDL^^LYON", "VALI")).Identity.Patient.Traits
	assert.Equal(t, segur.Date{Year: 1934, Month: 2}, tr.BirthDate)
	assert.Empty(t, tr.BirthPlace, "a name is no code")

	r, err := codec(t).ReadPID([]byte("MSH|^~\\&|A|||||||||||||||8859/15\rPID|||" + localCX + "||N\xC9E\xBDU^Z^^^^^L||1985|F"))
	require.NoError(t, err)
	assert.Equal(t, "NÉEœU", r.Identity.Patient.Traits.BirthName)
	assert.Equal(t, []string{"MSH-18"}, fields(r.Warnings))

	telecoms := readPID(t, pid(localCX, names, "1985", "F", "", "VALI|")).Identity.Patient.Telecoms
	assert.Nil(t, telecoms)
	r = readPID(t, "PID|||"+localCX+"||"+names+"||1985|F|||||01 44 53 45 51^PRN^PH~^PRN^CP^^^^^^^^^0647.15.10.10~^NET^Internet^c@exemple.fr~^^X.400^"+
		number+"@patient.mssante.fr~^PRN^PH^^^^^^^^^a b<c>|^WPN^PH^^^^^^^^^0155")
	assert.Equal(t, []segur.Telecom{{Value: "tel:0144534551", Use: "HP"}, {Value: "tel:0647151010", Use: "MC"}, {Value: "mailto:c@exemple.fr"},
		{Value: "tel:0155", Use: "WP"}}, r.Identity.Patient.Telecoms)
	assert.Equal(t, []string{"PID-13[5]", "PID"}, fields(r.Warnings), "a mailbox made of the matricule needs an INS that counts")
}

func TestPIDTelecoms(t *testing.T) {
	t.Parallel()
	for sent, want := range map[segur.Telecom]struct {
		pid string
		got []segur.Telecom
	}{
		{Value: "tel:01", Use: "H"}:             {"^PRN^PH^^^^^^^^^01", []segur.Telecom{{Value: "tel:01", Use: "HP"}}},
		{Value: "tel:01", Use: "HV"}:            {"^VHN^PH^^^^^^^^^01", []segur.Telecom{{Value: "tel:01", Use: "HV"}}},
		{Value: "tel:01", Use: "DIR"}:           {"^WPN^PH^^^^^^^^^01", []segur.Telecom{{Value: "tel:01", Use: "WP"}}},
		{Value: "tel:01", Use: "EC"}:            {"^EMR^PH^^^^^^^^^01", []segur.Telecom{{Value: "tel:01", Use: "EC"}}},
		{Value: "tel:01", Use: "PG"}:            {"^BPN^BP^^^^^^^^^01", []segur.Telecom{{Value: "tel:01", Use: "PG"}}},
		{Value: "tel:01"}:                       {"^^PH^^^^^^^^^01", []segur.Telecom{{Value: "tel:01"}}},
		{Value: "mailto:a@exemple.fr"}:          {"^NET^Internet^a@exemple.fr", []segur.Telecom{{Value: "mailto:a@exemple.fr"}}},
		{Value: "http://a.example", Use: "WP"}:  {"", nil}, // no place in an XTN
		{Value: "mllp://a.example:1", Use: "H"}: {"", nil},
	} {
		id := fictional()
		id.Patient.Telecoms = []segur.Telecom{sent}
		s, err := codec(t).PID(id)
		require.NoError(t, err)
		f := strings.Split(s, "|")
		assert.Equal(t, want.pid, f[13])
		assert.Equal(t, want.got, readPID(t, s).Identity.Patient.Telecoms)
	}
	id := fictional()
	id.Patient.Address = segur.Address{Lines: []string{"BAT A", "7 RUE X", "BP 1"}, City: "LYON"}
	s, err := codec(t).PID(id)
	require.NoError(t, err)
	assert.Equal(t, []string{"BAT A", "7 RUE X, BP 1"}, readPID(t, s).Identity.Patient.Address.Lines)
}

func TestReadPIDNullsAndSecondNames(t *testing.T) {
	t.Parallel()
	r := readPID(t, pid(insCX, names+`~USAGE^""^^^^^D~ENCORE^^^^^^D~AUTRE^X^^^^^L~""~^^^^^^S`, `""`, `""`, `""~""^^LYON^^""^^H`, "VALI"))
	tr := r.Identity.Patient.Traits
	assert.Equal(t, "FICTIVE-DURAND", tr.BirthName)
	assert.Equal(t, "USAGE", tr.UsedName)
	assert.Empty(t, tr.UsedGivenName)
	assert.True(t, tr.BirthDate.IsZero())
	assert.Equal(t, segur.Address{City: "LYON"}, r.Identity.Patient.Address)
	assert.Equal(t, []string{"PID-5[3]", "PID-5[4]", "PID"}, fields(r.Warnings))
}

func TestReadPIDRefuses(t *testing.T) {
	t.Parallel()
	c := codec(t)
	for name, m := range map[string]struct {
		message string
		want    error
	}{
		"nothing":      {"", segur.ErrProtocol},
		"no PID":       {"MSH|^~\\&|A\rPV1||O", segur.ErrProtocol},
		"two patients": {"PID|||1\rPID|||2", segur.ErrProtocol},
		"delimiters":   {"MSH|||||\rPID|||1", segur.ErrProtocol},
		"huge":         {"PID|||" + strings.Repeat("A", 70_000), segur.ErrTooLarge},
	} {
		_, err := c.ReadPID([]byte(m.message))
		assert.ErrorIs(t, err, m.want, name)
	}
	r := readPID(t, "PID|||"+strings.Repeat("1^^^&1.2.3&ISO^PI~", 3000)+"9^^^&1.2.3&ISO^PI")
	assert.Len(t, r.Identity.Patient.LocalIDs, 1)
	assert.Equal(t, []string{"PID-3"}, fields(r.Warnings))
}

func FuzzPID(f *testing.F) {
	f.Add("MSH|^~\\&|A\r" + pid(insCX+"~"+localCX, names, "19850314", "F", "1 RUE^^LYON^^69003^FRA^H~^^^^^^BDL^^69123", "VALI~HOMA"))
	f.Add("MSH#$!?%#\rPID###" + number + "$$$N%1.2.250.1.213.1.4.10%ISO$INS")
	c := codec(f)
	f.Fuzz(func(t *testing.T, message string) {
		r, err := c.ReadPID([]byte(message))
		if err == nil {
			sound(t, c, r)
		}
	})
}

// sound fails for an INS that does not check, and for a reading that gives
// another one when it is written and read again.
func sound(t *testing.T, c *interop.Codec, r *interop.Reading) {
	p := r.Identity.Patient
	if p.INS.IsZero() {
		return
	}
	if _, err := segur.ParseINS(p.INS.Matricule(), p.INS.Authority()); err != nil || !p.Status.Qualified() || p.Attributes.Blocking() {
		t.Fatalf("an INS that does not count: %v %v", err, p.Status)
	}
	if s, err := c.PID(r.Identity); err == nil {
		if back, err := c.ReadPID([]byte(s)); err != nil || back.Identity.Patient.INS != p.INS {
			t.Fatalf("written again: %v", err)
		}
	}
}

// A PID that its sender broke in lines is one PID: neither the number nor the doubt is lost.
func TestReadPIDInLines(t *testing.T) {
	t.Parallel()
	segment := pid(insCX+"~"+localCX, names, "19850314", "F", "", "VALI~DOUT")
	for at := 4; at < len(segment); at++ {
		for _, end := range []string{"\r\n", "\n", "\r"} {
			r := readPID(t, "MSH|^~\\&|RIS|||||ADT^A31|1|P|2.5"+end+segment[:at]+end+segment[at:]+end+"PV1||O"+end)
			require.Equal(t, segur.Doubtful, r.Identity.Patient.Attributes, at)
			require.Equal(t, "IPP-0001", r.Identity.Patient.LocalIDs[0].Extension, at)
		}
	}
}

// Some systems have the matricule as their local number too: it goes where the INS goes.
func TestReadPIDLeavesOutTheMatriculeUnderAnotherName(t *testing.T) {
	t.Parallel()
	copies := insCX + "~" + localCX + "~" + number + "^^^&1.2.250.1.999.1&ISO^PI~X-" + number[:13] + "^^^&1.2.250.1.999.2&ISO^PI"
	r := readPID(t, pid(copies, names, "19850314", "F", "", "PROV"))
	assert.Equal(t, []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001", Assigner: "CENTRE"}}, r.Identity.Patient.LocalIDs)
	assert.Equal(t, []string{"PID", "PID"}, fields(r.Warnings))
	r = readPID(t, pid(copies, names, "19850314", "F", "", "VALI"))
	assert.Len(t, r.Identity.Patient.LocalIDs, 3, "a qualified identity keeps what came")
	assert.Empty(t, r.Warnings)
}

func TestStatusStated(t *testing.T) {
	t.Parallel()
	assert.True(t, readPID(t, pid(localCX, names, "1985", "F", "", "PROV")).StatusStated)
	assert.False(t, readPID(t, pid(localCX, names, "1985", "F", "", "")).StatusStated)
	assert.False(t, readPID(t, pid(insCX, names, "1985", "F", "", "DOUT")).StatusStated)
	r, err := codec(t).ReadFHIRPatient([]byte(`{"resourceType":"Patient"}`))
	require.NoError(t, err)
	assert.False(t, r.StatusStated)
	assert.Equal(t, segur.Provisional, r.Identity.Patient.Status)
}
