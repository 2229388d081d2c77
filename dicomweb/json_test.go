package dicomweb_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

func parseOne(t *testing.T, text string) *dicomweb.Dataset {
	t.Helper()
	all, err := dicomweb.ParseJSON([]byte(text))
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func TestJSONEveryVR(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		member string
		values []string
	}{
		"AE":                  {`{"vr":"AE","Value":["AE1","AE2"]}`, []string{"AE1", "AE2"}},
		"null in the middle":  {`{"vr":"CS","Value":["ORIGINAL",null,"AXIAL"]}`, []string{"ORIGINAL", "", "AXIAL"}},
		"empty text":          {`{"vr":"CS","Value":["ORIGINAL","","AXIAL"]}`, []string{"ORIGINAL", "", "AXIAL"}},
		"absent":              {`{"vr":"DA"}`, nil},
		"empty array":         {`{"vr":"DA","Value":[]}`, nil},
		"number for text":     {`{"vr":"LO","Value":[123]}`, []string{"123"}},
		"text for number":     {`{"vr":"US","Value":["12"]}`, []string{"12"}},
		"DS keeps its digits": {`{"vr":"DS","Value":[1.0,"1.50",-2e3]}`, []string{"1.0", "1.50", "-2e3"}},
		"UV":                  {`{"vr":"UV","Value":[18446744073709551615]}`, []string{"18446744073709551615"}},
		"FD non-finite": {`{"vr":"FD","Value":[NaN,Infinity,-Infinity,nan,inf,-inf,"NaN","-inf",1e+9999,-1e+9999,1.5]}`,
			[]string{"NaN", "inf", "-inf", "NaN", "inf", "-inf", "NaN", "-inf", "inf", "-inf", "1.5"}},
		"PN":                 {`{"vr":"PN","Value":[{"Alphabetic":"FICTIVE-DURAND^CAMILLE"}]}`, []string{"FICTIVE-DURAND^CAMILLE"}},
		"PN groups":          {`{"vr":"PN","Value":[{"Phonetic":"P","Alphabetic":"A","Ideographic":"I"}]}`, []string{"A=I=P"}},
		"PN phonetic alone":  {`{"vr":"PN","Value":[{"Phonetic":"P","Other":[1]}]}`, []string{"==P"}},
		"PN bare string":     {`{"vr":"PN","Value":["A^B"]}`, []string{"A^B"}},
		"PN empty":           {`{"vr":"PN","Value":[{}]}`, []string{""}},
		"AT":                 {`{"vr":"AT","Value":["00181063"]}`, []string{"00181063"}},
		"AT as others write": {`{"vr":"AT","Value":["0020000d","(0018,106a)",1577059]}`, []string{"0020000D", "0018106A", "00181063"}},
		"lower-case vr":      {`{"vr":"lo","Value":["x"]}`, []string{"x"}},
		"value before vr":    {`{"Value" : [ "x" ], "vr":"LO"}`, []string{"x"}},
		"bare value":         {`{"vr":"LO","Value":"x"}`, []string{"x"}},
		"unknown member":     {`{"vr":"LO","x":{"y":[1,{"z":"]"}]},"Value":["x"]}`, []string{"x"}},
		"escapes":            {`{"vr":"LT","Value":["\u00c9 \"\\\/\b\f\n\r\t \ud83e\udE7B \ud83e"]}`, []string{"É \"\\/\b\f\n\r\t \U0001FA7B \uFFFD"}},
		"invalid UTF-8":      {"{\"vr\":\"LO\",\"Value\":[\"a\xE9b\"]}", []string{"a\uFFFDb"}},
		"true":               {`{"vr":"LO","Value":[true]}`, []string{"true"}},
		"repeated Value":     {`{"vr":"LO","Value":["a"],"Value":["b"]}`, []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{`{"00080000":` + c.member + `}`, "\uFEFF [ {\"00080000\" :\n" + c.member + "}\t] \n"} {
				e, ok := parseOne(t, text).Get(0x00080000)
				require.True(t, ok)
				assert.Equal(t, c.values, e.Values)
				assert.Empty(t, e.Items)
				assert.Nil(t, e.Bulk)
			}
		})
	}
}

