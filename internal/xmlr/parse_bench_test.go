package xmlr_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"testing"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// dense is all elements, attributes and short texts: the worst case of a reader.
func dense() []byte {
	var b bytes.Buffer
	b.WriteString(`<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` + "\n")
	for range 150 {
		b.WriteString(`  <entry><observation classCode="OBS" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.48"/>` +
			`<code code="1234-5" codeSystem="2.16.840.1.113883.6.1" displayName="Échographie"/><value unit="mm" value="12" xsi:type="PQ"/>` +
			`<text>Examen réalisé &amp; normal</text></observation></entry>` + "\n")
	}
	b.WriteString("</ClinicalDocument>\n")
	return b.Bytes()
}

func BenchmarkRead(b *testing.B) {
	for name, doc := range map[string][]byte{"dense": dense(), "attachment": bigDocument()} {
		b.Run(name+"/floor-encoding-xml", func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				d := xml.NewDecoder(bytes.NewReader(doc))
				for {
					if _, err := d.RawToken(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(name+"/scanner", func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				s := xmlr.NewScanner(doc, xmlr.Options{})
				for s.Next() {
				}
				if s.Err() != nil {
					b.Fatal(s.Err())
				}
			}
		})
		b.Run(name+"/tree", func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := xmlr.Parse(doc, xmlr.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
