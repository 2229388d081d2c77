package pdfa_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
)

// assemble makes a PDF of objects numbered from 1, the first one being the document catalogue.
func assemble(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	xref := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		xref += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", xref, len(objects)+1, trailer, at)
	return b.Bytes()
}

// broken lists the rules that a file breaks, each one once.
func broken(pdf []byte) []pdfa.Rule {
	var list []pdfa.Rule
	for _, p := range pdfa.Check(pdf) {
		if len(list) == 0 || list[len(list)-1] != p.Rule {
			list = append(list, p.Rule)
		}
	}
	return list
}

func TestCheckAcceptsOurReports(t *testing.T) {
	t.Parallel()
	for name, r := range reports() {
		assert.Empty(t, pdfa.Check(build(t, r)), name)
	}
}

func TestCheckAcceptsTheSharedSample(t *testing.T) {
	t.Parallel()
	assert.Empty(t, pdfa.Check(testkit.ReadShared(t, "cda/cr-exemple.pdf")))
}

func TestCheckRefusesAPlainPDF(t *testing.T) {
	t.Parallel()
	pdf := assemble("", "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 4 0 R >> >> /Contents 5 0 R >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		"<< /Length 38 >>\nstream\nBT /F 12 Tf 72 700 Td (Bonjour) Tj ET \nendstream")
	var got []string
	for _, p := range pdfa.Check(pdf) {
		got = append(got, p.Rule.Clause()+" "+p.Detail)
	}
	assert.Equal(t, []string{
		"6.1.3 there is none", "6.7.2 there is none", "6.7.11 there is no metadata",
		"6.2.2 there is no output intent of the type GTS_PDFA1", "6.3.4 a font of the type Type1 has no font program",
	}, got)
	assert.Equal(t, "ISO 19005-1, 6.3.4: "+pdfa.RuleFontEmbedded.String()+": a font of the type Type1 has no font program (object 4)",
		pdfa.Check(pdf)[4].String())
}

func TestCheckRefusesWhatIsNoPDF(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"empty": "", "text": "Compte rendu d'imagerie\n", "html": "<html><body>%PDF</body></html>", "cut": "%PD", "picture": "\xff\xd8\xff\xe0\x00\x10JFIF",
	} {
		got := pdfa.Check([]byte(data))
		require.Len(t, got, 1, name)
		assert.Equal(t, pdfa.Problem{Rule: pdfa.RuleHeader, Detail: "this is not a PDF file"}, got[0], name)
	}
	assert.Equal(t, "3 bytes stand before %PDF-", pdfa.Check([]byte("\ufeff%PDF-1.4\n"))[0].Detail)
}