func TestJSONSequencesAndBulk(t *testing.T) {
	t.Parallel()
	ds := parseOne(t, `{"00400275":{"vr":"SQ","Value":[{"00400009":{"vr":"SH","Value":["A"]},"00081140":{"Value":[{},{"00081155":{"vr":"UI","Value":["1.2"]}}],"vr":"SQ"}},{}]},
		"00080005":{"Value":["ISO_IR 192"]},
		"7FE00010":{"vr":"OW","BulkDataURI":"../bulk/1"},
		"00091010":{"vr":"OB","InlineBinary":"AQID"},
		"00080060":{"vr":"CS","Value":["CT"]},"00080060":{"vr":"CS","Value":["CR"]}}`)
	items := ds.Items(0x00400275)
	require.Len(t, items, 2)
	assert.Equal(t, "A", items[0].Value(0x00400009))
	inner := items[0].Items(0x00081140)
	require.Len(t, inner, 2)
	assert.Zero(t, inner[0].Len())
	assert.Equal(t, "1.2", inner[1].Value(dicomweb.TagReferencedSOPInstance))
	assert.Zero(t, items[1].Len())
	e, _ := ds.Get(dicomweb.TagPixelData)
	assert.Equal(t, "../bulk/1", e.Bulk.URI)
	e, _ = ds.Get(0x00091010)
	assert.Equal(t, []byte{1, 2, 3}, e.Bulk.Data)
	e, _ = ds.Get(dicomweb.TagSpecificCharacterSet)
	assert.Equal(t, dicomweb.CS, e.VR, "a missing vr comes from the dictionary")
	assert.Equal(t, "CR", ds.Value(dicomweb.TagModality), "the last of two members wins")
	var tags []dicomweb.Tag
	for e := range ds.All() {
		tags = append(tags, e.Tag)
	}
	assert.True(t, slices.IsSorted(tags), "%v", tags)

	text := ds.AppendJSON(nil)
	assert.True(t, json.Valid(text))
	again := parseOne(t, string(text))
	assert.Equal(t, string(text), string(again.AppendJSON(nil)), "what is written reads back the same")
}

func TestJSONRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"00081140":{"vr":"SQ","Value":[`, 70) + strings.Repeat(`]}}`, 70)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":            {"", segur.ErrTruncated},
		"attribute text":   {`{"00080060":"CT"}`, segur.ErrProtocol},
		"attribute array":  {`{"00080060":["CT"]}`, segur.ErrProtocol},
		"attribute null":   {`[{"00080060":null}]`, segur.ErrProtocol},
		"null data set":    {`[null]`, segur.ErrProtocol},
		"array of values":  {`{"00080060":{"vr":"CS","Value":[["CT"]]}}`, segur.ErrProtocol},
		"name of numbers":  {`{"00100010":{"vr":"PN","Value":[{"Alphabetic":["FICTIVE"]}]}}`, segur.ErrProtocol},
		"uri of numbers":   {`{"7FE00010":{"vr":"OW","BulkDataURI":{}}}`, segur.ErrProtocol},
		"html":             {"<html>FICTIVE-DURAND</html>", segur.ErrProtocol},
		"bare number":      {"12", segur.ErrProtocol},
		"array of numbers": {"[1]", segur.ErrProtocol},
		"two values":       {"{}{}", segur.ErrProtocol},
		"text after":       {"[{}] x", segur.ErrProtocol},
		"trailing comma":   {"[{},]", segur.ErrProtocol},
		"no comma":         {"[{} {}]", segur.ErrProtocol},
		"bad number":       {`{"00080005":{"vr":"CS","Value":[01]}}`, segur.ErrProtocol},
		"bad word":         {`{"00080005":{"vr":"CS","Value":[bad]}}`, segur.ErrProtocol},
		"bad escape":       {`{"00080005":{"vr":"CS","Value":["\x"]}}`, segur.ErrProtocol},
		"control":          {"{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"\x01\"]}}", segur.ErrProtocol},
		"nul":              {"[\x00]", segur.ErrProtocol},
		"bad base64":       {`{"00091010":{"vr":"OB","InlineBinary":"A"}}`, segur.ErrProtocol},
		"deep":             {deep, segur.ErrTooLarge},
		"deep skip":        {`{"x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, segur.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dicomweb.ParseJSON([]byte(c.text))
			require.ErrorIs(t, err, c.want)
			assert.NotContains(t, err.Error(), "FICTIVE")
		})
	}
}

