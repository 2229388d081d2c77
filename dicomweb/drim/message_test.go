package drim_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	matriculeBody = "2850369123456"
	studyUID      = "1.2.250.1.999.20.1"
	reportRoot    = "1.2.250.1.999.30.1"
	tinyCDA       = `<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="` + reportRoot + `"/></ClinicalDocument>`
)

var (
	matricule = matriculeBody + segur.MatriculeKey(matriculeBody)
	report64  = base64.StdEncoding.EncodeToString([]byte(tinyCDA))
)

const oruText = `MSH|^~\&|RIS|CENTRE FICTIF|DRIMBOX|CENTRE FICTIF|20260310101500+0100||ORU^R01^ORU_R01|M-0001|P|2.5|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2
PID|||{{ins}}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI||FICTIVE-DURAND^CAMILLE^CAMILLE LUCE^^^^L~DURAND^CAM^^^^^D||19850314|F|||^^^^^^BDL^^69123||||||||||||||||||||N|VALI
PV1|1|O|||||||||||||||||VISIT-7^^^CENTRE&1.2.250.1.999.9&ISO^VN
ORC|NW|
OBR|1|ORDER-1^CABINET|FILLER-1^CENTRE|18748-4^CR d'imagerie médicale^LN||||||||||||||ACC-0001
OBX|1|ED|18748-4^CR d'imagerie médicale^LN||^TEXT^XML^Base64^{{report}}||||||F|
PRT||UC||SB^Send by^participation|899900000015^RADIOLOGUE^Claude^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS|||CENTRE D'IMAGERIE FICTIF^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^FINEG^^^990000019|||||||^^X.400^radiologue@centre.mssante.fr
PRT||UC||RCT^Result Copies To^participation|899900000023^PRESCRIPTEUR^Dominique^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS||||||||||^^X.400^prescripteur@cabinet.mssante.fr
PRT||UC||RCT^Result Copies To^participation|{{ins}}^FICTIVE-DURAND^CAMILLE^^^^^^&1.2.250.1.213.1.4.10&ISO^L^^^INS||||||||||^^X.400^{{ins}}@patient.mssante.fr
PRT||UC||REPLY^Reply To^participation|||||||||||^^X.400^accueil@centre.mssante.fr
OBX|2|CE|MASQUE_PS^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F|
OBX|3|CE|INVISIBLE_PATIENT^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F|
OBX|4|CE|INVISIBLE_REP_LEGAUX^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F|
OBX|5|CE|CONNEXION_SECRETE^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F|
OBX|6|CE|MODIF_CONF_CODE^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F|
OBX|7|CE|DESTDMP^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|
OBX|8|CE|DESTMSSANTEPS^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|
OBX|9|CE|DESTMSSANTEPAT^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|
OBX|10|CE|ACK_RECEPTION^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F|
OBX|11|CE|ACK_LECTURE_MSS^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|`

const mdmText = `MSH|^~\&|RIS|CENTRE FICTIF|DRIMBOX|CENTRE FICTIF|202603101015||MDM^T10^MDM_T02|M-0002|P|2.6|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2
EVN||20260310101500
PID|||{{ins}}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||FICTIVE-DURAND^CAMILLE^CAMILLE LUCE^^^^L||19850314|F||||||||||||||||||||||||VALI
PV1|1|N
ORC|RO|
OBR|1|||18748-4^^LN|
TXA|1|18748-4|TEXT|202603101015||||||||1.2.250.1.999.30.2|1.2.250.1.999.30.1||||AU|||||899900000015
OBX|1|ED|18748-4^^LN||^text^XML^Base64^{{report}}||||||C|
PRT||UC||SB^^participation|99900000015^RADIOLOGUE^Claude^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^RPPS|||CENTRE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1990000019
OBX|2|CWE|MASQUE_PS^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|
OBX|3|CWE|MODIF_CONF_CODE^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|
OBX|4|CWE|DESTDMP^^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F|`

