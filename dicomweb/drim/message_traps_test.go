package drim_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// Everything that official messages of DRIM-M and of the mail guides do beside
// the norm is read, and most of it noted.
func TestTrapsOfOfficialMessages(t *testing.T) {
	t.Parallel()
	wrapped := func() string {
		var b strings.Builder
		for i := 0; i < len(report64); i += 76 {
			b.WriteString(report64[i:min(i+76, len(report64))] + "\r\n")
		}
		return b.String()
	}()
	for _, c := range []struct {
		name  string
		text  string
		pairs []string
		warns string // path of the warning; empty for none
		check func(*testing.T, *drim.ReportMessage)
	}{
		{"a small tilde where PID-11 repeats", oruText,
			[]string{"||^^^^^^BDL^^69123", "||7 RUE FICTIVE^^LYON^^69003^FRA^H\u02dc^^^^^^BDL^^69123"}, "PID-11",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "69123", m.Patient.Traits.BirthPlace) }},
		{"a mail body cut in its base64", oruText,
			[]string{"OBX|11|CE|ACK", "OBX|12|ED|CORPSMAIL_PS^Corps^MetaDMPMSS||^TEXT^^Base64^Q2hlciBjb25mcsOocmU=Q||||||F\nOBX|11|CE|ACK"}, "OBX[12]-5",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, drim.Yes, m.Flags.ReadReceipt) }},
		{"a mail body one sign too long", oruText,
			[]string{"OBX|11|CE|ACK", "OBX|12|ED|CORPSMAIL_PATIENT^Corps^MetaDMPMSS||^TEXT^^Base64^Q2hlckJvbjou||||||F\nOBX|13|ED|CORPSMAIL_PS^^MetaDMPMSS||^TEXT^^Base64^Qm9uam91cQ||||||F\nOBX|11|CE|ACK"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, "CherBon:.", m.PatientText)
				assert.Equal(t, "Bonjouq", m.ProfessionalText)
			}},
		{"ORC-1 SC in an ORU", oruText, []string{"ORC|NW|", "ORC|SC|"}, "ORC-1",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, drim.ActionUpsert, m.Action, "create or replace by the identifier")
			}},
		{"ORC-1 SC with a correction", oruText, []string{"ORC|NW|", "ORC|SC|", "||||||F|\nPRT", "||||||C|\nPRT"}, "ORC-1",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, drim.ActionReplace, m.Action) }},
		{"ORC-1 SC in an MDM", mdmText, []string{"ORC|RO|", "ORC|SC|"}, "ORC-1",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, drim.ActionReplace, m.Action) }},
		{"no ORC at all", oruText, []string{"ORC|NW|\n", ""}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, drim.ActionUpsert, m.Action) }},
		{"OBX-11 empty", mdmText, []string{"||||||C|", "|||||||"}, "OBX-11",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, drim.ActionReplace, m.Action) }},
		{"no local number in PID-3", oruText, []string{"~IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI", ""}, "PID-3",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Empty(t, m.Patient.LocalIDs)
				require.NoError(t, m.Publishable())
			}},
		{"a local number without authority", oruText, []string{"IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI", "IPP-0001^^^AUT-AFFECTATION^PI"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, segur.Identifier{Extension: "IPP-0001", Assigner: "AUT-AFFECTATION"}, m.Patient.LocalIDs[0])
			}},
		{"another document in the message", oruText,
			[]string{"OBX|2|CE", "OBX|12|ED|11502-2^CR d'examens biologiques^LN||^TEXT^XML^Base64^PGJpbz4=||||||F\n" +
				"PRT||UC||SB^^participation|899900000031^BIOLOGISTE^Anne^^^^^^^D^^^IDNPS|||LABO^^^^^^FINEG^^^990000035\nOBX|2|CE"}, "OBX[12]-3",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, tinyCDA, string(m.CDA))
				assert.Equal(t, "899900000015", m.Sender.Professional.ID, "the sender of the other document is not ours")
			}},
		{"another document before the report", oruText,
			[]string{"OBX|1|ED|18748-4", "OBX|9|ED|11502-2^^LN||^TEXT^XML^Base64^PGJpbz4=||||||F\nOBX|1|ED|18748-4"}, "OBX[9]-3",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, tinyCDA, string(m.CDA)) }},
		{"the report in two levels", oruText,
			[]string{"OBX|2|CE", "OBX|12|ED|18748-4||^TEXT^XML^Base64^PG4zPg==||||||F\nOBX|2|CE"}, "OBX[12]-3",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, tinyCDA, string(m.CDA), "the first one") }},
		{"a typographic apostrophe in a label", oruText, []string{"ED|18748-4^CR d'imagerie", "ED|18748-4^CR d’imagerie"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.True(t, m.ReportCode.Equal(m.ServiceCode)) }},
		{"OBR-4 is another code", oruText, []string{"|18748-4^CR d'imagerie médicale^LN|||||||", "|34555-3^^LN|||||||"}, "OBX-3",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "34555-3", m.ServiceCode.Code) }},
		{"place holders that nobody filled in", oruText, []string{"|RIS|", "|{{applicationSupplier}}|", "|M-0001|", "|{{idMessage}}|"}, "MSH-10",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "{{idMessage}}", m.ControlID) }},
		{"a blank inside the name of the authority", oruText, []string{"ASIP-SANTE-PS&", "ASIP-SANTE- PS&", "ASIP-SANTE-INS-NIR&", "ASIP-SANTE- INS-NIR&"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, segur.Qualified, m.Patient.Status)
				assert.Equal(t, "899900000015", m.Sender.Professional.ID)
			}},
		{"PRT-4 without its text", oruText, []string{"SB^Send by^participation", "SB^^participation"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.False(t, m.Sender.IsZero()) }},
		{"PRT-4 of the old table", oruText, []string{"SB^Send by^participation", " SB ^^HL70912", "RCT^Result Copies To^", "RCT^Results Copies To^"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Len(t, m.Recipients, 2) }},
		{"base64 in lines of 76 characters", oruText, []string{report64, wrapped}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, tinyCDA, string(m.CDA)) }},
		{"base64 with escaped line breaks", oruText, []string{report64, report64[:76] + `\X0D\\X0A\` + report64[76:80] + `\.br\ ` + report64[80:]}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, tinyCDA, string(m.CDA)) }},
		{"base64 without its padding", oruText, []string{report64, strings.TrimRight(report64, "=")}, "OBX[1]-5",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, tinyCDA, string(m.CDA)) }},
		{"a report that is no XML", oruText, []string{report64, base64.StdEncoding.EncodeToString([]byte("Document"))}, "OBX[1]-5",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "Document", string(m.CDA)) }},
		{"a report with mojibake is bytes like any other", oruText,
			[]string{report64, base64.StdEncoding.EncodeToString([]byte("<a>mÃ©dicale\xff</a>"))}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "<a>mÃ©dicale\xff</a>", string(m.CDA)) }},
		{"a FINESS with its type digit under FINEG", oruText, []string{"FINEG^^^990000019", "FINEG^^^1990000019"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "1990000019", m.Sender.Structure.ID) }},
		{"the FINESS of the legal entity", oruText, []string{"FINEG^^^", "FINEJ^^^"}, "PRT-8",
			func(t *testing.T, m *drim.ReportMessage) { assert.True(t, m.Sender.LegalEntity()) }},
		{"a sender without structure", oruText, []string{"CENTRE D'IMAGERIE FICTIF^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^990000019", ""}, "PRT-8",
			func(t *testing.T, m *drim.ReportMessage) { assert.Empty(t, m.Sender.Structure.ID) }},
		{"PRT-15.2 NET", oruText, []string{"||||||||||^^X.400^prescripteur", "||||||||||^NET^X.400^prescripteur"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, "prescripteur@cabinet.mssante.fr", m.Recipients[0].Address)
			}},
		{"the OID of a patient's authority alone in PRT-5", oruText, []string{"&1.2.250.1.213.1.4.10&ISO^L^^^INS", "1.2.250.1.213.1.4.10^L^^^INS"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.True(t, m.Recipients[1].Patient()) }},
		{"a mail address of 16 digits is data", oruText, []string{matricule + "@patient", matricule + "6@patient"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, matricule+"6@patient.mssante.fr", m.Recipients[1].Address)
				assert.Equal(t, matricule, m.Patient.INS.Matricule())
			}},
		{"the long and the misspelt flag", oruText, []string{"INVISIBLE_REP_LEGAUX^^MetaDMPMSS||N", "INVISIBLE_REPRENSANTS_LEGAUX^^MetaDMPMSS||Y"}, "OBX[4]-3",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, drim.Yes, m.Flags.HiddenFromRepresentatives)
			}},
		{"ACK_LECTURE", oruText, []string{"ACK_LECTURE_MSS", "ACK_LECTURE"}, "OBX[11]-3",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, drim.Yes, m.Flags.ReadReceipt) }},
		{"a blank inside a flag", oruText, []string{"INVISIBLE_REP_LEGAUX^^MetaDMPMSS||N", "INVISIBLE_ REP_LEGAUX ^^MetaDMPMSS|| Y "}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, drim.Yes, m.Flags.HiddenFromRepresentatives)
			}},
		{"the flags in another order, of the old table", oruText,
			[]string{"OBX|2|CE|MASQUE_PS^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F|\n", "", "ACK_LECTURE_MSS^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|",
				"ACK_LECTURE_MSS^^MetaDMPMSS||Y^^HL70136||||||F|\nOBX|12|CE|MASQUE_PS^^HL7||Y^^HL70136||||||F|"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, drim.Yes, m.Flags.HiddenFromProfessionals) }},
		{"a flag without value", oruText, []string{"MASQUE_PS^^MetaDMPMSS||N^^expandedYes-NoIndicator", "MASQUE_PS^^MetaDMPMSS||"}, "OBX[2]-5",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, drim.Unset, m.Flags.HiddenFromProfessionals)
			}},
		{"hidden from the patient and mailed to him", oruText, []string{"INVISIBLE_PATIENT^^MetaDMPMSS||N", "INVISIBLE_PATIENT^^MetaDMPMSS||Y"}, "OBX-3",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, drim.Yes, m.Flags.ToPatient, "parsing does not decide")
			}},
		{"a secret connection hides from the representatives", oruText, []string{"CONNEXION_SECRETE^^MetaDMPMSS||N", "CONNEXION_SECRETE^^MetaDMPMSS||Y"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Len(t, m.Visibility(), 1) }},
		{"an unknown code of the table", oruText, []string{"OBX|2|CE", "OBX|12|CE|AUTRE^^MetaDMPMSS||Y||||||F\nOBX|2|CE"}, "OBX[12]-3", nil},
		{"the profile of version 2.0", oruText, []string{"2.1^CISIS_CDA_HL7_V2", "2.0^CISIS_CDA_HL7_V2"}, "", nil},
		{"no profile", oruText, []string{"|||2.1^CISIS_CDA_HL7_V2", ""}, "", nil},
		{"another profile", oruText, []string{"2.1^CISIS_CDA_HL7_V2", "1.1^CISIS_CDA_HL7_LPS"}, "MSH-21", nil},
		{"version 2.3.1", oruText, []string{"|P|2.5|", "|P|2.3.1|"}, "", nil},
		{"TXA-12 with an extension", mdmText, []string{"|1.2.250.1.999.30.2|", "|EXT-2^^1.2.250.1.999.30.2^ISO|"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, segur.Identifier{Root: "1.2.250.1.999.30.2", Extension: "EXT-2"}, m.DocumentID)
			}},
		{"TXA-12 with an organisation", mdmText, []string{"|1.2.250.1.999.30.2|", "|1.2.250.1.999.30.2^Organisation-Y|"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, segur.Identifier{Root: "1.2.250.1.999.30.2"}, m.DocumentID)
			}},
		{"TXA-12 with the OID as its own authority", mdmText, []string{"|1.2.250.1.999.30.2|", "|1.2.250.1.999.30.2^^1.2.250.1.999.30.2^ISO|"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, segur.Identifier{Root: "1.2.250.1.999.30.2"}, m.DocumentID)
			}},
		{"flags with their accents", oruText, []string{"MASQUE_PS^^MetaDMPMSS||N", "Masqué_PS^^MetaDMPMSS||Y", "CONNEXION_SECRETE^^MetaDMPMSS||N", "CONNEXION_SECRÈTE^^MetaDMPMSS||Y"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, drim.Yes, m.Flags.HiddenFromProfessionals)
				assert.Equal(t, drim.Yes, m.Flags.SecretConnection)
			}},
		{"TXA-12 without OID", mdmText, []string{"|1.2.250.1.999.30.2|", "|DOC-2|"}, "TXA-12",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "DOC-2", m.DocumentID.Extension) }},
		{"TXA-17 empty", mdmText, []string{"|AU|", "||"}, "TXA-17", nil},
		{"lines that end with CR LF, and with LF", oruText, []string{"PID|", "\nPID|", "ORC|", "\n\nORC|"}, "", nil},
		{"8859/15", oruText, []string{"UNICODE UTF-8", "8859/15", "médicale", "m\xe9dicale", "médicale", "m\xe9dicale", "CENTRE D'IMAGERIE FICTIF", "C\xbdur"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "Cœur", m.Sender.Structure.Name) }},
		{"a used name of type M", oruText, []string{"DURAND^CAM^^^^^D", "DURAND^CAM^^^^^M"}, "",
			func(t *testing.T, m *drim.ReportMessage) { assert.Equal(t, "DURAND", m.Patient.Traits.UsedName) }},
		{"a name without type", oruText, []string{"LUCE^^^^L~DURAND^CAM^^^^^D", "LUCE"}, "",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, "FICTIVE-DURAND", m.Patient.Traits.BirthName)
			}},
		{"a place of birth that is none", oruText, []string{"BDL^^69123", "BDL^^LYON"}, "PID-11",
			func(t *testing.T, m *drim.ReportMessage) { assert.Empty(t, m.Patient.Traits.BirthPlace) }},
		{"an INS of another type", oruText, []string{"ISO^INS~", "ISO^NI~"}, "PID-3[1]",
			func(t *testing.T, m *drim.ReportMessage) {
				assert.Equal(t, segur.Qualified, m.Patient.Status, "the OID tells")
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := parseReport(t, edit(t, c.text, c.pairs...))
			var paths []string
			for _, w := range m.Warnings {
				paths = append(paths, w.Field)
				assert.Equal(t, "warning", w.Severity)
				assert.NotContains(t, w.Message, matriculeBody)
			}
			if c.warns != "" {
				assert.Contains(t, paths, c.warns)
			} else if c.text == oruText {
				assert.Empty(t, paths)
			}
			if c.check != nil {
				c.check(t, m)
			}
		})
	}
}
