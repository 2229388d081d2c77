package xdm

import (
	"archive/zip"
	"bytes"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/segur-sdk/segur"
)

// verify reads every document once and compares size and hash.
func (a *Archive) verify(o ReadOptions) error {
	var failed *segur.Error
	seen := map[*zip.File]*inflated{} // two entries may name one file
	for i := range a.Sets {
		for j := range a.Sets[i].Documents {
			d := &a.Sets[i].Documents[j]
			field := fmt.Sprintf("sets[%d].entries[%d]", i, j)
			if seen[d.file] == nil {
				seen[d.file] = inflate(d.file)
			}
			err := a.verifyOne(d, seen[d.file], field, o)
			var e *segur.Error
			switch {
			case err == nil:
			case failed == nil && errors.As(err, &failed):
			case errors.As(err, &e):
				failed.Details = append(failed.Details, e.Details...)
			}
		}
	}
	if failed != nil {
		return failed
	}
	return nil
}

// inflated is what a file of the archive holds.
type inflated struct {
	size      int64
	hash      string
	open, err error
}

func inflate(f *zip.File) *inflated {
	r, err := f.Open()
	if err != nil {
		return &inflated{open: err}
	}
	defer r.Close() //nolint:errcheck // nothing is pending on a reader
	h := sha1.New() //nolint:gosec // see the import
	n, err := io.Copy(h, bounded(r, f))
	return &inflated{size: n, hash: hex.EncodeToString(h.Sum(nil)), err: err}
}

func (a *Archive) verifyOne(d *Received, f *inflated, field string, o ReadOptions) error {
	switch {
	case f.open != nil:
		return refuse(segur.KindProtocol, CodeNotZip, field, "the file cannot be opened", f.open)
	case errors.Is(f.err, zip.ErrChecksum):
		return refuse(segur.KindSignature, CodeDifferentHash, field, "the file does not have the checksum of the archive", f.err)
	case f.err != nil:
		return refuse(segur.KindTruncated, CodeNotZip, field, "the file cannot be inflated to its end", f.err)
	}
	if d.Entry.Hash == "" || d.Entry.Size == 0 {
		if !o.AllowMissingHash {
			return refuse(segur.KindProtocol, CodeDifferentHash, field, "the metadata give no hash or no size", nil)
		}
		a.repair(RepairMissingHash, field, "the metadata give no hash or no size: the document could not be checked")
	}
	if n := f.size; d.Entry.Size != 0 && n != d.Entry.Size {
		// A known system counts one byte more for the signature of a set.
		if !d.Entry.IsSignature() || n-d.Entry.Size > 1 || d.Entry.Size-n > 1 {
			return refuse(segur.KindSignature, CodeDifferentSize, field+".size", "the file does not have the size that the metadata announce", nil)
		}
		a.repair(RepairSignatureSize, field+".size", "the size of the signature is off by one")
	}
	announced := strings.TrimSpace(d.Entry.Hash)
	if announced != "" && !strings.EqualFold(f.hash, announced) {
		return refuse(segur.KindSignature, CodeDifferentHash, field+".hash", "the file does not have the hash that the metadata announce", nil)
	}
	if d.Entry.Hash != "" && f.hash != d.Entry.Hash {
		a.repair(RepairHashCase, field+".hash", "is not written in lower case")
		d.Entry.Hash = f.hash
	}
	return nil
}

// Open reads the document. Its bytes were checked when the archive was opened
// and are checked again on the way: the reader ends with a [segur.ErrSignature]
// error instead of io.EOF when they changed since.
func (d *Received) Open() (io.ReadCloser, error) {
	r, err := d.file.Open()
	if err != nil {
		return nil, refuse(segur.KindTruncated, CodeNotZip, "", "the file cannot be opened", err)
	}
	return &checked{r: r, limited: bounded(r, d.file), hash: sha1.New(), want: d.Entry.Hash}, nil //nolint:gosec // see the import
}

// Size is the length of the document in bytes; with Open it makes a Received
// a [segur.Content].
func (d *Received) Size() int64 { return int64(d.file.UncompressedSize64) } //nolint:gosec // bounded by Limits

type checked struct {
	r       io.Closer
	limited io.Reader
	hash    hash.Hash
	want    string
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.limited.Read(p)
	c.hash.Write(p[:n])
	switch {
	case errors.Is(err, io.EOF) && c.want != "" && !strings.EqualFold(hex.EncodeToString(c.hash.Sum(nil)), c.want):
		return n, refuse(segur.KindSignature, CodeDifferentHash, "", "the document changed since the archive was opened", nil)
	case err != nil && !errors.Is(err, io.EOF):
		return n, refuse(segur.KindTruncated, CodeNotZip, "", "the document cannot be read to its end", err)
	}
	return n, err
}

func (c *checked) Close() error { return c.r.Close() }

// bounded stops a file that inflates to more than it announces, which was
// compared with the limits.
func bounded(r io.Reader, f *zip.File) io.Reader {
	return &boundedReader{r: r, left: int64(f.UncompressedSize64)} //nolint:gosec // bounded by Limits
}

type boundedReader struct {
	r    io.Reader
	left int64
}

var errLonger = errors.New("the file inflates to more than it announces")

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errLonger
	}
	return n, err
}

func readAll(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // nothing is pending on a reader
	return io.ReadAll(bounded(r, f))
}

var declaredEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*?\?>`)

// toUTF8 recodes XML that declares ISO-8859-1, ISO-8859-15 or Windows-1252 and
// drops its declaration. Whatever else is not UTF-8 is left to the XML reader,
// which refuses it.
func toUTF8(b []byte) (out []byte, recoded bool) {
	m := declaredEncoding.FindSubmatch(b[:min(len(b), 256)])
	if m == nil {
		return b, false
	}
	table := charmap.ISO8859_1
	switch strings.ToUpper(string(m[1])) {
	case "ISO-8859-1", "LATIN1":
	case "ISO-8859-15":
		table = charmap.ISO8859_15
	case "WINDOWS-1252", "CP1252":
		table = charmap.Windows1252
	default:
		return b, false
	}
	var w bytes.Buffer
	for _, c := range b[len(m[0]):] {
		w.WriteRune(table.DecodeByte(c))
	}
	return w.Bytes(), true
}