const omiText = `MSH|^~\&|PACS|CENTRE FICTIF|DRIMBOX|CENTRE FICTIF|20260311||OMI^O23^OMI_O23|M-0003|P|2.5.1
PID|||{{ins}}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI||FICTIVE-DURAND^CAMILLE^^^^^L||19850314|F||||||||||||||||||||||||VALI
PV1|1|O
ORC|CA|
TQ1|||||||20260311
OBR|1|ORDER-1^CABINET|FILLER-1^CENTRE|18748-4^^LN
OBX|1|ST|Modification Examen Imagerie||||||||O
IPC|ACC-0001|RP-1|` + studyUID + `|STEP-1|CT||||PACS_AET`

// edit makes a message: the place holders filled, then pairs replaced, each of
// which must be there.
func edit(t testing.TB, text string, pairs ...string) []byte {
	t.Helper()
	text = strings.NewReplacer("{{ins}}", matricule, "{{report}}", report64, "\n", "\r").Replace(text)
	for i := 0; i < len(pairs); i += 2 {
		old := strings.ReplaceAll(pairs[i], "\n", "\r")
		require.Contains(t, text, old)
		text = strings.Replace(text, old, strings.ReplaceAll(pairs[i+1], "\n", "\r"), 1)
	}
	return []byte(text)
}

func parseReport(t testing.TB, message []byte) *drim.ReportMessage {
	t.Helper()
	m, err := drim.ParseMessage(message)
	require.NoError(t, err)
	r, ok := m.(*drim.ReportMessage)
	require.True(t, ok)
	assert.Equal(t, message, m.Bytes())
	return r
}

func TestORU(t *testing.T) {
	t.Parallel()
	m := parseReport(t, edit(t, oruText))
	assert.Empty(t, m.Warnings)
	assert.Equal(t, drim.ActionCreate, m.Action)
	assert.Equal(t, "ORU^R01^ORU_R01", m.Type)
	assert.Equal(t, "R01", m.Header().Event)
	assert.Equal(t, "M-0001", m.ControlID)
	assert.Equal(t, "2.5", m.Version)
	assert.Equal(t, "P", m.Processing)
	assert.Equal(t, "2.1^CISIS_CDA_HL7_V2", m.Profile)
	assert.Equal(t, "RIS", m.SendingApplication)
	assert.Equal(t, "DRIMBOX", m.ReceivingApplication)
	assert.Equal(t, "2026-03-10T10:15:00+01:00", m.Sent.Time.Format("2006-01-02T15:04:05Z07:00"))
	assert.Equal(t, tinyCDA, string(m.CDA))
	assert.Equal(t, "18748-4", m.ReportCode.Code)
	assert.Equal(t, segur.OID("2.16.840.1.113883.6.1"), m.ServiceCode.System)
	assert.Equal(t, "ORDER-1", m.Placer.Extension)
	assert.Equal(t, "FILLER-1", m.Filler.Extension)
	assert.Equal(t, "ACC-0001", m.Accession)
	assert.Equal(t, "VISIT-7", m.Visit)

	ins, qualified := m.Patient.QualifiedINS()
	require.True(t, qualified)
	assert.Equal(t, matricule, ins.Matricule())
	assert.Equal(t, segur.OIDINSNIRTest, ins.Authority())
	want := segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", UsedName: "DURAND",
		UsedGivenName: "CAM", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}
	assert.Equal(t, want, m.Patient.Traits)
	require.Len(t, m.Patient.LocalIDs, 1)
	assert.Equal(t, segur.Identifier{Root: "1.2.250.1.999.1", Extension: "IPP-0001", Assigner: "CENTRE"}, m.Patient.LocalIDs[0])
	assert.Len(t, m.PatientIDs, 2)

	assert.Equal(t, "899900000015", m.Sender.Professional.ID)
	assert.Equal(t, "RADIOLOGUE", m.Sender.Professional.FamilyName)
	assert.Equal(t, "1990000019", m.Sender.Structure.ID, "a FINESS with its type digit")
	assert.Equal(t, "CENTRE D'IMAGERIE FICTIF", m.Sender.Structure.Name)
	assert.Equal(t, "FINEG", m.Sender.StructureIDType)
	assert.False(t, m.Sender.LegalEntity())
	assert.Equal(t, "radiologue@centre.mssante.fr", m.Sender.Mail)
	require.Len(t, m.Recipients, 2)
	assert.Equal(t, "prescripteur@cabinet.mssante.fr", m.Recipients[0].Address)
	assert.False(t, m.Recipients[0].Patient())
	assert.True(t, m.Recipients[1].Patient())
	assert.Equal(t, "accueil@centre.mssante.fr", m.ReplyTo)
	assert.Equal(t, drim.Flags{HiddenFromProfessionals: drim.No, HiddenFromPatient: drim.No, HiddenFromRepresentatives: drim.No,
		SecretConnection: drim.No, VisibilityChanged: drim.No, ToDMP: drim.Yes, ToProfessionals: drim.Yes, ToPatient: drim.Yes,
		ReceptionReceipt: drim.No, ReadReceipt: drim.Yes}, m.Flags)
	assert.Empty(t, m.Visibility())
	require.NoError(t, m.Publishable())
}

