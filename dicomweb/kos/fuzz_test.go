package kos_test

import (
	"testing"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// FuzzRead: whatever the file, Read ends with a document or with an error, and a
// manifest that it gives has what it promises.
func FuzzRead(f *testing.F) {
	m := build(f, func(_ *kos.Context, r *[]kos.Row) { *r = (*r)[:2] })
	f.Add(encode(f, m))
	m.Encoding.TransferSyntax = "1.2.840.10008.1.2"
	f.Add(encode(f, m))
	note, err := newNote(f, kos.TitleRejectedQuality, rows()[:1]).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(note)
	f.Add(encode(f, full(f)))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := kos.Read(segur.BytesContent(b))
		if err != nil {
			if d != nil {
				t.Fatal("a document beside an error")
			}
			return
		}
		switch d.Kind {
		case kos.KindManifest:
			if d.Note != nil || d.Manifest.INS.IsZero() || d.Manifest.UID == "" || d.Manifest.Study.UID == "" {
				t.Fatal("a manifest without what it is about")
			}
			for _, s := range d.Manifest.Series {
				if s.UID == "" {
					t.Fatal("a series without UID")
				}
			}
			_, _ = d.Manifest.Encode()
		case kos.KindRejection, kos.KindKeyImages:
			if d.Manifest != nil || len(d.Note.References) == 0 {
				t.Fatal("a note without references")
			}
			_, _ = d.Note.Encode()
		default:
			t.Fatal("no kind")
		}
	})
}

// FuzzParseText: every text is read, and what is read is written and read alike.
func FuzzParseText(f *testing.F) {
	f.Add("Examen : D\nActe = C : L\nSérie-1.2 : CT @ sein : X\n")
	f.Add("Serie-1.2 : CT : a @ b")
	f.Fuzz(func(_ *testing.T, s string) { _ = kos.ParseText(s).String() })
}
