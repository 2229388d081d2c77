package dicomweb

import (
	"errors"
	"io"

	"github.com/segur-sdk/segur"
)

// maxParsed bounds the attributes of a file without its pixels, in bytes: what
// ReadDataset holds in memory.
const maxParsed = 64 << 20

// ReadDataset reads the attributes of a Part 10 file, without its pixels: what
// follows (7FE0,0000) is left out. The structure is checked first, as [OpenFile]
// does, so the lengths of a hostile file are never believed.
//
// Text is decoded by the character set of the data set or of the item; where
// that is not given or not known, text that is not UTF-8 is taken as
// Windows-1252, a superset of Latin-1. Padding is removed: blanks around values,
// but of LT, ST and UT, whose blanks are data, only the one that makes the length
// even. Binary values are little endian whatever the file. UN of a public
// attribute gets the value representation of the dictionary, UN of undefined
// length is a sequence (PS3.5 6.2.2), and a binary number of a length that its
// value representation cannot have is kept as [Bulk].
func ReadDataset(c segur.Content) (*Dataset, error) {
	ds, err := parseContent(c)
	if err != nil {
		return nil, inputError("dicomweb.ReadDataset", err)
	}
	return ds, nil
}

func parseContent(c segur.Content) (*Dataset, error) {
	var from, to int64 // the attributes without pixels, in the inflated bytes of a deflated file
	if err := withWalker(c, func(w *walker) (err error) {
		from, to, err = attributes(w)
		return err
	}); err != nil {
		return nil, err
	}
	if to-from > maxParsed {
		return nil, rule("the attributes without pixels are larger than any are")
	}
	body := make([]byte, to-from)
	var r elementReader
	if err := withWalker(c, func(w *walker) error {
		r = w.elements(body)
		_, err := io.ReadFull(w.br, body)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errCut
		}
		return err
	}); err != nil {
		return nil, err
	}
	return r.dataset(len(body), scope{charset: defaultCharset})
}

// Meta is what the file meta information of a Part 10 file says (PS3.10 7.1).
type Meta struct {
	// SOPClassUID (0002,0002) and SOPInstanceUID (0002,0003) may be empty, and
	// other than those of the data set.
	SOPClassUID, SOPInstanceUID string
	// TransferSyntaxUID is the encoding of the data set (0002,0010).
	TransferSyntaxUID string
}

// ReadMeta reads the file meta information alone, for files that [Inspect]
// refuses since it names another instance than their data set. The error is that
// of [ReadDataset].
func ReadMeta(c segur.Content) (Meta, error) {
	const op = "dicomweb.ReadMeta"
	if c == nil {
		return Meta{}, inputError(op, errNoContent)
	}
	rc, err := c.Open()
	if err != nil {
		return Meta{}, inputError(op, withoutPath(err))
	}
	var h Header
	class, instance, err := newWalker(rc, c.Size()).readMeta(&h)
	if err = errors.Join(withoutPath(err), rc.Close()); err != nil {
		return Meta{}, inputError(op, err)
	}
	return Meta{SOPClassUID: class, SOPInstanceUID: instance, TransferSyntaxUID: h.TransferSyntaxUID}, nil
}

// withWalker opens c and gives f a walker that stands at the data set.
func withWalker(c segur.Content, f func(*walker) error) error {
	if c == nil {
		return errNoContent
	}
	rc, err := c.Open()
	if err != nil {
		return withoutPath(err)
	}
	w := newWalker(rc, c.Size())
	var h Header
	if _, _, err = w.readMeta(&h); err == nil {
		if h.TransferSyntaxUID == DeflatedExplicitVRLE {
			w.inflate(2 * maxParsed)
		}
		err = f(w)
	}
	return errors.Join(withoutPath(err), rc.Close())
}

// attributes checks the structure and returns where the attributes without
// pixels are.
func attributes(w *walker) (from, to int64, err error) {
	from, to = w.pos, -1
	w.visit = func(e fileElement) (bool, error) {
		if e.tag >= 0x7FE00000 {
			to = w.start
			return false, nil
		}
		return true, nil
	}
	err = w.walk()
	if to < 0 {
		to = w.pos
	}
	return from, to, err
}
