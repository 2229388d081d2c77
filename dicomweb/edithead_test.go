package dicomweb_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestReadHead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"implicit.dcm", "be.dcm", "latin1.dcm", "deflated.dcm", "frags.dcm", "ge.dcm"} {
		file := testkit.ReadShared(t, "dicomweb/edge/"+name)
		file = edited(t, file, dicomweb.AppendItem(otherPatientIDs, national()), dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "IPP-77")),
			dicomweb.Put(dicomweb.Text(dicomweb.TagPatientBirthDate, "19850314")), dicomweb.Put(dicomweb.Text(dicomweb.TagAccessionNumber, "ACC-9")))
		head, err := dicomweb.ReadHead(bytes.NewReader(file))
		require.NoError(t, err, name)
		want, err := dicomweb.Inspect(segur.BytesContent(file))
		require.NoError(t, err)
		assert.Equal(t, want, head.Header, name)
		require.Len(t, head.PatientIDs, 2, name)
		assert.Equal(t, "IPP-77", head.PatientIDs[0].Extension)
		assert.Equal(t, segur.Identifier{Root: segur.OIDINSNIRTest, Extension: "285036912345697", Assigner: "ASIP-SANTE-INS-NIR"}, head.PatientIDs[1])
		assert.Equal(t, "1985-03-14", head.PatientBirthDate.String())
		assert.Equal(t, "ACC-9", head.AccessionNumber)
		assert.NotContains(t, head.String(), "IPP")
		rest, err := io.ReadAll(head.Content)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(file, rest), "%s: the file comes whole", name)
	}
}

func TestReadHeadRefuses(t *testing.T) {
	t.Parallel()
	big := raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte("\x09\x00\x10\x00OB\x00\x00\x00\x00\x20\x00"), make([]byte, 2<<20), []byte(places))
	for name, c := range map[string]struct {
		file []byte
		is   error
		says string
	}{
		"large":    {big, segur.ErrProtocol, "larger than any are"},
		"empty":    {nil, segur.ErrProtocol, "the file is empty"},
		"cut":      {big[:5000], segur.ErrTruncated, "ends before"},
		"no UIDs":  {raw(dicomweb.ExplicitVRLittleEndian, []byte(places)), segur.ErrProtocol, "is missing"},
		"two UIDs": {raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(uids), []byte(places)), segur.ErrProtocol, "given twice"},
	} {
		_, err := dicomweb.ReadHead(bytes.NewReader(c.file))
		require.ErrorIs(t, err, c.is, name)
		assert.ErrorContains(t, err, c.says, name)
	}
}

// An identifier has the issuer of its own item: neither that of a facility within
// the qualifiers of its issuer, nor that of the next item.
func TestReadHeadIssuers(t *testing.T) {
	t.Parallel()
	const (
		issuerQualifiers  dicomweb.Tag = 0x00100024
		universalEntityID dicomweb.Tag = 0x00400032
		facility          dicomweb.Tag = 0x00400036
	)
	qualifiers := func(root, of string) dicomweb.Element {
		return dicomweb.Sequence(issuerQualifiers, dicomweb.NewDataset(dicomweb.Text(universalEntityID, root),
			dicomweb.Sequence(facility, dicomweb.NewDataset(dicomweb.Text(universalEntityID, of)))))
	}
	ds := dicomweb.NewDataset(
		dicomweb.Text(dicomweb.TagSOPClassUID, "1.2"), dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.3"),
		dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.4"), dicomweb.Text(dicomweb.TagSeriesInstanceUID, "1.5"),
		dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"), qualifiers("1.2.250.1.999.1", "1.2.250.1.999.9"),
		dicomweb.Sequence(otherPatientIDs,
			dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, "285036912345697"), qualifiers(string(segur.OIDINSNIRTest), "1.2.250.1.999.9")),
			dicomweb.NewDataset(dicomweb.Text(dicomweb.TagIssuerOfPatientID, "ELSEWHERE"), qualifiers("1.2.250.1.999.7", "1.2.250.1.999.8")),
		))
	for _, syntax := range []string{dicomweb.ExplicitVRLittleEndian, dicomweb.ImplicitVRLittleEndian, dicomweb.DeflatedExplicitVRLE} {
		var file bytes.Buffer
		require.NoError(t, dicomweb.WritePart10(&file, ds, dicomweb.WriteOptions{TransferSyntaxUID: syntax}))
		head, err := dicomweb.ReadHead(&file)
		require.NoError(t, err, syntax)
		assert.Equal(t, []segur.Identifier{
			{Root: "1.2.250.1.999.1", Extension: "IPP-0001"},
			{Root: segur.OIDINSNIRTest, Extension: "285036912345697"},
		}, head.PatientIDs, syntax)
	}
}

// Text is read in the character set that the file names.
func TestReadHeadCharset(t *testing.T) {
	t.Parallel()
	for charset, name := range map[string]string{"ISO_IR 100": "MÉLISSE^ÉLÉONORE", "ISO_IR 101": "NOWAK^ŁUCJA", "ISO_IR 192": "Ñandú^中",
		`\ISO 2022 IR 87`: "Yamada^Tarou=山田^太郎", `ISO 2022 IR 13\ISO 2022 IR 87`: "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", `\ISO 2022 IR 149`: "Hong^Gildong=洪^吉洞"} {
		ds := dicomweb.NewDataset(
			dicomweb.Text(dicomweb.TagSOPClassUID, "1.2"), dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.3"),
			dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.4"), dicomweb.Text(dicomweb.TagSeriesInstanceUID, "1.5"),
			dicomweb.Text(dicomweb.TagPatientName, name))
		var file bytes.Buffer
		require.NoError(t, dicomweb.WritePart10(&file, ds, dicomweb.WriteOptions{CharacterSet: charset}))
		head, err := dicomweb.ReadHead(&file)
		require.NoError(t, err, charset)
		assert.Equal(t, name, head.PatientName, charset)
	}
}
