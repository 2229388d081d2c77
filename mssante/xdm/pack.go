package xdm

import (
	"archive/zip"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	metadataName   = "METADATA.XML"
	stylesheetName = "CDA_FO.XSL"
	opPack         = "xdm.Pack"
	declaration    = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
)

// folder is where subset i is.
func folder(i int) string { return fmt.Sprintf("IHE_XDM/SUBSET%02d/", i+1) }

// Pack writes p as an IHE_XDM.ZIP and returns the metadata it wrote, with the
// warnings about them. Documents are streamed; the same package, clock and
// identifiers give the same bytes. Nothing is written when the package breaks
// a rule ([segur.ErrInvalidInput]); a document that changes while it is packed
// is [segur.ErrSignature].
func Pack(w io.Writer, p Package, o Options) (*Packed, error) {
	o = o.withDefaults()
	now := o.Clock()
	packed, err := p.submissions(o, now, (*xds.DocumentEntry).Digest)
	if err != nil {
		return nil, err
	}
	z := packer{zip: zip.NewWriter(w), now: now}
	if err := p.write(&z, packed.Submissions); err != nil {
		return packed, err
	}
	return packed, nil
}

// write writes the files of the archive, the start pages first.
func (p *Package) write(z *packer, submissions []xds.Submission) error {
	z.bytes("README.TXT", p.readme(submissions))
	z.bytes("INDEX.HTM", p.index(submissions))
	for i := range submissions {
		s, subset := &submissions[i], &p.Subsets[i]
		metadata, err := s.AppendXML([]byte(declaration))
		if err != nil {
			return err
		}
		z.bytes(folder(i)+metadataName, metadata)
		for j, d := range subset.Documents {
			z.document(folder(i)+s.Entries[j].URI, d.Content, &s.Entries[j])
		}
		if subset.Stylesheet != nil {
			z.document(folder(i)+stylesheetName, subset.Stylesheet, nil)
		}
	}
	if z.err == nil {
		z.err = z.zip.Close()
	}
	if z.err != nil {
		var e *segur.Error
		if !errors.As(z.err, &e) {
			z.err = &segur.Error{Op: opPack, Kind: segur.KindUnknown, Message: "the archive could not be written", Err: z.err}
		}
	}
	return z.err
}

// packer writes files until something fails.
type packer struct {
	zip *zip.Writer
	now time.Time
	err error
}

func (z *packer) create(name string) io.Writer {
	if z.err != nil {
		return nil
	}
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	// The two fields alone: [zip.FileHeader.Modified] would add an extra field
	// that plain readers of XDM media have no use for.
	h.ModifiedDate = uint16(max(z.now.Year()-1980, 0)<<9 | int(z.now.Month())<<5 | z.now.Day()) //nolint:gosec,staticcheck // see above
	h.ModifiedTime = uint16(z.now.Hour()<<11 | z.now.Minute()<<5 | z.now.Second()/2)            //nolint:gosec,staticcheck // see above
	var w io.Writer
	w, z.err = z.zip.CreateHeader(h)
	return w
}

func (z *packer) bytes(name string, b []byte) {
	if w := z.create(name); z.err == nil {
		_, z.err = w.Write(b)
	}
}

// document streams a content and makes sure that it is the one that was hashed.
func (z *packer) document(name string, c segur.Content, e *xds.DocumentEntry) {
	w := z.create(name)
	if z.err != nil {
		return
	}
	r, err := c.Open()
	if err != nil {
		z.err = &segur.Error{Op: opPack, Kind: segur.KindInvalidInput, Message: "cannot open a document", Err: err}
		return
	}
	h := sha1.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(w, h), r)
	if closing := r.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		z.err = err
	case e != nil && (n != e.Size || hex.EncodeToString(h.Sum(nil)) != e.Hash):
		z.err = &segur.Error{Op: opPack, Kind: segur.KindSignature, Message: "a document changed while it was packed"}
	}
}