func TestMDM(t *testing.T) {
	t.Parallel()
	m := parseReport(t, edit(t, mdmText))
	assert.Equal(t, drim.ActionReplace, m.Action)
	assert.Equal(t, segur.OID("1.2.250.1.999.30.2"), m.DocumentID.Root)
	assert.Equal(t, segur.OID(reportRoot), m.ReplacedID.Root)
	assert.Equal(t, "899900000015", m.Authenticator)
	assert.Equal(t, "18748-4", m.DocumentCode.Code)
	assert.Equal(t, "899900000015", m.Sender.Professional.ID, "an RPPS number gets its type digit")
	assert.Equal(t, "1990000019", m.Sender.Structure.ID)
	assert.Equal(t, []xds.Visibility{xds.HiddenFromProfessionals}, m.Visibility())
	assert.Equal(t, drim.Yes, m.Flags.VisibilityChanged)
	assert.Equal(t, drim.Unset, m.Flags.HiddenFromPatient)
	assert.Equal(t, "2026-03-10 10:15:00 +0100 CET", m.Sent.Time.String(), "legal time of Paris")

	m = parseReport(t, edit(t, mdmText, "T10", "T02", "ORC|RO|", "ORC|NW|", "||||||C|", "||||||F|", "|1.2.250.1.999.30.1||||AU", "|||||AU"))
	assert.Equal(t, drim.ActionCreate, m.Action)
	assert.True(t, m.ReplacedID.IsZero())
	m = parseReport(t, edit(t, mdmText, "T10", "T04", "ORC|RO|", "ORC|CA|", "^text^XML^Base64^"+report64+"||||||C|", "||||||D|"))
	assert.Equal(t, drim.ActionDelete, m.Action)
	assert.Empty(t, m.CDA, "a withdrawal names the document; it need not repeat it")
}

