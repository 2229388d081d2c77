package datamatrix_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
)

// parts are the blocks of the patient of scanOf, by identifier; a variable one has its separator.
func parts() map[string]string {
	return map[string]string{
		"S1": "S12850369123456" + segur.MatriculeKey("2850369123456"), "S2": "S21.2.250.1.213.1.4.10", "S3": "S3CAMILLE LUCE" + gs,
		"S4": "S4FICTIVE-DURAND" + gs, "S5": "S5F", "S6": "S614-03-1985", "S7": "S769123",
	}
}

const head = "IS010000000000000000000000"

// with returns the scan with one block replaced.
func with(id, text string) string {
	p := parts()
	p[id] = text
	return head + p["S1"] + p["S2"] + p["S3"] + p["S4"] + p["S5"] + p["S6"] + p["S7"]
}

func codes(d *datamatrix.Decoded) []string {
	var out []string
	for _, w := range d.Warnings {
		out = append(out, w.Code)
	}
	return out
}

func TestDecode(t *testing.T) {
	t.Parallel()
	d, err := decode(scanOf())
	require.NoError(t, err)
	want := patient()
	want.Traits.FirstGivenName = "" // the list does not say where it ends
	want.Status = segur.Provisional
	assert.Equal(t, want, d.Patient())
	assert.Empty(t, d.Warnings)
}

func TestDecodeScanners(t *testing.T) {
	t.Parallel()
	lower := strings.ToLower(scanOf())
	for name, test := range map[string]struct {
		scan     string
		warnings []string
	}{
		"line end":           {scan: scanOf() + "\r\n"},
		"tab":                {scan: scanOf() + "\t"},
		"AIM":                {scan: "]d1" + scanOf()},
		"text GS":            {scan: strings.ReplaceAll(scanOf(), gs, "<GS>") + "\n"},
		"caret":              {scan: "]d1" + strings.ReplaceAll(scanOf(), gs, "^]")},
		"of the site":        {scan: strings.ReplaceAll(scanOf(), gs, "{gs}")},
		"of the site, text":  {scan: strings.ReplaceAll(scanOf(), gs, "␝")},
		"lower case":         {scan: lower, warnings: []string{datamatrix.WarningCase}},
		"lower case, AIM":    {scan: "]D1" + strings.ReplaceAll(lower, gs, "<gs>"), warnings: []string{datamatrix.WarningCase}},
		"lower, of the site": {scan: strings.ReplaceAll(lower, gs, "{GS}"), warnings: []string{datamatrix.WarningCase}},
		"after the OID":      {scan: with("S2", "S21.2.250.1.213.1.4.10"+gs), warnings: []string{datamatrix.WarningSeparators}},
		"after a fixed one":  {scan: with("S5", "S5F<GS>"), warnings: []string{datamatrix.WarningSeparators}},
		"at the end":         {scan: scanOf() + gs, warnings: []string{datamatrix.WarningSeparators}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := datamatrix.Decode(test.scan, datamatrix.Options{Environment: segur.Qualification, Separators: []string{"{gs}", "␝"}})
			require.NoError(t, err)
			want := patient()
			want.Traits.FirstGivenName = ""
			assert.Equal(t, want.INS, d.INS)
			assert.Equal(t, want.Traits, d.Traits)
			assert.Equal(t, test.warnings, codes(d))
		})
	}
}