func TestCheckNamesTheBrokenRule(t *testing.T) {
	t.Parallel()
	const preferences = "/ViewerPreferences << /DisplayDocTitle true >>"
	for _, tc := range []struct {
		old, new string // new is padded with spaces, so that the offsets stay right
		want     pdfa.Rule
	}{
		{"%PDF-1.4", "%PDF-2.0", pdfa.RuleHeader},
		{"%\xe2\xe3", "%ab", pdfa.RuleBinaryComment},
		{"%%EOF\n", "%%EOFx", pdfa.RuleEndOfFile},
		{"%%EOF\n", "%%EOG\n", pdfa.RuleEndOfFile},
		{"/Info 3 0 R", "/Encrypt 33", pdfa.RuleEncryption},
		{"/ID [", "/IX [", pdfa.RuleFileIdentifier},
		{"0000000015 00000 n", "0000000016 00000 n", pdfa.RuleStructure},
		{"startxref\n", "startxrex\n", pdfa.RuleCrossReference},
		{"xref\n0 ", "xrex\n0 ", pdfa.RuleCrossReference},
		{"00000 n \n0000", "00000 z \n0000", pdfa.RuleCrossReference},
		{"4 0 obj\n", "44 0 obj", pdfa.RuleMetadata},
		{"/N 3 /Length 2", "/N 3 /Length 1", pdfa.RuleStreamLength},
		{"/Type /Metadata", "/F (x)", pdfa.RuleExternalStream},
		{"/Kids [ 1", "/Kidz [ 1", pdfa.RuleStructure},
		{"/Type /Metadata /Subtype", "/Filter /LZWDecode /K", pdfa.RuleLZW},
		{preferences, "/Names << /EmbeddedFiles << /Names [] >> >>", pdfa.RuleEmbeddedFile},
		{preferences, "/F << /Type /Filespec /EF << >> >>", pdfa.RuleEmbeddedFile},
		{preferences, "/OCProperties << >>", pdfa.RuleOptionalContent},
		{"GTS_PDFA1", "GTS_PDFX1", pdfa.RuleOutputIntent},
		{"/DestOutputProfile 6", "/DestOutputProfile 3", pdfa.RuleOutputIntent},
		{"mntrRGB", "scnrRGB", pdfa.RuleOutputProfile},
		{"mntrRGB ", "mntrLab ", pdfa.RuleOutputProfile},
		{"acsp", "psca", pdfa.RuleOutputProfile},
		{"\x02\x10\x00\x00mntr", "\x04\x20\x00\x00mntr", pdfa.RuleOutputProfile},
		{"/N 3 ", "/N 4 ", pdfa.RuleOutputProfile},
		{"/FontFile2", "/FontFile9", pdfa.RuleFontEmbedded},
		{preferences, "/X << /Group << /S /Transparency >> >>", pdfa.RuleTransparency},
		{preferences, "/X << /Type /ExtGState /ca 0.5 >>", pdfa.RuleTransparency},
		{preferences, "/X << /Type /ExtGState /SMask 6 0 R >>", pdfa.RuleTransparency},
		{preferences, "/X << /BM /Multiply >>", pdfa.RuleTransparency},
		{preferences, "/X << /Type /Annot /Subtype /Movie >>", pdfa.RuleAnnotation},
		{preferences, "/OpenAction << /S /JavaScript /JS (x) >>", pdfa.RuleAction},
		{preferences, "/Names << /JavaScript << >> >>", pdfa.RuleAction},
		{preferences, "/OpenAction << /S /Launch /F (x) >>", pdfa.RuleAction},
		{preferences, "/OpenAction << /S /Sound >>", pdfa.RuleAction},
		{preferences, "/OpenAction << /S /Named /N /Print >>", pdfa.RuleAction},
		{preferences, "/AA << >>", pdfa.RuleTriggerEvents},
		{preferences, "/X << /FT /Tx /AA << >> >>", pdfa.RuleTriggerEvents},
		{"/Metadata 4", "/Metadata 3", pdfa.RuleMetadata},
		{"/Type /Metadata", "/Filter /Crypt", pdfa.RuleMetadata},
		{"</x:xmpmeta>", "</y:xmpmeta>", pdfa.RuleMetadata},
		{"<pdfaid:part>1", "<pdfaid:part>3", pdfa.RuleVersionClaim},
		{"conformance>B<", "conformance>U<", pdfa.RuleVersionClaim},
		{"pdfa/ns/id/", "pdfa/ns/xx/", pdfa.RuleVersionClaim},
		{"A &amp; B", "A &amp; C", pdfa.RuleInfoConsistency},
		{"(D:20260101000000+00'00')", "(D:20260101000000+01'00')", pdfa.RuleInfoConsistency},
		{"<xmp:ModifyDate>2026", "<xmp:ModifyDate>2025", pdfa.RuleInfoConsistency},
		{"(segur cda/pdfa)", "(segur cda/pdfb)", pdfa.RuleInfoConsistency},
	} {
		t.Run(tc.new, func(t *testing.T) {
			t.Parallel()
			sample := build(t, reports()["minimal"])
			padded := tc.new + strings.Repeat(" ", max(0, len(tc.old)-len(tc.new)))
			require.Contains(t, string(sample), tc.old)
			mutant := bytes.Replace(sample, []byte(tc.old), []byte(padded), 1)
			assert.Contains(t, broken(mutant), tc.want, "%v", pdfa.Check(mutant))
		})
	}
}