func TestOMI(t *testing.T) {
	t.Parallel()
	parse := func(pairs ...string) *drim.ImageChange {
		m, err := drim.ParseMessage(edit(t, omiText, pairs...))
		require.NoError(t, err)
		require.IsType(t, &drim.ImageChange{}, m)
		return m.(*drim.ImageChange)
	}
	c := parse()
	assert.True(t, c.Removed)
	assert.Equal(t, segur.OID(studyUID), c.StudyUID)
	assert.Equal(t, "ACC-0001", c.Accession.Extension)
	assert.Equal(t, "O23", c.Header().Event)
	assert.Equal(t, []string{"RP-1", "STEP-1", "CT", "PACS_AET"}, []string{c.RequestedProcedure, c.Step, c.Modality, c.AETitle})
	assert.Equal(t, "ORDER-1", c.Placer.Extension)
	_, qualified := c.Patient.QualifiedINS()
	assert.True(t, qualified)
	assert.Empty(t, c.Warnings)
	assert.False(t, parse("ORC|CA|", "ORC|NW|").Removed)
	assert.NotEmpty(t, parse("ORC|CA|", "ORC|ZZ|").Warnings)
	assert.NotEmpty(t, parse("ORC|CA|\n", "").Warnings)
	c = parse("|"+studyUID+"|", "||")
	assert.Empty(t, c.StudyUID, "the archive tells the study of the accession number")
	assert.NotEmpty(t, c.Warnings)
	assert.NotEmpty(t, parse("||||PACS_AET", "||||PACS_AET\nIPC|ACC-0002||"+studyUID).Warnings)
	for want, pairs := range map[string][]string{
		"IPC is required":              {"IPC|ACC-0001|RP-1|" + studyUID + "|STEP-1|CT||||PACS_AET", "ZPC|"},
		"IPC-3 is required":            {"IPC|ACC-0001|RP-1|" + studyUID, "IPC||RP-1|"},
		"IPC-3 [102] is no UID":        {"|" + studyUID + "|", "|1.2.x|"},
		"IPC-3 [198] names several":    {"||||PACS_AET", "||||PACS_AET\nIPC|ACC-0001||1.2.3"},
		"ORC-1 [207] says CA and some": {"ORC|CA|\n", "ORC|CA|\nORC|NW|\n"},
	} {
		_, err := drim.ParseMessage(edit(t, omiText, pairs...))
		require.ErrorIs(t, err, segur.ErrInvalidInput, want)
		for _, part := range strings.SplitN(want, " is ", 2) {
			assert.ErrorContains(t, err, part)
		}
	}
}

