package drim_test

import (
	"bufio"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/internal/testkit"
)

const el = `multipart/related; type="application/dicom";transfer-syntax=`

func TestParseAccept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   []string
		want drim.Accept
	}{
		"one":               {[]string{el + "1.2.3;q=0.5;boundary=**"}, drim.Accept{{"1.2.3", 500}}},
		"trailing comma":    {[]string{el + "1.2.3;q=0.5;boundary=**,"}, drim.Accept{{"1.2.3", 500}}},
		"sorted":            {[]string{el + "1.2.3;q=0.5;boundary=**," + el + "1.2.4;q=0.9"}, drim.Accept{{"1.2.4", 900}, {"1.2.3", 500}}},
		"ties keep order":   {[]string{el + "1.2.9;q=0.5;boundary=b, " + el + "1.2.4;q=0.500"}, drim.Accept{{"1.2.9", 500}, {"1.2.4", 500}}},
		"several headers":   {[]string{"transfer-syntax=1.2.3;q=0.1;boundary=x", "transfer-syntax=1.2.4;q=1"}, drim.Accept{{"1.2.4", 1000}, {"1.2.3", 100}}},
		"q forms":           {[]string{"transfer-syntax=1.1;q=1.000;boundary=x,transfer-syntax=1.2;q=0.85,transfer-syntax=1.3;q=0,transfer-syntax=1.4;q=0."}, drim.Accept{{"1.1", 1000}, {"1.2", 850}, {"1.3", 0}, {"1.4", 0}}},
		"case and blanks":   {[]string{`Multipart/Related ; TYPE="Application/DICOM" ; Transfer-Syntax = 1.2.3 ; Q=0.3 ; Boundary="a b"`}, drim.Accept{{"1.2.3", 300}}},
		"unquoted type":     {[]string{`multipart/related;type=application/dicom;transfer-syntax=1.2.3;q=0.3;boundary=a`}, drim.Accept{{"1.2.3", 300}}},
		"any":               {[]string{el + "*;q=0.3;boundary=a"}, drim.Accept{{drim.AnySyntax, 300}}},
		"twice, the higher": {[]string{el + "1.2;q=0.3;boundary=a," + el + "1.2;q=0.4;boundary=a"}, drim.Accept{{"1.2", 400}}},
		"other media types": {[]string{"application/dicom+json, */*;q=0.1"}, nil},
		"comma in quotes":   {[]string{el + `1.2;q=0.3;boundary="a,b;c"`}, drim.Accept{{"1.2", 300}}},
	} {
		got, err := drim.ParseAccept(c.in)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
}

func TestParseAcceptRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   []string
		says string
	}{
		"absent":           {nil, "accept[0] the header is missing"},
		"only commas":      {[]string{" , ,"}, "accept[0] the header is missing"},
		"no syntax":        {[]string{`multipart/related; type="application/dicom";q=0.5;boundary=**`}, "accept[0] transfer-syntax is missing"},
		"no q":             {[]string{el + "1.2.3;boundary=**"}, "accept[0] q is missing"},
		"no boundary":      {[]string{el + "1.2.3;q=0.5"}, "accept[0] boundary is missing"},
		"second without q": {[]string{el + "1.2.3;q=0.5;boundary=**," + el + "1.2.3"}, "accept[1] q is missing"},
		"bad syntax":       {[]string{el + "JPEG;q=0.5;boundary=**"}, "accept[0] transfer-syntax must be a UID"},
		"q above 1":        {[]string{el + "1.2.3;q=1.1;boundary=**"}, "accept[0] q must be"},
		"q negative":       {[]string{el + "1.2.3;q=-0.1;boundary=**"}, "accept[0] q must be"},
		"q of words":       {[]string{el + "1.2.3;q=high;boundary=**"}, "accept[0] q must be"},
		"q of 4 decimals":  {[]string{el + "1.2.3;q=0.1234;boundary=**"}, "accept[0] q must be"},
		"q empty":          {[]string{el + "1.2.3;q=;boundary=**"}, "accept[0] q must be"},
		"boundary empty":   {[]string{el + "1.2.3;q=0.1;boundary="}, "accept[0] boundary must"},
		"boundary long":    {[]string{el + "1.2.3;q=0.1;boundary=" + strings.Repeat("x", 71)}, "accept[0] boundary must"},
		"q twice":          {[]string{el + "1.2.3;q=0.1;q=0.2;boundary=**"}, "accept[0] a parameter is given twice"},
		"open quote":       {[]string{el + `1.2.3;q=0.1;boundary="x`}, "accept[0] a quoted value"},
		"no type":          {[]string{"nonsense"}, "accept[0] must begin"},
		"too long":         {[]string{strings.Repeat("a", 17<<10)}, "longer than 16 KiB"},
		"too many":         {[]string{strings.Repeat("transfer-syntax=1;q=0;boundary=x,", 65)}, "accept[64] the list has more"},
	} {
		got, err := drim.ParseAccept(c.in)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		assert.ErrorContains(t, err, c.says, name)
		assert.Nil(t, got, name)
	}
}

