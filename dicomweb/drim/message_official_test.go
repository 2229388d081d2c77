package drim_test

import (
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
)

// readOfficial reads an official message; where the report was cut out of it a
// tiny one stands in, broken in lines as the original is where that is known.
func readOfficial(t *testing.T, rel string) []byte {
	t.Helper()
	path := testkit.SharedData(t, rel)
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		r, err = gzip.NewReader(f)
		require.NoError(t, err)
	}
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	lines := report64[:76] + "\r\n" + report64[76:]
	return []byte(strings.ReplaceAll(string(b), "{{CDA_BASE64_CUT}}", lines))
}

func TestOfficialReports(t *testing.T) {
	t.Parallel()
	type markers = []xds.Visibility
	for _, c := range []struct {
		file        string
		action      drim.Action
		id, parent  segur.OID
		status      segur.IdentityStatus
		ipp         string
		birthPlace  string
		usedName    string
		visibility  markers
		changed     drim.Answer
		toDMP       drim.Answer
		structure   string
		sender      string
		recipients  int
		publishable bool
		warns       []string
		reportCode  string
	}{
		{file: "drim/depublication_examen_i_mdm.hl7", action: drim.ActionDelete, id: "1.2.250.1.213.4.5.4.410", status: segur.Qualified,
			ipp: "IPP101", birthPlace: "63220", usedName: "PAT-TROIS", visibility: markers{xds.HiddenFromPatient}, changed: drim.No, toDMP: drim.Yes,
			structure: "1750803447", sender: "801234564895", publishable: true, warns: []string{"MSH-10"}},
		{file: "drim/depublication_examen_i_oru.hl7", action: drim.ActionDelete, status: segur.Qualified, ipp: "IPP101", birthPlace: "63220",
			usedName: "PAT-TROIS", visibility: markers{xds.HiddenFromPatient, xds.HiddenFromRepresentatives}, changed: drim.No, toDMP: drim.Yes,
			structure: "1300017985", sender: "801234564895", publishable: true, warns: []string{"MSH-10"}},
		{file: "drim/maj_examen_g1_mdm.hl7", action: drim.ActionReplace, id: "1.2.250.1.213.4.5.4.4072", parent: "1.2.250.1.213.4.5.4.407",
			status: segur.Qualified, ipp: "IPP101", birthPlace: "51215", usedName: "PAT-TROIS", changed: drim.Yes, toDMP: drim.Yes,
			structure: "1750803447", sender: "801234564895", publishable: true, warns: []string{"MSH-10"}},
		{file: "drim/oru_pfi_examen_k.hl7", action: drim.ActionCreate, status: segur.Qualified, birthPlace: "63220", usedName: "PAT-TROIS",
			visibility: markers{xds.HiddenFromPatient, xds.HiddenFromRepresentatives}, changed: drim.No, toDMP: drim.Yes,
			structure: "1300017985", sender: "801234564895", publishable: true, warns: []string{"MSH-7", "PID-3"}},
		{file: "drim/invisible_masque.hl7", action: drim.ActionUpsert, status: segur.Qualified, ipp: "62702897707386938", birthPlace: "63220",
			visibility: markers{xds.HiddenFromProfessionals, xds.HiddenFromPatient, xds.HiddenFromRepresentatives}, changed: drim.No, toDMP: drim.Yes,
			structure: "1120459876", sender: "801234567866", recipients: 2, publishable: true,
			warns: []string{"PID-11", "ORC-1", "OBX[2]-3", "OBX-3", "OBX[11]-5"}},
		{file: "mssante/hl7v2/trans-doc/mdm-t02-init-short.er7", action: drim.ActionCreate, id: "1.2.250.1.71.4.2.2.120456789.71024000081",
			status: segur.Qualified, birthPlace: "63220", visibility: markers{xds.HiddenFromPatient, xds.HiddenFromRepresentatives}, changed: drim.No,
			toDMP: drim.Yes, structure: "1300017985", sender: "801234564895", recipients: 1, publishable: true},
		{file: "mssante/hl7v2/trans-doc/oru-r01-init-n1-n3.hl7", action: drim.ActionCreate, status: segur.Qualified, birthPlace: "63220", changed: drim.No,
			toDMP: drim.Yes, structure: "1120459876", sender: "801234567866", recipients: 2, reportCode: "11502-2", publishable: true},
		{file: "mssante/hl7v2/trans-lps/mdm-t10-replace.er7.gz", action: drim.ActionReplace, id: "1.2.250.1.71.4.2.2.120456789.71024000082",
			parent: "1.2.250.1.71.4.2.2.120456789.71024000081", status: segur.Qualified, birthPlace: "63220", changed: drim.Yes,
			sender: "801234564895", recipients: 1, warns: []string{"MSH-21"}},
		{file: "mssante/hl7v2/trans-lps/mdm-t04-delete.er7.gz", action: drim.ActionDelete, id: "1.2.250.1.71.4.2.2.120456789.71024000082",
			parent: "1.2.250.1.71.4.2.2.120456789.71024000081", status: segur.Qualified, birthPlace: "63220", changed: drim.No,
			sender: "801234564895", recipients: 1, publishable: true},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			raw := readOfficial(t, c.file)
			if raw == nil {
				return
			}
			var reader drim.MessageReader
			if c.reportCode != "" {
				reader.ReportCodes = []string{c.reportCode}
			}
			parsed, err := reader.Parse(raw)
			require.NoError(t, err)
			m := parsed.(*drim.ReportMessage)
			assert.Equal(t, c.action, m.Action)
			assert.Equal(t, c.id, m.DocumentID.Root)
			assert.Equal(t, c.parent, m.ReplacedID.Root)
			assert.Equal(t, c.status, m.Patient.Status)
			assert.Equal(t, segur.OIDINSNIRTest, m.Patient.INS.Authority())
			if c.ipp != "" {
				require.NotEmpty(t, m.Patient.LocalIDs)
				assert.Equal(t, c.ipp, m.Patient.LocalIDs[0].Extension)
			}
			assert.Equal(t, c.birthPlace, m.Patient.Traits.BirthPlace)
			assert.Equal(t, c.usedName, m.Patient.Traits.UsedName)
			assert.Equal(t, c.visibility, m.Visibility())
			assert.Equal(t, c.changed, m.Flags.VisibilityChanged)
			assert.Equal(t, c.toDMP, m.Flags.ToDMP)
			assert.Equal(t, c.structure, m.Sender.Structure.ID)
			assert.Equal(t, c.sender, m.Sender.Professional.ID)
			assert.Len(t, m.Recipients, c.recipients)
			assert.NotEmpty(t, m.CDA)
			if strings.HasPrefix(c.file, "drim/") {
				assert.Equal(t, tinyCDA, string(m.CDA))
			}
			assert.Equal(t, c.publishable, m.Publishable() == nil)
			var paths []string
			for _, w := range m.Warnings {
				paths = append(paths, w.Field)
			}
			assert.Subset(t, paths, c.warns)
		})
	}
}

func TestOfficialImageChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file      string
		removed   bool
		study     segur.OID
		accession string
		status    segur.IdentityStatus
		modality  string
		placer    string
	}{
		{"drim/omi_o23_imaging_order.hl7", false, "1.2.250.1.213.4.5.2.1.101", "105234751", segur.Retrieved, "CT", "984375862"},
		{"drim/omi_o23_suppression_examen_w.hl7", true, "1.2.250.1.213.4.5.2.1.124", "ACN124", segur.Qualified, "", "984375862"},
	} {
		raw := readOfficial(t, c.file)
		if raw == nil {
			return
		}
		m, err := drim.ParseMessage(raw)
		require.NoError(t, err, c.file)
		change := m.(*drim.ImageChange)
		assert.Equal(t, c.removed, change.Removed)
		assert.Equal(t, c.study, change.StudyUID)
		assert.Equal(t, c.accession, change.Accession.Extension)
		assert.Equal(t, c.status, change.Patient.Status)
		assert.Equal(t, c.modality, change.Modality)
		assert.Equal(t, c.placer, change.Placer.Extension)
	}
}