func TestCheckTellsNamesFromKeys(t *testing.T) {
	t.Parallel()
	sample := build(t, reports()["minimal"])
	const preferences = "/ViewerPreferences << /DisplayDocTitle true >>"
	for _, harmless := range []string{
		"/X << /Font << /EF 3 0 R >> >>", "/X << /RoleMap << /JavaScript /P >> >>",
		"/A << /S /URI /URI (x) >>", "/X << /SMask /None /ca 1.0 /CA 1 >>",
	} {
		padded := harmless + strings.Repeat(" ", len(preferences)-len(harmless))
		assert.Empty(t, pdfa.Check(bytes.Replace(sample, []byte(preferences), []byte(padded), 1)), harmless)
	}
}

func TestCheckReadsMetadataInUTF16(t *testing.T) {
	t.Parallel()
	packet := `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="1" pdfaid:conformance="A"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`
	for name, encoded := range map[string][]byte{"UTF-8": []byte(packet), "UTF-16": utf16BE(packet)} {
		pdf := assemble("/ID [<01> <02>]", "<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R >>", "<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(encoded), encoded), "<< /Type /Page /Parent 2 0 R >>")
		assert.Equal(t, []pdfa.Rule{pdfa.RuleOutputIntent}, broken(pdf), name)
	}
}

func utf16BE(s string) []byte {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u)) //nolint:gosec // two halves
	}
	return b
}

func TestCheckRefusesCompressedCrossReferences(t *testing.T) {
	t.Parallel()
	head := "%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"
	pdf := head + "1 0 obj\n<< /Type /XRef /Size 2 /W [1 2 1] /Root 2 0 R /Length 4 >>\nstream\nabcd\nendstream\nendobj\n" +
		fmt.Sprintf("startxref\n%d\n%%%%EOF\n", len(head))
	assert.Equal(t, []pdfa.Rule{pdfa.RuleCompressedXRef, pdfa.RuleVersionClaim}, broken([]byte(pdf)))
	hybrid := bytes.Replace(build(t, reports()["minimal"]), []byte("/Info 3 0 R"), []byte("/XRefStm 20"), 1)
	assert.Equal(t, []pdfa.Rule{pdfa.RuleCompressedXRef}, broken(hybrid), "the claim in clear is still seen")
}

func TestCheckRefusesEveryCut(t *testing.T) {
	t.Parallel()
	whole := build(t, reports()["minimal"])
	for n := range len(whole) - 1 { // the last byte is the end of line after %%EOF
		if n%5 != 0 && n > 4096 && n < len(whole)-4096 {
			continue // the fonts, which are most of the file
		}
		if len(pdfa.Check(whole[:n])) == 0 {
			t.Fatalf("accepted when cut at %d of %d", n, len(whole))
		}
	}
	assert.Empty(t, pdfa.Check(whole[:len(whole)-1]))
}

func TestCheckSurvivesDamage(t *testing.T) {
	t.Parallel()
	whole := build(t, reports()["minimal"])
	for n := 0; n < len(whole); n += 31 {
		for _, c := range []byte{whole[n] ^ 1, '<', '(', 0} {
			damaged := bytes.Clone(whole)
			damaged[n] = c
			pdfa.Check(damaged)
		}
	}
}