func TestDecodeWarns(t *testing.T) {
	t.Parallel()
	p := parts()
	for name, test := range map[string]struct {
		scan, field string
		warnings    []string
	}{
		"no place":         {with("S7", ""), "S7", []string{datamatrix.WarningNoBirthPlace}},
		"place unknown":    {with("S7", "S799999"), "S7", []string{datamatrix.WarningUnknownBirthPlace}},
		"name last":        {head + p["S1"] + p["S2"] + p["S4"] + p["S5"] + p["S6"] + p["S7"] + "S3CAMILLE LUCE", "S3", []string{datamatrix.WarningOpenEnd}},
		"name last, ended": {head + p["S1"] + p["S2"] + p["S4"] + p["S5"] + p["S6"] + p["S7"] + "S3CAMILLE LUCE" + gs, "", []string{datamatrix.WarningSeparators}},
		"OID last":         {head + p["S1"] + p["S3"] + p["S4"] + p["S5"] + p["S6"] + p["S7"] + "S21.2.250.1.213.1.4.8", "", nil},
		"sex M, 2":         {with("S5", "S5M"), "S5", []string{datamatrix.WarningSex}},
		"sex F, 1":         {with("S1", "S1185036912345609"), "S5", []string{datamatrix.WarningSex}},
		"sex F, 7":         {with("S1", "S1785036912345697"), "S5", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := decode(test.scan)
			require.NoError(t, err)
			assert.Equal(t, test.warnings, codes(d))
			for _, w := range d.Warnings {
				assert.Equal(t, test.field, w.Field)
				assert.Equal(t, "warning", w.Severity)
				assert.NotEmpty(t, w.Message)
				assert.True(t, d.Warned(w.Code))
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	p := parts()
	key := segur.MatriculeKey("2850369123456")
	for name, test := range map[string]struct {
		scan string
		kind error
		want string // what the details hold; fields in their order
	}{
		"empty":                 {"", segur.ErrTruncated, "header: the text ends inside"},
		"other symbol":          {"DC04FR0000011F701F700A01", segur.ErrInvalidInput, "header: does not begin with IS"},
		"GS1":                   {"]d2" + scanOf(), segur.ErrInvalidInput, "scan: the scanner says"},
		"QR code":               {"]Q1" + scanOf(), segur.ErrInvalidInput, "scan: the scanner says"},
		"version":               {strings.Replace(scanOf(), "IS01", "IS02", 1), segur.ErrInvalidInput, "header: version is not 01"},
		"AZERTY":                {"IS0&0000", segur.ErrInvalidInput, "keyboard layout"},
		"reserved":              {strings.Replace(scanOf(), "IS0100", "IS0110", 1), segur.ErrInvalidInput, "must be zeros"},
		"mixed case":            {strings.Replace(scanOf(), "CAMILLE", "Camille", 1), segur.ErrInvalidInput, "S3: character 2: only the letters"},
		"blank first":           {" " + scanOf(), segur.ErrInvalidInput, "header"},
		"header only":           {head, segur.ErrInvalidInput, "S1: is missing\nS2: is missing\nS3: is missing\nS4: is missing\nS5: is missing\nS6: is missing"},
		"header, separator":     {head + gs + p["S1"], segur.ErrInvalidInput, "blocks: after block 0: an empty block"},
		"two separators":        {with("S3", p["S3"]+gs), segur.ErrInvalidInput, "blocks: after block 3: an empty block"},
		"two after a fixed one": {with("S5", "S5F"+gs+gs), segur.ErrInvalidInput, "blocks: after block 5: an empty block"},
		"unknown block":         {with("S7", "S8X"), segur.ErrInvalidInput, "blocks: after block 6: a block that is none of S1 to S7"},
		"something after":       {scanOf() + "X", segur.ErrInvalidInput, "blocks: after block 7"},
		"two symbols":           {scanOf() + scanOf(), segur.ErrInvalidInput, "blocks: after block 7"},
		"block twice":           {with("S5", "S5FS5F"), segur.ErrInvalidInput, "S5: stands there 2 times"},
		"block twice, other":    {with("S1", p["S1"]+"S11234567890123"+key), segur.ErrInvalidInput, "S1: stands there 2 times"},
		"no matricule":          {with("S1", ""), segur.ErrInvalidInput, "S1: is missing"},
		"no authority":          {with("S2", ""), segur.ErrInvalidInput, "S2: is missing"},
		"no given names":        {with("S3", ""), segur.ErrInvalidInput, "S3: is missing"},
		"no birth name":         {with("S4", ""), segur.ErrInvalidInput, "S4: is missing"},
		"no sex":                {with("S5", ""), segur.ErrInvalidInput, "S5: is missing"},
		"no date":               {with("S6", ""), segur.ErrInvalidInput, "S6: is missing"},
		"wrong key":             {with("S1", "S12850369123456"+"00"), segur.ErrInvalidInput, "S1: is not a matricule"},
		"digit changed":         {with("S1", "S12850369123457"+key), segur.ErrInvalidInput, "S1: is not a matricule"},
		"blank in matricule":    {with("S1", "S1285036912345 "+key), segur.ErrInvalidInput, "S1: is not a matricule"},
		"short matricule":       {with("S1", "S128503691234"+gs), segur.ErrInvalidInput, "S1: has 11 characters instead of 15"},
		"unknown authority":     {with("S2", "S21.2.250.1.213.1.4.5"+gs), segur.ErrInvalidInput, "S2: must be one of the four"},
		"INS-C":                 {with("S2", "S21.2.250.1.213.1.4.2"+gs), segur.ErrInvalidInput, "S2: is an authority of the former INS-C"},
		"empty authority":       {with("S2", "S2"+gs), segur.ErrInvalidInput, "S2: must be one of the four"},
		"lost after S2":         {with("S2", "S21.2.250.1.213.1.4.8"), segur.ErrInvalidInput, "S2: must be one of the four INS authorities 1.2.250.1.213.1.4.8 to .11; when names run together"},
		"lost after S3":         {with("S3", "S3CAMILLE LUCE"), segur.ErrInvalidInput, "S3: character 14: digits are not accepted; when names run together"},
		"lost after S4":         {with("S4", "S4FICTIVE-DURAND"), segur.ErrInvalidInput, "S4: character 16: digits are not accepted; when names run together"},
		"blank for a separator": {strings.ReplaceAll(scanOf(), gs, " "), segur.ErrInvalidInput, "when names run together"},
		"empty name":            {with("S4", "S4"+gs), segur.ErrInvalidInput, "S4: is required"},
		"accent":                {with("S4", "S4ÉLAN"+gs), segur.ErrInvalidInput, "S4: character 1: only"},
		"control character":     {with("S4", "S4A\x00B"+gs), segur.ErrInvalidInput, "S4: character 2: only"},
		"line end inside":       {with("S4", "S4FICTIVE\nDURAND"+gs), segur.ErrInvalidInput, "S4: character 8: only"},
		"name too long":         {with("S4", "S4"+strings.Repeat("A", 101)+gs), segur.ErrInvalidInput, "blocks: after block 4: a block that is none"},
		"sex I":                 {with("S5", "S5I"), segur.ErrInvalidInput, "S5: must be F or M"},
		"date reversed":         {with("S6", "S61985-03-14"), segur.ErrInvalidInput, "S6: must be a complete date"},
		"date, other dash":      {with("S6", "S614-03/1985"), segur.ErrInvalidInput, "S6: must be a complete date"},
		"date impossible":       {with("S6", "S631-06-1985"), segur.ErrInvalidInput, "S6: must be a complete date"},
		"date incomplete":       {with("S6", "S600-06-1985"), segur.ErrInvalidInput, "S6: must be a complete date"},
		"date with signs":       {with("S6", "S6+1-06-1985"), segur.ErrInvalidInput, "S6: must be a complete date"},
		"place":                 {with("S7", "S7LYON3"), segur.ErrInvalidInput, "S7: must be an INSEE COG"},
		"place 3A":              {with("S7", "S73A004"), segur.ErrInvalidInput, "S7: must be an INSEE COG"},
		"cut in the place":      {with("S7", "S7691"), segur.ErrTruncated, "S7: is cut after 3 characters of 5"},
		"cut in an identifier":  {with("S7", "S"), segur.ErrTruncated, "blocks: after block 6: the text ends inside"},
		"several":               {head + "S1285036912345600" + "S21.2.3" + gs + "S3camille" + gs + "S5X" + "S614/03/1985", segur.ErrInvalidInput, "S1: is not a matricule: 15 characters, digits but for 2A and 2B, of which the last two are the key of the others\nS2: must be one of the four INS authorities 1.2.250.1.213.1.4.8 to .11\nS3: character 1: only the letters A to Z without accent, blank, apostrophe and hyphen are accepted\nS4: is missing\nS5: must be F or M\nS6: must be a complete date DD-MM-YYYY that exists"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := decode(test.scan)
			require.ErrorIs(t, err, test.kind)
			assert.Nil(t, d)
			assert.Contains(t, details(err), test.want)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Explain(segur.FR), "Scannez à nouveau")
			for _, secret := range []string{"FICTIVE", "DURAND", "CAMILLE", "2850369", "1985"} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
}

// A block is at fault once, and what could not be read after a fault is not said to be missing.
func TestDecodeFaultsAreCounted(t *testing.T) {
	t.Parallel()
	for scan, want := range map[string][]string{
		"":                                   {"header"},
		"DC":                                 {"header"},
		with("S1", "S128503691234"+gs):       {"S1"},
		with("S7", "S7691"):                  {"S7"},
		with("S3", "S3camille"+gs+"X"):       {"blocks", "S3"},
		with("S5", "S5FS5M") + gs + gs + "S": {"blocks", "S5"},
	} {
		_, err := decode(scan)
		assert.Equal(t, want, fields(t, err))
	}
}

func TestDecodeTooLarge(t *testing.T) {
	t.Parallel()
	_, err := decode(scanOf() + strings.Repeat("\n", 1<<20))
	require.ErrorIs(t, err, segur.ErrTooLarge)
	// The longest text that means something: everything at its most, separators spelled out everywhere.
	p := patient()
	p.Traits.BirthName, p.Traits.GivenNames = strings.Repeat("A", 100), strings.Repeat("B", 100)
	longest := string(encode(t, p).Bytes())
	assert.Len(t, longest, 291)
	d, err := decode("]d1" + longest + "<GS>\r\n")
	require.NoError(t, err)
	assert.Equal(t, p.Traits.BirthName, d.Traits.BirthName)
}

func TestDecodeOptions(t *testing.T) {
	t.Parallel()
	_, err := datamatrix.Decode(scanOf(), datamatrix.Options{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Equal(t, []string{"options.environment"}, fields(t, err))
	_, err = datamatrix.Decode(scanOf(), datamatrix.Options{Environment: "test", Separators: []string{"|", "", "GS", "7", " ", "-", "'", ".", "s", "|||||||||", "|\n"}})
	assert.Equal(t, []string{"options.environment", "options.separators[1]", "options.separators[2]", "options.separators[3]", "options.separators[4]",
		"options.separators[5]", "options.separators[6]", "options.separators[7]", "options.separators[8]", "options.separators[9]", "options.separators[10]"}, fields(t, err))
	for oid, accepted := range map[segur.OID]bool{segur.OIDINSNIR: true, segur.OIDINSNIA: true, segur.OIDINSNIRTest: false, segur.OIDINSNIRDemo: false} {
		p := patient()
		p.INS = number("2850369123456", oid)
		d, err := datamatrix.Decode(string(encode(t, p).Bytes()), datamatrix.Options{Environment: segur.Production})
		if !accepted {
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Contains(t, details(err), "S2: assigns test or demonstration identities: refused in production")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, oid, d.INS.Authority())
	}
}

// pieces returns the blocks of a patient without separators.
func pieces(p segur.Patient) []string {
	d := p.Traits.BirthDate.ISO()
	list := []string{"S1" + p.INS.Matricule(), "S2" + string(p.INS.Authority()), "S3" + p.Traits.GivenNames, "S4" + p.Traits.BirthName,
		"S5" + string(p.Traits.Sex), "S6" + d[8:] + d[4:8] + d[:4]}
	if p.Traits.BirthPlace != "" {
		list = append(list, "S7"+p.Traits.BirthPlace)
	}
	return list
}

// join puts the separators where the format has them, independently of the package.
func join(blocks []string) string {
	s := head
	for i, b := range blocks {
		s += b
		longest := map[string]int{"S2": 20, "S3": 100, "S4": 100}[b[:2]]
		if i < len(blocks)-1 && len(b)-2 < longest {
			s += gs
		}
	}
	return s
}

func TestDecodeAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := identity().Draw(t, "patient")
		require.Equal(t, string(encode(t, p).Bytes()), join(pieces(p)))
		blocks := rapid.Permutation(pieces(p)).Draw(t, "order")
		spelling := rapid.SampledFrom([]string{gs, "<GS>", "^]"}).Draw(t, "spelling")
		d, err := decode(strings.ReplaceAll(join(blocks), gs, spelling))
		require.NoError(t, err)
		require.Equal(t, p.INS, d.INS)
		require.Equal(t, p.Traits, d.Traits)
		last := blocks[len(blocks)-1]
		require.Equal(t, strings.Contains("S3S4", last[:2]) && len(last) < 102, d.Warned(datamatrix.WarningOpenEnd))
	})
}

// A text that was cut anywhere is refused, or says by a warning that something may be missing: whatever the order of the
// blocks, it never gives another complete identity silently.
func TestDecodeCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := identity().Draw(t, "patient")
		blocks := rapid.Permutation(pieces(p)).Draw(t, "order")
		text := join(blocks)
		for n := range len(text) {
			d, err := decode(text[:n])
			if err != nil {
				require.True(t, errors.Is(err, segur.ErrInvalidInput) || errors.Is(err, segur.ErrTruncated))
				continue
			}
			require.Equal(t, p.INS, d.INS)
			require.True(t, d.Warned(datamatrix.WarningNoBirthPlace) || d.Warned(datamatrix.WarningOpenEnd), "cut at %d of %d", n, len(text))
		}
	})
}