func TestJSONLimit(t *testing.T) {
	t.Parallel()
	big := `[{"00080005":{"vr":"LT","Value":["` + strings.Repeat("x", 300_000) + `"]}}]`
	for ds, err := range dicomweb.ReadJSON(strings.NewReader(big), 100_000) {
		assert.Nil(t, ds)
		require.ErrorIs(t, err, segur.ErrTooLarge)
	}
}

// Cut at every byte, and read one byte at a time, the stream gives the complete data sets and then says that it was cut.
func TestJSONCutAtEveryByte(t *testing.T) {
	t.Parallel()
	text := rows(3)
	for cut := range len(text) {
		_, err := dicomweb.ParseJSON(text[:cut])
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
		if cut%11 == 0 { // the stream has a buffer to fill
			n, err := drain(bytes.NewReader(text[:cut]))
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
			require.Less(t, n, 4)
		}
	}
	n, err := drain(iotest.OneByteReader(bytes.NewReader(text)))
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	n, err = drain(io.MultiReader(bytes.NewReader(text[:len(text)/2]), iotest.ErrReader(io.ErrUnexpectedEOF)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 1, n)
}

// A data set far above the first buffer and near the limit is read; the limit is exact enough to refuse a larger one.
func TestJSONLargeDataset(t *testing.T) {
	t.Parallel()
	big := []byte(`[{"00204000":{"vr":"LT","Value":["` + strings.Repeat("x", 1_000_000) + `"]}},{}]`)
	for _, r := range []io.Reader{bytes.NewReader(big), iotest.HalfReader(bytes.NewReader(big)), iotest.OneByteReader(bytes.NewReader(big))} {
		n, lengths := 0, 0
		for ds, err := range dicomweb.ReadJSON(r, 1_000_100) {
			require.NoError(t, err)
			n++
			lengths += len(ds.Value(0x00204000))
		}
		assert.Equal(t, 2, n)
		assert.Equal(t, 1_000_000, lengths)
	}
}

func drain(r io.Reader) (n int, err error) {
	for ds, err := range dicomweb.ReadJSON(r, 0) {
		if err != nil {
			return n, err
		}
		_ = ds
		n++
	}
	return n, nil
}

// rows makes an answer of n studies of 30 attributes, as a PACS writes it.
func rows(n int) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080020":{"vr":"DA","Value":["20260110"]},"00080030":{"vr":"TM","Value":["101112"]},"00080050":{"vr":"SH","Value":["ACC%d"]},"00080056":{"vr":"CS","Value":["ONLINE"]},"00080061":{"vr":"CS","Value":["CT","SR"]},"00080090":{"vr":"PN","Value":[{"Alphabetic":"PRESCRIPTEUR^DOMINIQUE"}]},"00080201":{"vr":"SH"},"00081030":{"vr":"LO","Value":["Scanner thoraco-abdomino-pelvien"]},"00081190":{"vr":"UR","Value":["https://pacs.example/dicom-web/studies/1.2.250.1.999.2.%d"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"FICTIVE-DURAND^CAMILLE"}]},"00100020":{"vr":"LO","Value":["IPP-%04d"]},"00100021":{"vr":"LO","Value":["CENTRE FICTIF"]},"00100030":{"vr":"DA","Value":["19850314"]},"00100040":{"vr":"CS","Value":["F"]},"00101010":{"vr":"AS","Value":["040Y"]},"00101020":{"vr":"DS","Value":[1.68]},"00101030":{"vr":"DS","Value":[61.5]},"001021B0":{"vr":"LT","Value":["Bilan d'extension, \u00e9tat g\u00e9n\u00e9ral conserv\u00e9"]},"0020000D":{"vr":"UI","Value":["1.2.250.1.999.2.%d"]},"00200010":{"vr":"SH","Value":["S%d"]},"00201200":{"vr":"IS","Value":[4]},"00201202":{"vr":"IS","Value":[9]},"00201204":{"vr":"IS","Value":[812]},"00201206":{"vr":"IS","Value":[3]},"00201208":{"vr":"IS","Value":[412]},"00321060":{"vr":"LO","Value":["TDM TAP"]},"00321064":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["ZBQK002"]},"00080102":{"vr":"SH","Value":["CCAM"]}}]},"00400254":{"vr":"LO","Value":["TDM"]},"00401001":{"vr":"SH","Value":["RP%d"]}}`,
			i, i, i%100, i, i, i)
	}
	b.WriteByte(']')
	return b.Bytes()
}