// What contradicts itself, or is not what a DRIMbox acts on, is refused with the
// path and the HL7 condition of everything that is wrong.
func TestMessagesRefused(t *testing.T) {
	t.Parallel()
	refused := func(text string, pairs ...string) *segur.Error {
		t.Helper()
		_, err := drim.ParseMessage(edit(t, text, pairs...))
		var e *segur.Error
		require.True(t, errors.As(err, &e), "%v %v", pairs, err)
		assert.NotContains(t, err.Error(), matriculeBody)
		assert.NotContains(t, err.Error(), "FICTIVE")
		assert.NotEmpty(t, e.Explain(segur.FR))
		return e
	}
	for _, c := range []struct {
		text        string
		pairs       []string
		path, wants string
	}{
		{oruText, []string{"ORC|NW|", "ORC|CA|"}, "ORC-1", "207"},
		{oruText, []string{"||||||F|\nPRT", "||||||D|\nPRT"}, "ORC-1", "207"},
		{oruText, []string{"ORC|NW|", "ORC|ZZ|"}, "ORC-1", "103"},
		{oruText, []string{"||||||F|\nPRT", "||||||P|\nPRT"}, "OBX-11", "103"},
		{oruText, []string{"||||||F|\nPRT", "|||||||\nPRT", "ORC|NW|", "ORC|SC|"}, "ORC-1", "101"},
		{mdmText, []string{"MDM^T10", "MDM^T02"}, "MSH-9", "207"},
		{mdmText, []string{"|1.2.250.1.999.30.1||||AU", "|||||AU"}, "TXA-13", "101"},
		{mdmText, []string{"|1.2.250.1.999.30.2|", "||"}, "TXA-12", "101"},
		{mdmText, []string{"TXA|1|", "ZXA|1|"}, "TXA", "100"},
		{mdmText, []string{"|AU|", "|IP|"}, "TXA-17", "103"},
		{oruText, []string{"|M-0001|", "||"}, "MSH-10", "101"},
		{oruText, []string{"|P|2.5|", "|P|3.0|"}, "MSH-12", "203"},
		{oruText, []string{"PID|", "ZID|"}, "PID", "100"},
		{oruText, []string{"PV1|1", "PID|||IPP-2\nPV1|1"}, "PID", "198"},
		{oruText, []string{"^INS~IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI", "^INS~1850369123456" + segur.MatriculeKey("1850369123456") +
			"^^^X&1.2.250.1.213.1.4.10&ISO^INS"}, "PID-3[2]", "198"},
		{oruText, []string{"{{ins}}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI", ""}, "PID-3", "101"},
		{oruText, []string{"ED|18748-4", "ED|11502-2"}, "OBX-3", "100"},
		{oruText, []string{"^TEXT^XML^Base64^{{report}}", ""}, "OBX[1]-5", "101"},
		{oruText, []string{"^TEXT^XML^Base64^", "^TEXT^XML^A^"}, "OBX[1]-5", "103"},
		{oruText, []string{"^Base64^", "^Base64^Q"}, "OBX[1]-5", "102"},
		{oruText, []string{"^Base64^", "^Base64^****"}, "OBX[1]-5", "102"},
		{oruText, []string{"^Base64^", "^Base64^\\H\\"}, "OBX[1]-5", "102"},
		{oruText, []string{"MASQUE_PS^^MetaDMPMSS||N", "MASQUE_PS^^MetaDMPMSS||O"}, "OBX[2]-5", "103"},
		{oruText, []string{"OBX|3|CE|INVISIBLE_PATIENT", "OBX|3|CE|MASQUE_PS", "OBX|2|CE|MASQUE_PS^^MetaDMPMSS||N", "OBX|2|CE|MASQUE_PS^^MetaDMPMSS||Y"}, "OBX[3]-5", "207"},
		{oruText, []string{"INVISIBLE_PATIENT", "INVISIBLE_PATIENTE"}, "OBX[3]-3", "103"},
		{oruText, []string{"CONNEXION_SECRETE", "CONNEXION_SECRETE_PATIENT"}, "OBX[5]-3", "103"},
		{oruText, []string{"SB^Send by", "XX^Send by"}, "PRT", "100"},
		{oruText, []string{"RCT^Result Copies To^participation|899900000023", "SB^Send by^participation|899900000023"}, "PRT-5", "207"},
		{oruText, []string{"REPLY^Reply To^participation|||", "SB^^||||CENTRE^^^^^^FINEG^^^990000027"}, "PRT-8", "207"},
		{oruText, []string{"OBX|2|CE|MASQUE_PS^^MetaDMPMSS||N^^expandedYes-NoIndicator||||||F", "OBX|2|ED|18748-4||^TEXT^XML^Base64^QUJD||||||D"}, "OBX[2]-11", "207"},
	} {
		pairs := append([]string(nil), c.pairs...)
		for i := range pairs {
			pairs[i] = strings.NewReplacer("{{ins}}", matricule, "{{report}}", report64).Replace(pairs[i])
		}
		e := refused(c.text, pairs...)
		assert.Equal(t, segur.KindInvalidInput, e.Kind)
		assert.Equal(t, drim.CodeMessage, e.Code)
		var got []string
		for _, d := range e.Details {
			got = append(got, d.Field+" "+d.Code)
		}
		assert.Contains(t, got, c.path+" "+c.wants, "%v", c.pairs)
	}

	e := refused(oruText, "ORC|NW|", "ORC|ZZ|", "|M-0001|", "||", "SB^Send by", "XX^")
	assert.Len(t, e.Details, 3, "everything at once")
	for _, pairs := range [][]string{{"ORU^R01^ORU_R01", "ADT^A01"}, {"ORU^R01^ORU_R01", "ORU^R32"}, {"ORU^R01^ORU_R01", ""}} {
		e = refused(oruText, pairs...)
		assert.Equal(t, segur.KindRefused, e.Kind)
		assert.Equal(t, drim.CodeMessageUnsupported, e.Code)
	}
	e = refused(oruText, "MSH|", "PID|")
	assert.Equal(t, drim.CodeMessage, e.Code)
}

