package kos_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/testkit"
)

// full is a manifest with everything: three series, a key image, two orders, a
// multi-frame object.
func full(t testing.TB) *kos.Manifest {
	t.Helper()
	r := rows()
	note, err := kos.NewNote(kos.NoteContext{Manufacturer: "PACS FICTIF", IDs: &counted{n: 50}, UIDRoot: testRoot + ".8", Clock: at("2026-01-05 10:00:00 +0000")},
		kos.TitleOfInterest, r[3:4])
	require.NoError(t, err)
	return build(t, func(c *kos.Context, rows *[]kos.Row) {
		(*rows)[4].Frames = 12
		*rows = append(*rows, kos.Row{Study: r[0].Study, PatientID: "IPP-0001", SeriesUID: note.SeriesUID, SeriesNumber: 9, Modality: "KO", SOPClass: kos.SOPClass,
			UID: note.UID, Number: 1, Document: &kos.Document{Kind: kos.KindKeyImages, Note: note}})
		c.Report.Orders = append(c.Report.Orders, segur.DocumentOrder{Placer: segur.Identifier{Root: testRoot + ".6", Extension: "OPN2"}})
		c.RetrieveLocationUID = testRoot + ".9"
	})
}

func TestEncodeIsStable(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "manifest.dcm", encode(t, full(t)))
}

var (
	dump = regexp.MustCompile(`(?m)^\s*\(([0-9a-f]{4},[0-9a-f]{4})\) ([A-Z]{2}) (\[[^]]*\]|=\S+|\(no value[^)]*\))`)
)

// TestDcmdump: another reader finds the attributes and the values.
func TestDcmdump(t *testing.T) {
	t.Parallel()
	out := testkit.DcmDumpBytes(t, encode(t, build(t, nil)), "+U8")
	var got []string
	for _, m := range dump.FindAllStringSubmatch(out, 62) {
		if !strings.HasPrefix(m[1], "0002") {
			got = append(got, m[1]+" "+m[2]+" "+m[3])
		}
	}
	want := []string{
		"0008,0005 CS [ISO_IR 192]", // converted by dcmdump
		"0008,0012 DA [20260105]", "0008,0013 TM [122030]", "0008,0016 UI =KeyObjectSelectionDocumentStorage", "0008,0018 UI [1.2.250.1.999.8.1]",
		"0008,0020 DA [20260105]", "0008,0021 DA [20260105]", "0008,0023 DA [20260105]", "0008,0030 TM [083117.658]", "0008,0031 TM [122030]",
		"0008,0033 TM [122030]", "0008,0050 SH (no value available)", "0008,0060 CS [KO]", "0008,0070 LO [SEGUR SDK]",
		"0008,0080 LO [CENTRE D'IMAGERIE FICTIF^^^^^^^^^1990000019]", "0008,0090 PN [PRESCRIPTEUR^Dominique]", "0008,0201 SH [+0100]",
		"0008,1030 LO [Scanner abdomino-pelvien]",
		"0010,0010 PN [FICTIVE-DURAND^CAMILLE]", "0010,0020 LO [" + matricule() + "]", "0010,0021 LO [ASIP-SANTE-INS-NIR]",
		"0040,0032 UT [1.2.250.1.213.1.4.10]", "0040,0033 CS [ISO]", "0010,0030 DA [19850314]", "0010,0040 CS [F]",
		`0010,1001 PN [^CAMILLE LUCE\FICTIVE^CAMILLE]`, "0010,0020 LO [" + matricule() + "]", "0010,0021 LO [ASIP-SANTE-INS-NIR]", "0010,0022 CS [TEXT]",
		"0040,0032 UT [1.2.250.1.213.1.4.10]", "0040,0033 CS [ISO]", "0010,4000 LT [69123]",
		"0020,000d UI [" + study + "]", "0020,000e UI [1.2.250.1.999.8.2]", "0020,0010 SH [S1]", "0020,0011 IS [59]", "0020,0013 IS [1]",
		"0040,a040 CS [CONTAINER]", "0008,0100 SH [113030]", "0008,0102 SH [DCM]", "0008,0104 LO [Manifest]", "0040,a050 CS [SEPARATE]",
		"0008,0050 SH [ACN1]", "0040,0032 UT [1.2.250.1.999.5]", "0040,0033 CS [ISO]", "0020,000d UI [" + study + "]", "0032,1060 LO (no value available)",
		"0040,0032 UT [1.2.250.1.999.6]", "0040,0033 CS [ISO]", "0040,1001 SH (no value available)", "0040,2016 LO [OPN1]", "0040,2017 LO (no value available)",
	}
	require.GreaterOrEqual(t, len(got), len(want))
	assert.Equal(t, want, got[:len(want)])
	assert.Contains(t, out, "[Examen : Scanner abdomino-pelvien\nActe = TDM abdomen et pelvis sans et avec contraste IV\n"+
		"Série-1.2.250.1.999.7.1.1 : CT @ segment abdominopelvien du tronc : Sans injection\n"+
		"Série-1.2.250.1.999.7.1.2 : CT @ segment abdominopelvien du tronc : Temps portal - 1 mm\n]")
}