func TestAcceptWeight(t *testing.T) {
	t.Parallel()
	a := drim.Accept{{"1.2", 900}, {drim.AnySyntax, 100}, {"1.3", 0}}
	assert.Equal(t, 900, a.Weight("1.2"))
	assert.Equal(t, 0, a.Weight("1.3"))
	assert.Equal(t, 100, a.Weight("1.4"))
	assert.Equal(t, 0, drim.Accept{{"1.2", 900}}.Weight("1.4"))
}

// What we send is what the official vectors hold, in both profiles.
func TestFormatAcceptIsThatOfTheVectors(t *testing.T) {
	t.Parallel()
	for sample, profile := range map[string]drim.Profile{
		"drim/wado_series_lossless_request.txt": drim.Lossless,
		"drim/wado_instance_lossy_request.txt":  drim.Lossy,
	} {
		values := sampleRequest(t, sample).Header.Values("Accept")
		require.Len(t, values, 1)
		assert.Equal(t, strings.TrimSuffix(values[0], ","), drim.FormatAccept(profile), sample)
	}
}

func TestFormatAcceptReadsBack(t *testing.T) {
	t.Parallel()
	for _, p := range []drim.Profile{drim.Lossless, drim.Lossy} {
		got, err := drim.ParseAccept([]string{drim.FormatAccept(p)})
		require.NoError(t, err)
		require.Len(t, got, 10)
		for _, s := range drim.TransferSyntaxes() {
			assert.Positive(t, got.Weight(s), s)
		}
		assert.Equal(t, 900, got[0].Weight)
	}
	assert.Equal(t, "1.2.840.10008.1.2.4.70", drim.TransferSyntaxes()[0])
}

// sampleRequest reads an official request.
func sampleRequest(t *testing.T, name string) *http.Request {
	t.Helper()
	b, err := os.ReadFile(testkit.SharedData(t, name))
	require.NoError(t, err)
	text := strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n", "\r\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.TrimRight(text, "\r\n") + "\r\n\r\n")))
	require.NoError(t, err)
	return r
}

func FuzzParseAccept(f *testing.F) {
	f.Add(drim.FormatAccept(drim.Lossless), "")
	f.Add(el+`1.2;q=0.3;boundary="a,b;c"`, "transfer-syntax=1.2.3;q=0.1;boundary=x")
	f.Add(`"`, `\`)
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := drim.ParseAccept([]string{a, b})
		if err != nil {
			assert.ErrorIs(t, err, segur.ErrInvalidInput)
			return
		}
		seen := map[string]bool{}
		for i, p := range got {
			assert.False(t, seen[p.Syntax])
			seen[p.Syntax] = true
			assert.True(t, p.Weight >= 0 && p.Weight <= 1000)
			assert.True(t, i == 0 || got[i-1].Weight >= p.Weight)
		}
	})
}
