package pdfa

import (
	"fmt"
	"strings"
	"time"
)

// producer is written in the Info dictionary and in the XMP packet. It has no version: the same report gives the same bytes.
const producer = "segur cda/pdfa"

// xmpPacket writes the metadata of the document (XMP Specification, January 2004). ISO 19005-1, 6.7.3: it says the same as
// the Info dictionary; 6.7.5: the packet header has no bytes and encoding attributes; 6.7.11: pdfaid.
func xmpPacket(r *Report) []byte {
	var b strings.Builder
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n" +
		"<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n" +
		"<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\">" +
		"<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n" +
		"<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">" +
		"<dc:format>application/pdf</dc:format>")
	fmt.Fprintf(&b, "<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></dc:title>", escape(r.Title))
	if r.Author != "" {
		fmt.Fprintf(&b, "<dc:creator><rdf:Seq><rdf:li>%s</rdf:li></rdf:Seq></dc:creator>", escape(r.Author))
	}
	if r.Subject != "" {
		fmt.Fprintf(&b, "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></dc:description>", escape(r.Subject))
	}
	fmt.Fprintf(&b, "<dc:language><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:language></rdf:Description>\n", escape(r.Language))
	at := xmpDate(r.Created)
	fmt.Fprintf(&b, "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">"+
		"<xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate></rdf:Description>\n", at, at)
	fmt.Fprintf(&b, "<rdf:Description rdf:about=\"\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">"+
		"<pdf:Producer>%s</pdf:Producer></rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n", producer)
	b.WriteString("<?xpacket end=\"r\"?>") // read-only: the packet has no padding to edit in place
	return []byte(b.String())
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func xmpDate(t time.Time) string { return wholeMinutes(t).Format("2006-01-02T15:04:05-07:00") }

// pdfDate is the form of PDF Reference 1.4, 3.8.2: D:20260102150405+01'00'.
func pdfDate(t time.Time) string {
	t = wholeMinutes(t)
	return t.Format("D:20060102150405") + strings.Replace(t.Format("-07:00"), ":", "'", 1) + "'"
}

// wholeMinutes gives the same instant with an offset that both date forms can hold: zones before 1911 had seconds in theirs.
func wholeMinutes(t time.Time) time.Time {
	if _, offset := t.Zone(); offset%60 != 0 {
		return t.UTC()
	}
	return t
}