// TestJudges: dsrdump reads the document without a word but for the notice it
// gives for every one, and dciodvfy knows the standard, which lacks what DRIM-M adds.
func TestJudges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"full": encode(t, full(t)),
		"utf8": encode(t, build(t, func(c *kos.Context, r *[]kos.Row) {
			(*r)[0].Study.Description = "Cœur"
			c.Encoding.TextItemFirst = true
		})),
		"implicit": encode(t, build(t, func(c *kos.Context, _ *[]kos.Row) {
			c.Encoding.TransferSyntax, c.Encoding.AccessionAtRoot = dicomweb.ImplicitVRLittleEndian, true
		})),
	} {
		path := filepath.Join(dir, name+".dcm")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		out := testkit.Run(t, nil, "dsrdump", path)
		require.NoError(t, out.Err(), name)
		for line := range strings.Lines(string(out.Stderr)) { // limits that dsrdump has for every document
			assert.Contains(t, []string{"W: Check for template constraints not yet supported\n",
				"W: The VR checker does not support this Specific Character Set: ISO_IR 192\n"}, line, name)
		}
		assert.Contains(t, string(out.Stdout), "contains IMAGE")

		verdict := testkit.Run(t, nil, "dciodvfy", "-new", path)
		for line := range strings.Lines(string(verdict.Stdout) + string(verdict.Stderr)) {
			assert.True(t, known(strings.TrimSpace(line)), "%s: %s", name, line)
		}
	}
}

// additions are what DRIM-M writes beyond the IOD: where series are retrieved,
// numbers to sort by, and the marks of key images.
var additions = regexp.MustCompile(`^Warning - </CurrentRequestedProcedureEvidenceSequence\(0040,a375\)\[1\]/ReferencedSeriesSequence\(0008,1115\)\[\d+\]/` +
	`(RetrieveURL\(0008,1190\)|SeriesNumber\(0020,0011\)|ReferencedSOPSequence\(0008,1199\)\[\d+\]/` +
	`(InstanceNumber\(0020,0013\)|NumberOfFrames\(0028,0008\)|ReferencedSOPSequence\(0008,1199\)(\[1\]/.*)?))> - Attribute is not present in standard DICOM IOD$`)

