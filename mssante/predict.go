package mssante

import (
	"fmt"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/xdm"
)

// Size is what a mail will weigh once encoded, in bytes.
type Size struct {
	// Least and Most bound the size: the text and the PDF copies are known to
	// the byte, how well the documents deflate is not.
	Least, Most int64
	// Limit is what the recipients may get. The operator may announce less when
	// the mail is sent.
	Limit int64
}

// Predict bounds the size of the mail without reading a document or a PDF: to
// tell a user before building. It refuses what [Client.Compose] refuses, but
// for what only the documents show.
func (c *Client) Predict(m Message) (Size, error) {
	var p segur.Problems
	k := c.check(&m, &p)
	for i, d := range m.Documents {
		if d.PDF == nil {
			p.Add(fmt.Sprintf("documents[%d].pdf", i), "is required: each document has its PDF copy")
		}
	}
	if err := p.Err(opCompose); err != nil {
		return Size{}, err
	}
	return c.predict(&m, k, c.cfg.Clock())
}

// predict writes everything but the attachments to a writer that counts.
func (c *Client) predict(m *Message, k *checked, now time.Time) (Size, error) {
	const id = "00000000-0000-4000-8000-000000000000"
	w := &mimeWriter{counting: true, boundary: "=_" + id}
	c.write(w, m, k, id, now)
	room := xdm.Room{}
	if len(k.headers) > 0 {
		var err error
		if room, err = xdm.Predict(c.pack(m, k.headers, now), c.packOptions(now)); err != nil {
			return Size{}, ofMessage(err)
		}
		w.attachmentHeader("application/zip", ArchiveName)
	}
	names := pdfNames(m, k.headers)
	for i, d := range m.Documents {
		w.attachmentHeader("application/pdf", names[i])
		if d.PDF != nil {
			w.count += encodedLength(d.PDF.Size())
		}
	}
	w.end()
	s := Size{Least: w.count, Most: w.count, Limit: c.limit(k.to)}
	if len(k.headers) > 0 {
		s.Least += encodedLength(room.Least)
		s.Most += encodedLength(room.Most)
	}
	return s, w.err
}

// encodedLength is the length of n bytes in base64, in lines.
func encodedLength(n int64) int64 {
	b64 := (n + 2) / 3 * 4
	return b64 + (b64+lineLength-1)/lineLength*2
}

// pdfNames names the PDF copies, each differently.
func pdfNames(m *Message, headers []segur.DocumentHeader) []string {
	out := make([]string, len(headers))
	names := map[string]int{}
	for i, h := range headers {
		name := PDFName(h, m.Patient.Traits, m.FileNumber)
		if names[name]++; names[name] > 1 {
			name = fmt.Sprintf("%s_%d.pdf", strings.TrimSuffix(name, ".pdf"), names[name])
		}
		out[i] = name
	}
	return out
}
