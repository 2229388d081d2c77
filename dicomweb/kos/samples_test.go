package kos_test

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestSampleInTheFrenchForm(t *testing.T) {
	t.Parallel()
	d := read(t, testkit.ReadShared(t, "dicomweb/kos/kos-fr-sample.dcm"))
	assert.Equal(t, []string{"kos-other-names patient.otherNames", "kos-accession accession"}, lines(d.Warnings))
	m := d.Manifest
	assert.Equal(t, segur.OIDINSNIR, m.INS.Authority())
	assert.Equal(t, "279035121518989", m.INS.Matricule())
	assert.Equal(t, segur.Traits{BirthName: "PAT-TROIS", FirstGivenName: "DOMINIQUE", GivenNames: "DOMINIQUE MARIE", Sex: segur.Female,
		BirthDate: segur.NewDate(1979, 3, 28), BirthPlace: "63220"}, m.Patient)
	assert.Equal(t, []segur.Identifier{{Root: "1.2.250.1.999.1.2", Extension: "IPP0001", Assigner: "IPP-CENTRE-TEST"}}, m.OtherIDs)
	assert.Equal(t, kos.Institution{ID: "499700367909006", Name: "CENTRE DE RADIOLOGIE TEST"}, m.Institution)
	assert.Equal(t, []segur.DocumentOrder{{Placer: segur.Identifier{Root: "1.2.250.1.999.1.3", Extension: "ORD1"},
		Accession: segur.Identifier{Root: "1.2.250.1.999.1.1", Extension: "ACC1"}}}, m.Orders)
	assert.Equal(t, "Scanographie du thorax", m.Act)
	assert.Equal(t, "2026-01-11T12:27:11+01:00", m.Created.Time.Format(time.RFC3339))
	require.Len(t, m.Series, 1)
	assert.Equal(t, "CT", m.Series[0].Modality)
	assert.Equal(t, "Thorax 1mm", m.Series[0].Description)
	assert.Equal(t, "1.2.250.1.999.1.9", m.Series[0].RetrieveLocationUID)
	assert.Equal(t, "https://db1.example.test/drim-so/v1/rs", m.Series[0].Base())
	assert.Len(t, m.Series[0].Instances, 3)
	again := read(t, encode(t, m))
	assert.Empty(t, again.Warnings, "written anew it is in the form of the SDK")
	assert.True(t, kos.Compare(m, again.Manifest).IsZero())
}

func TestSampleOfTheManifestWithKeyImages(t *testing.T) {
	t.Parallel()
	b := file(t, fromXML(t, testkit.ReadShared(t, "drim/kos_manifest_key_image_dump.xml")))
	d := read(t, b)
	assert.Equal(t, []string{"kos-repaired text", "kos-url evidence[0].series[0].retrieveURL", "kos-url evidence[0].series[1].retrieveURL",
		"kos-url evidence[0].series[2].retrieveURL", "kos-text text"}, lines(d.Warnings))
	m := d.Manifest
	assert.Equal(t, "1.2.250.1.213.4.5.2.3.101.259.31", m.UID)
	assert.Equal(t, segur.OIDINSNIRTest, m.INS.Authority())
	assert.Equal(t, "PAT-TROIS", m.Patient.UsedName)
	assert.Equal(t, "DOMINIQUE", m.Patient.UsedGivenName)
	assert.Equal(t, "DOMINIQUE", m.Patient.GivenNames)
	assert.Equal(t, "MN glande thyroïde ; incidences avec I-131 IV", m.Act)
	assert.Equal(t, kos.Institution{ID: "101235555", Name: "Centre de radiologie Ambroise"}, m.Institution)
	assert.Equal(t, "ACN101", m.Orders[0].Accession.Extension)
	assert.Equal(t, segur.OID("1.2.250.1.213.4.5.2.6"), m.Orders[0].Placer.Root)
	assert.Equal(t, kos.Study{UID: "1.2.250.1.213.4.5.2.1.101", Date: segur.NewDate(2022, 8, 22), Time: "083117.658000", Description: "Examen A"}, m.Study)
	require.Len(t, m.Series, 3)
	assert.Equal(t, 1000, m.Series[0].Number)
	assert.Equal(t, "http://localhost:4200/api/source", m.Series[0].Base())
	keys := m.Series[1].Instances[0].Keys
	require.Len(t, keys, 1)
	note := m.Series[2].Instances[0]
	assert.Equal(t, kos.SOPClass, note.SOPClass)
	assert.Equal(t, kos.Key{Note: note.UID, Series: m.Series[2].UID, Title: kos.Title(kos.TitleOfInterest),
		Text: "Definition of key instance 1.2.250.1.213.4.5.2.3.101.202.31 associated with series 1.2.250.1.213.4.5.2.2.101.202"}, keys[0])
	text := kos.ParseText(d.Text)
	assert.Equal(t, "Examen E", text.Exam)
	assert.Equal(t, []kos.TextSeries{{UID: "1.2.250.1.213.4.5.2.2.105.201", Modality: "NM", Description: "Serie E1"}}, text.Series)
	assert.True(t, kos.Compare(m, read(t, encode(t, m)).Manifest).IsZero())
}