func known(line string) bool {
	return line == "" || line == "KeyObjectSelectionDocument" || additions.MatchString(line)
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	m := build(t, func(c *kos.Context, _ *[]kos.Row) {
		c.Encoding = kos.Encoding{AccessionAtRoot: true, TextItemFirst: true, IssuerNIA: "AUTRE"}
		c.Report.PatientIDs[0].Root = segur.OIDINSNIA
	})
	d, err := m.Dataset()
	require.NoError(t, err)
	assert.Equal(t, "ACN1", d.Value(dicomweb.TagAccessionNumber))
	assert.Equal(t, testRoot+".5", d.Items(dicomweb.Tag(0x00080051))[0].Value(tagEntity))
	assert.Equal(t, "TEXT", d.Items(tagContent)[0].Value(tagValueType))
	assert.Equal(t, "AUTRE", d.Value(dicomweb.TagIssuerOfPatientID))
	assert.Equal(t, []string{kos.WarnIssuer, kos.WarnAccession}, codes(read(t, encode(t, m)).Warnings))

	folded := build(t, func(c *kos.Context, r *[]kos.Row) {
		c.FoldToLatin1 = true
		(*r)[0].Study.Description = "Cœur – l’aorte…"
		(*r)[0].SeriesDescription = "漢字"
	})
	assert.Equal(t, "Coeur - l'aorte...", folded.Study.Description)
	assert.Equal(t, "漢字", folded.Series[0].Description, "nothing resembles: the manifest is UTF-8")
	assert.Equal(t, []string{"kos-characters study.description"}, lines(folded.Warnings))
	assert.Equal(t, "漢字", read(t, encode(t, folded)).Manifest.Series[0].Description)

	latin1 := encode(t, build(t, nil))
	assert.Contains(t, string(latin1), "S\xe9rie-", "Latin-1 on the wire")
	utf8 := encode(t, folded)
	assert.Contains(t, string(utf8), "Série-")
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	_, err := (&kos.Manifest{}).Encode()
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, []string{"kos-bad-uid uid", "kos-bad-uid seriesUID", "kos-bad-uid study.uid", "kos-no-ins ins", "kos-field created", "kos-empty-study series"},
		lines(e.Details))
	m := build(t, nil)
	m.Series[0].UID, m.Series[1].Instances = m.SeriesUID, nil
	m.Series[0].Instances[0].SOPClass = ""
	m.Series[0].Instances[1].UID = m.Series[0].Instances[0].UID
	_, err = m.Content()
	require.True(t, errors.As(err, &e))
	assert.Equal(t, []string{"kos-bad-uid series[0].uid", "kos-bad-uid series[0].instances[0].sopClass", "kos-twice series[0].instances[1].uid",
		"kos-empty-study series[1].instances"}, lines(e.Details))
	m = build(t, nil)
	m.Study.Description = `a\b` // changed by hand, past what Build cleans
	_, err = m.Encode()
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
}

// large is a manifest of n instances in ten series.
func large(n int) (kos.Context, []kos.Row) {
	base := rows()[0]
	out := make([]kos.Row, n)
	for i := range out {
		r := base
		s := i % 10
		r.SeriesUID, r.SeriesNumber = study+".1"+string(rune('0'+s)), s+1
		r.UID, r.Number = r.SeriesUID+"."+strconv.Itoa(i+1), i+1
		out[i] = r
	}
	return newContext(), out
}

func BenchmarkBuildAndEncode5000(b *testing.B) {
	c, r := large(5000)
	b.ReportAllocs()
	for b.Loop() {
		m, err := kos.Build(c, r)
		require.NoError(b, err)
		out, err := m.Encode()
		require.NoError(b, err)
		b.SetBytes(int64(len(out)))
	}
}

func BenchmarkRead5000(b *testing.B) {
	c, r := large(5000)
	m, err := kos.Build(c, r)
	require.NoError(b, err)
	content, err := m.Content()
	require.NoError(b, err)
	b.SetBytes(content.Size())
	b.ReportAllocs()
	for b.Loop() {
		d, err := kos.Read(content)
		require.NoError(b, err)
		require.Equal(b, 5000, d.Manifest.Len())
	}
}

// TestDICOM: the data set of the library holds the manifest, and comes back.
func TestDICOM(t *testing.T) {
	t.Parallel()
	m := full(t)
	d, err := m.DICOM()
	require.NoError(t, err)
	name, err := d.FindElementByTag(tag.PatientName)
	require.NoError(t, err)
	assert.Equal(t, []string{"FICTIVE-DURAND^CAMILLE"}, name.Value.GetValue())
	evidence, err := d.FindElementByTag(tag.CurrentRequestedProcedureEvidenceSequence)
	require.NoError(t, err)
	assert.Len(t, evidence.Value.GetValue(), 1)
	back, err := dicomweb.FromDICOM(d)
	require.NoError(t, err)
	again := read(t, file(t, back))
	assert.Empty(t, again.Warnings)
	assert.True(t, kos.Compare(m, again.Manifest).IsZero())
	_, err = (&kos.Manifest{}).DICOM()
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
}

// TestLargeStudy: a study of 5,000 instances is about 1.2 MB, and whole.
func TestLargeStudy(t *testing.T) {
	t.Parallel()
	c, r := large(5000)
	m, err := kos.Build(c, r)
	require.NoError(t, err)
	content, err := m.Content()
	require.NoError(t, err)
	assert.Less(t, content.Size(), int64(1_300_000))
	d, err := kos.Read(content)
	require.NoError(t, err)
	assert.Empty(t, d.Warnings)
	assert.Equal(t, 5000, d.Manifest.Len())
	assert.Len(t, d.Manifest.Series, 10)
	assert.True(t, kos.Compare(m, d.Manifest).IsZero())
}
