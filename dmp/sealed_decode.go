package dmp

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const opDecode = "dmp.decode"

// DecodeOptions say where the documents of a stored submission are.
type DecodeOptions struct {
	// Open gives the document of an identifier (uniqueId). Required for what
	// [Sealed.EncodeWithoutDocuments] wrote; not called otherwise.
	Open func(uniqueID string) (segur.Content, error)
}

// Decode reads a submission that [Sealed.Encode] wrote: the same documents
// under the same identifiers, ready for [Client.Submit] or [Client.Resubmit].
// Everything is verified again: checksum, hash and size of each document, its
// digest for the signature, metadata, and whether this client may send it.
// Whether the identity is still qualified and the patient still does not oppose
// is for the caller to look up (see [Sealed.PreparedAt]): the outcome of a
// submission may have to be found out whatever has become of both.
//
// Embedded documents are held in memory, unless r is an [io.ReaderAt] and an
// [io.Seeker], such as a file: they are then read from it, and it must stay
// open until they are sent. r must end with the submission.
func (c *Client) Decode(r io.Reader, o DecodeOptions) (*Sealed, error) {
	s, err := c.decode(r, o)
	if err != nil {
		return nil, (&failure{op: opDecode}).typed(err)
	}
	return s, nil
}

func (c *Client) decode(r io.Reader, o DecodeOptions) (*Sealed, error) {
	place := inMemory
	if file, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		place = inFile(file)
	}
	h, contents, err := readSealed(r, &c.cfg.Settings, place)
	if err != nil {
		return nil, err
	}
	s, err := h.sealed()
	if err != nil {
		return nil, err
	}
	var p segur.Problems
	if !h.Embedded {
		for i, id := range s.DocumentIDs() {
			var content segur.Content
			if o.Open != nil {
				content, err = o.Open(id)
			}
			if err != nil || content == nil {
				p.Add(fmt.Sprintf("documents[%d].content", s.positions[i]), "cannot be found again (DecodeOptions.Open)")
			}
			contents = append(contents, content)
		}
		if err := p.Err(""); err != nil {
			return nil, err
		}
	}
	s.contents = contents
	c.verify(&p, s)
	if err := p.Err(""); err != nil {
		return nil, err
	}
	return s, nil
}

// inMemory holds a document, of the size that the limits let through.
func inMemory(r io.Reader, size int64) (segur.Content, error) {
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, size); err != nil {
		return nil, err
	}
	return segur.BytesContent(b.Bytes()), nil
}

// inFile leaves a document where it is.
func inFile(f interface {
	io.ReaderAt
	io.Seeker
}) func(io.Reader, int64) (segur.Content, error) {
	return func(r io.Reader, size int64) (segur.Content, error) {
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(io.Discard, r, size); err != nil { // through the checksum
			return nil, err
		}
		return section{f, at, size}, nil
	}
}

type section struct {
	r        io.ReaderAt
	at, size int64
}

func (s section) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(s.r, s.at, s.size)), nil
}
func (s section) Size() int64 { return s.size }

// sealed makes the submission of a header, without its documents.
func (h *sealedHead) sealed() (*Sealed, error) {
	lot, warnings, err := xds.ParseSubmission(h.Metadata)
	if err != nil || len(warnings) > 0 || len(lot.Entries) != len(h.Documents) || len(lot.Entries) == 0 {
		return nil, damaged(err)
	}
	ins, err := segur.ParseINS(h.Matricule, h.Authority)
	if err != nil || !segur.OID(h.Signature).Valid() {
		return nil, damaged(err)
	}
	s := &Sealed{submission: lot, patient: ins, private: h.Private, signature: h.Signature, sha256: h.SHA256, secret: h.Secret, warnings: h.Warnings}
	seen := map[int]bool{}
	for _, d := range h.Documents {
		if d.Position < 0 || d.Position >= maxDocuments || seen[d.Position] {
			return nil, damaged(nil)
		}
		seen[d.Position] = true
		s.positions = append(s.positions, d.Position)
		s.digests = append(s.digests, digests{size: d.Size, sha1: d.SHA1, manifest: d.Manifest, canonical: d.Canonical, check: d.Check})
	}
	// The names of a message are given anew when it is sent.
	s.submission.Set.ID, s.submission.Associations = "", nil
	for i := range s.submission.Entries {
		s.submission.Entries[i].ID = ""
	}
	again, err := s.metadata()
	if err != nil || !bytes.Equal(again, h.Metadata) {
		return nil, damaged(err)
	}
	return s, nil
}

// verify applies the rules of Prepare to what was stored.
func (c *Client) verify(p *segur.Problems, s *Sealed) {
	_, err := s.submission.Validate(xds.Rules{AllowUnknownCodes: c.cfg.Settings.AllowUnknownCodes})
	var metadata *segur.Error
	if errors.As(err, &metadata) {
		addMetadata(p, s.renamed(metadata.Details))
	}
	if !s.submission.Set.PatientID.Same(xds.INSPatientID(s.patient)) {
		p.Add("patient.ins", "is not that of the lot")
	}
	secret := c.session(s)
	p.Merge("", secret.checkSealed(s))
	for i := range s.submission.Entries {
		e, want := &s.submission.Entries[i], &s.digests[i]
		path := fmt.Sprintf("documents[%d]", s.positions[i])
		secret.checkVisibility(p, path+".visibility", e)
		got, err := digest(s.contents[i], isXML(e.MimeType), s.sha256)
		switch {
		case err != nil:
			p.Merge(path+".content", err)
			continue
		case got.size != want.size || got.sha1 != want.sha1 || got.check != want.check || got.canonical != want.canonical ||
			!bytes.Equal(got.manifest, want.manifest) || got.sha1 != e.Hash || got.size != e.Size:
			p.Add(path+".content", "is no longer the one that was prepared")
		}
		checkFormat(p, path, e, &got)
		checkBytes(p, path, e, &got, segur.Patient{INS: s.patient})
	}
}