func TestCheckIsBounded(t *testing.T) {
	t.Parallel()
	catalogue := "<< /Type /Catalog /Pages 2 0 R /X 3 0 R >>"
	pages := "<< /Type /Pages /Count 1 /Kids [1 0 R] >>"
	loop := assemble("/Prev 00000", catalogue, pages, "1")
	loop = bytes.Replace(loop, []byte("/Prev 00000"), fmt.Appendf(nil, "/Prev %05d", bytes.LastIndex(loop, []byte("\nxref\n"))+1), 1)
	var nested bytes.Buffer // every object is a string that holds all the following ones
	nested.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Pages 1 0 R /Y [")
	const objects = 5000
	for i := range objects {
		fmt.Fprintf(&nested, " %d 0 R", i+2)
	}
	nested.WriteString("] >>\nendobj\n")
	table := "xref\n0 2\n0000000000 65535 f \n0000000015 00000 n \n" + fmt.Sprintf("2 %d\n", objects)
	for i := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", nested.Len())
		fmt.Fprintf(&nested, "%d 0 obj (", i+2)
	}
	fmt.Fprintf(&nested, "\n%strailer\n<< /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", table, nested.Len()+1)

	for name, tc := range map[string]struct {
		pdf  []byte
		want pdfa.Rule
	}{
		"deep array":       {assemble("", catalogue, pages, strings.Repeat("[", 100_000)), pdfa.RuleLimits},
		"deep dictionary":  {assemble("", catalogue, pages, strings.Repeat("<</A", 100_000)), pdfa.RuleLimits},
		"long array":       {assemble("", catalogue, pages, "["+strings.Repeat("0 ", 8192)+"]"), pdfa.RuleLimits},
		"long string":      {assemble("", catalogue, pages, "("+strings.Repeat("x", 65536)+")"), pdfa.RuleLimits},
		"long name":        {assemble("", catalogue, pages, "/"+strings.Repeat("x", 128)), pdfa.RuleLimits},
		"many nodes":       {assemble("", catalogue, pages, "["+strings.Repeat("["+strings.Repeat("0 ", 8000)+"]", 200)+"]"), pdfa.RuleLimits},
		"loop of sections": {loop, pdfa.RuleCrossReference},
		"own length":       {assemble("", catalogue, pages, "<< /Length 3 0 R >>\nstream\nx\nendstream"), pdfa.RuleStreamLength},
		"stream for ever":  {assemble("", catalogue, pages, "<< /Length 9 >>\nstream\nx\n"), pdfa.RuleStructure},
		"not an object":    {assemble("", catalogue, pages, "}{"), pdfa.RuleStructure},
		"one in another":   {nested.Bytes(), pdfa.RuleLimits},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pdfa.Check(tc.pdf)
			assert.LessOrEqual(t, len(got), 100)
			assert.Contains(t, broken(tc.pdf), tc.want, "%v", got)
		})
	}
}

func TestCheckKeepsTheTextOfTheDocumentOut(t *testing.T) {
	t.Parallel()
	pdf := assemble("", "<< /Type /Catalog /Pages 2 0 R /A << /S /Named /N /Dupont#20Marie >> >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
		"<< /Type /Annot /Subtype /Dupont#20Marie /Contents (Dupont Marie) >>")
	assert.NotContains(t, fmt.Sprint(pdfa.Check(pdf)), "Dupont")
}

func TestCheckIsConcurrentAndRepeatable(t *testing.T) {
	t.Parallel()
	pdf := bytes.Replace(build(t, kneeReport()), []byte("/FontFile2"), []byte("/FontFile9"), 2)
	want := pdfa.Check(pdf)
	require.Len(t, want, 2)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { assert.Equal(t, want, pdfa.Check(pdf)) })
	}
	wg.Wait()
}

func TestEveryRuleHasAClause(t *testing.T) {
	t.Parallel()
	for r := pdfa.RuleHeader; r <= pdfa.RuleVersionClaim; r++ {
		assert.Regexp(t, `^6\.\d+(\.\d+)?$`, r.Clause())
		assert.NotEmpty(t, r.String())
	}
	assert.Equal(t, "", pdfa.Rule(200).Clause())
	assert.Equal(t, "rule 0", pdfa.Rule(0).String())
}

func FuzzCheck(f *testing.F) {
	f.Add(build(f, reports()["minimal"]))
	f.Add(assemble("/ID [<01> <02>]", "<< /Pages 2 0 R /X [true false null -1.5 (a\\(\\101) <4> /N#20] >>", "<< /Kids [1 0 R] >>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := pdfa.Check(data)
		if len(got) > 100 {
			t.Fatal("too many problems")
		}
		for _, p := range got {
			if p.Rule.Clause() == "" || p.Detail == "" {
				t.Fatalf("empty problem %+v", p)
			}
		}
	})
}