func TestSampleOfThePrototype(t *testing.T) {
	t.Parallel()
	d := read(t, file(t, fromDump(t, testkit.ReadShared(t, "dicomweb/drim/poc-sample-kos.dump.txt"))))
	assert.Equal(t, []string{"kos-text (0040,A160)", "kos-time (0008,0201)", "kos-institution institution.id", "kos-other-names patient.otherNames",
		"kos-time (0008,0031)", "kos-url evidence[0].series[0].retrieveURL"}, lines(d.Warnings))
	m := d.Manifest
	assert.Equal(t, "248039263001064", m.INS.Matricule())
	assert.Equal(t, "Tête^Dental (Adulte)", m.Study.Description)
	assert.Equal(t, "0901160050", m.Orders[0].Accession.Extension)
	assert.Equal(t, "2022-12-09T11:42:56+01:00", m.Created.Time.Format(time.RFC3339))
	assert.True(t, m.Created.NoOffset)
	assert.Equal(t, "CT", m.Series[0].Modality)
	assert.Equal(t, "Dentascan  0.75  H60s", m.Series[0].Description)
	assert.Zero(t, m.Series[0].Instances[0].Number)
}

// fromXML reads a dcm2xml dump that says ISO-8859-1: each byte is a character,
// which is what the file holds when it is written in Latin-1.
func fromXML(t testing.TB, b []byte) *dicomweb.Dataset {
	t.Helper()
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	text := strings.Replace(string(runes), ` encoding="ISO-8859-1"`, "", 1)
	dec := xml.NewDecoder(strings.NewReader(text))
	stack := []*dicomweb.Dataset{{}}
	var sequences []dicomweb.Element
	var current *dicomweb.Element
	var value strings.Builder
	skip := false
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return stack[0]
		}
		require.NoError(t, err)
		switch e := tok.(type) {
		case xml.StartElement:
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			switch e.Name.Local {
			case "meta-header":
				skip = true
			case "element":
				current, value = &dicomweb.Element{}, strings.Builder{}
				current.Tag, err = dicomweb.ParseTag(strings.ReplaceAll(attr["tag"], ",", ""))
				require.NoError(t, err)
				current.VR = dicomweb.VR(attr["vr"][0])<<8 | dicomweb.VR(attr["vr"][1])
			case "sequence":
				tag, err := dicomweb.ParseTag(strings.ReplaceAll(attr["tag"], ",", ""))
				require.NoError(t, err)
				sequences = append(sequences, dicomweb.Sequence(tag))
			case "item":
				stack = append(stack, &dicomweb.Dataset{})
			}
		case xml.CharData:
			value.Write(e)
		case xml.EndElement:
			switch e.Name.Local {
			case "meta-header":
				skip = false
			case "element":
				if v := value.String(); v != "" {
					current.Values = []string{v}
					if current.VR == dicomweb.PN {
						current.Values = strings.Split(v, `\`)
					}
				}
				if !skip {
					stack[len(stack)-1].Set(*current)
				}
			case "item":
				s := &sequences[len(sequences)-1]
				s.Items = append(s.Items, stack[len(stack)-1])
				stack = stack[:len(stack)-1]
			case "sequence":
				stack[len(stack)-1].Set(sequences[len(sequences)-1])
				sequences = sequences[:len(sequences)-1]
			}
		}
	}
}

// fromDump reads a dcmdump text: an element a line, but for texts of several.
func fromDump(t testing.TB, b []byte) *dicomweb.Dataset {
	t.Helper()
	names := map[string]string{"=KeyObjectSelectionDocumentStorage": kos.SOPClass, "=CTImageStorage": ctClass}
	stack := []*dicomweb.Dataset{{}}
	var sequences []dicomweb.Element
	s := bufio.NewScanner(bytes.NewReader(b))
	for s.Scan() {
		l := strings.TrimSpace(s.Text())
		if len(l) < 14 || l[0] != '(' || strings.HasPrefix(l, "(0002,") {
			continue
		}
		tag, err := dicomweb.ParseTag(l[1:5] + l[6:10])
		require.NoError(t, err)
		switch vr, rest := l[12:14], l[15:]; {
		case tag == 0xFFFEE000:
			stack = append(stack, &dicomweb.Dataset{})
		case tag == 0xFFFEE00D:
			q := &sequences[len(sequences)-1]
			q.Items = append(q.Items, stack[len(stack)-1])
			stack = stack[:len(stack)-1]
		case tag == 0xFFFEE0DD:
			stack[len(stack)-1].Set(sequences[len(sequences)-1])
			sequences = sequences[:len(sequences)-1]
		case vr == "SQ":
			sequences = append(sequences, dicomweb.Sequence(tag))
		default:
			e := dicomweb.Element{Tag: tag, VR: dicomweb.VR(vr[0])<<8 | dicomweb.VR(vr[1])}
			for strings.HasPrefix(rest, "[") && !strings.Contains(rest, "]") && s.Scan() {
				rest += "\n" + s.Text()
			}
			if uid, ok := names[strings.Fields(rest)[0]]; ok {
				e.Values = []string{uid}
			} else if from, to := strings.IndexByte(rest, '['), strings.LastIndexByte(rest, ']'); from == 0 && to > 0 {
				e.Values = []string{rest[1:to]}
			}
			stack[len(stack)-1].Set(e)
		}
	}
	require.NoError(t, s.Err())
	return stack[0]
}