// In the order that the format asks for, only the optional birth place can go missing.
func TestDecodeCutInOrder(t *testing.T) {
	t.Parallel()
	text := scanOf()
	for n := range len(text) {
		d, err := decode(text[:n])
		if n != len(text)-len("S769123") {
			require.Error(t, err, "cut at %d", n)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, []string{datamatrix.WarningNoBirthPlace}, codes(d))
	}
}

// A separator that is lost is seen, wherever it stood; one character that changed is never another matricule.
func TestDecodeDamage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := identity().Draw(t, "patient")
		text := join(rapid.Permutation(pieces(p)).Draw(t, "order"))
		for i := range len(text) {
			if text[i] != gs[0] {
				continue
			}
			_, err := decode(text[:i] + text[i+1:])
			require.ErrorIs(t, err, segur.ErrInvalidInput)
		}
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		damaged := []byte(text)
		damaged[i] = rapid.Byte().Draw(t, "byte")
		if d, err := decode(string(damaged)); err == nil {
			require.Equal(t, p.INS.Matricule(), d.INS.Matricule())
		}
	})
}

func TestDecodedPatientIsNotQualified(t *testing.T) {
	t.Parallel()
	d, err := decode(scanOf())
	require.NoError(t, err)
	_, err = datamatrix.Encode(d.Patient(), segur.Fake)
	assert.Equal(t, []string{"patient.status"}, fields(t, err))
	assert.Equal(t, "CB", datamatrix.CollectionMethod)
}

// Whatever is read could have been written: the identity, printed again, reads the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{scanOf(), "]d1" + strings.ReplaceAll(scanOf(), gs, "<GS>") + "\r", strings.ToLower(scanOf()), with("S7", ""),
		with("S2", "S21.2.250.1.213.1.4.8"+gs+gs), head + "S3A^]S4B^]", strings.ReplaceAll(scanOf(), gs, "|"), "", "]d1IS01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, scan string) {
		d, err := datamatrix.Decode(scan, datamatrix.Options{Environment: segur.Fake, Separators: []string{"|"}})
		if err != nil {
			require.True(t, slices.Contains([]segur.Kind{segur.KindInvalidInput, segur.KindTruncated, segur.KindTooLarge}, segur.KindOf(err)))
			return
		}
		p := d.Patient()
		p.Status = segur.Qualified
		payload, err := datamatrix.Encode(p, segur.Fake)
		require.NoError(t, err)
		again, err := decode(string(payload.Bytes()))
		require.NoError(t, err)
		require.Equal(t, d.Patient(), again.Patient())
	})
}