func TestMessageLimits(t *testing.T) {
	t.Parallel()
	message := edit(t, oruText)
	_, err := drim.MessageReader{MaxMessageBytes: len(message)}.Parse(message)
	require.NoError(t, err)
	_, err = drim.MessageReader{MaxMessageBytes: len(message) - 1}.Parse(message)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	_, err = drim.MessageReader{MaxReportBytes: len(tinyCDA)}.Parse(message)
	require.NoError(t, err)
	_, err = drim.MessageReader{MaxReportBytes: len(tinyCDA) - 1}.Parse(message)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	_, err = drim.MessageReader{MaxReportBytes: 10}.Parse(edit(t, oruText, "^Base64^", "^Base64^"+strings.Repeat("QUJD", 1000)))
	require.ErrorIs(t, err, segur.ErrTooLarge)
	r, err := drim.MessageReader{ReportCodes: []string{"11502-2"}}.Parse(edit(t, oruText, "ED|18748-4", "ED|11502-2"))
	require.NoError(t, err)
	assert.Equal(t, "11502-2", r.(*drim.ReportMessage).ReportCode.Code)
	m := parseReport(t, edit(t, oruText, "^INS~", "^INS"+strings.Repeat("~X^^^C&1.2.3&ISO^XX", 40)+"~"))
	assert.Len(t, m.PatientIDs, 42)
	_, err = drim.ParseMessage(edit(t, oruText, "^INS~", "^INS"+strings.Repeat("~X^^^C&1.2.3&ISO^XX", 60)+"~"))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// A message that is cut anywhere is refused, or says the same of who, what and
// whom: only the flags and the recipients behind the report can lack, and a flag
// that lacks is not set.
func TestMessageCutAnywhere(t *testing.T) {
	t.Parallel()
	message := edit(t, oruText)
	whole := parseReport(t, message)
	for i := range len(message) {
		m, err := drim.ParseMessage(message[:i])
		if err != nil {
			continue
		}
		r := m.(*drim.ReportMessage)
		require.Equal(t, whole.CDA, r.CDA, "cut at %d", i)
		require.Equal(t, whole.Patient.INS, r.Patient.INS)
		if r.Publishable() == nil {
			require.Equal(t, whole.Sender.Professional.ID, r.Sender.Professional.ID)
			require.Equal(t, drim.Yes, r.Flags.ToDMP)
			require.NotEqual(t, drim.Unset, r.Flags.HiddenFromPatient, "DESTDMP is behind the visibility")
		}
	}
}

func TestMessagesAreRedacted(t *testing.T) {
	t.Parallel()
	m := parseReport(t, edit(t, oruText))
	c, err := drim.ParseMessage(edit(t, omiText))
	require.NoError(t, err)
	for _, v := range []any{m, *m, c, m.Recipients, m.Patient} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			out := fmt.Sprintf(verb, v)
			assert.NotContains(t, out, matriculeBody)
			assert.NotContains(t, out, "CAMILLE")
			assert.NotContains(t, out, "mssante")
		}
	}
	assert.NotContains(t, m.LogValue().String()+c.(*drim.ImageChange).LogValue().String()+m.Recipients[0].LogValue().String(), "CAMILLE")
}

func FuzzParseMessage(f *testing.F) {
	f.Add(edit(f, oruText))
	f.Add(edit(f, mdmText))
	f.Add(edit(f, omiText))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := drim.ParseMessage(b)
		if err != nil {
			return
		}
		if m.Header().ControlID == "" {
			t.Fatal("accepted without a control identifier")
		}
		if r, ok := m.(*drim.ReportMessage); ok && (r.Action == 0 || len(r.CDA) == 0 && r.Action != drim.ActionDelete) {
			t.Fatalf("accepted without action or report: %v", r.Action)
		}
		if c, ok := m.(*drim.ImageChange); ok && c.StudyUID == "" && c.Accession.Extension == "" {
			t.Fatal("accepted without study")
		}
	})
}