// stdElement is what encoding/json decodes an attribute into.
type stdElement struct {
	VR          string `json:"vr"`
	Value       []any  `json:"Value"`
	BulkDataURI string `json:"BulkDataURI"`
}

func BenchmarkQIDODecode(b *testing.B) {
	text := rows(1000)
	b.Run("segur", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if n, err := drain(bytes.NewReader(text)); n != 1000 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var out []map[string]stdElement
			if err := json.Unmarshal(text, &out); err != nil || len(out) != 1000 {
				b.Fatal(err)
			}
		}
	})
}

// What our decoder reads out of valid JSON is what encoding/json reads.
func TestJSONAgainstStandardLibrary(t *testing.T) {
	t.Parallel()
	text := rows(50)
	var want []map[string]stdElement
	require.NoError(t, json.Unmarshal(text, &want))
	i := 0
	for ds, err := range dicomweb.ReadJSON(bytes.NewReader(text), 0) {
		require.NoError(t, err)
		require.Equal(t, len(want[i]), ds.Len())
		for e := range ds.All() {
			w := want[i][e.Tag.String()]
			assert.Equal(t, w.VR, e.VR.String())
			require.Equal(t, len(w.Value), len(e.Values)+len(e.Items), "%s", e.Tag)
			for j, v := range e.Values {
				switch x := w.Value[j].(type) {
				case map[string]any:
					assert.Equal(t, x["Alphabetic"], v)
				default:
					assert.Equal(t, fmt.Sprint(x), v)
				}
			}
		}
		i++
	}
	assert.Equal(t, 50, i)
}

// The captures of real servers, all-VR ones included, are read.
func TestJSONOfficialCaptures(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"metadata-allvr-dcmtk367.json", "metadata-allvr-pydicom31.json", "wado-metadata-allvr-orthanc.json", "wado-metadata-instance.json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := dicomweb.ParseJSON(testkit.ReadShared(t, "dicomweb/captures/"+name))
			require.NoError(t, err)
			require.Len(t, all, 1)
			ds := all[0]
			assert.Equal(t, []string{"ORIGINAL", "", "AXIAL"}[0], ds.Value(0x00080008))
			assert.True(t, dicomweb.ValidUID(ds.Value(dicomweb.TagSOPInstanceUID)))
			text := ds.AppendJSON(nil)
			assert.True(t, json.Valid(text))
			assert.Equal(t, string(text), string(parseOne(t, string(text)).AppendJSON(nil)))
			if strings.Contains(name, "allvr") && !strings.Contains(name, "orthanc") {
				e, _ := ds.Get(0x00189098) // FD
				t.Logf("%s %v", e.VR, e.Values)
			}
		})
	}
}

func TestDatasetRedacted(t *testing.T) {
	t.Parallel()
	ds := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		assert.Equal(t, "Dataset(1 attributes, redacted)", fmt.Sprintf(verb, ds))
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add(rows(2))
	f.Add([]byte(`[{"00400275":{"vr":"SQ","Value":[{},{"00081140":{"Value":[{}]}}]},"00100010":{"vr":"PN","Value":[{"Phonetic":"P"}]}}]`))
	f.Add([]byte(`{"00080000":{"vr":"FD","Value":[NaN,-inf,1e9999,"\ud83e\udE7B"]},"00091010":{"vr":"OB","InlineBinary":"AQID"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := dicomweb.ParseJSON(text)
		slow, errSlow := drain(iotest.OneByteReader(bytes.NewReader(text)))
		if (err == nil) != (errSlow == nil) || err == nil && slow != len(all) {
			t.Fatalf("at once %d %v, byte by byte %d %v", len(all), err, slow, errSlow)
		}
		if err != nil {
			return
		}
		for _, ds := range all {
			first := ds.AppendJSON(nil)
			if !json.Valid(first) {
				t.Fatalf("wrote invalid JSON %q", first)
			}
			again, err := dicomweb.ParseJSON(first)
			if err != nil || len(again) != 1 {
				t.Fatalf("own text not read: %v %q", err, first)
			}
			if second := again[0].AppendJSON(nil); !bytes.Equal(first, second) {
				t.Fatalf("not stable:\n%s\n%s", first, second)
			}
		}
	})
}
