package drim

import (
	"context"
	"crypto/sha1" //nolint:gosec // the hash that XDS entries hold
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// OpenedExam is an exam whose manifest was read and checked. Its printed forms
// are redacted.
type OpenedExam struct {
	// Exam is what was opened. Its manifest may be a later one than was asked for,
	// see [Completeness].
	Exam *Exam
	// Manifest lists the images.
	Manifest *kos.Manifest
	// Warnings tell which deviations of the document were tolerated.
	Warnings []segur.Detail
	// KOS is the document.
	KOS []byte
}

// String is redacted: the study alone.
func (o OpenedExam) String() string { return "OpenedExam(" + o.Manifest.Study.UID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (o OpenedExam) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// LogValue makes slog write the redacted form.
func (o OpenedExam) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Open reads the manifest of an exam from the record. It is refused, and nothing
// of it is given, unless it has the hash and the size of its entry, is a DICOM
// file and a manifest, bears the identifier of its entry and the INS that was
// searched, and lists one study, that of its entry. Whether the addresses in it
// may be called is decided when they are. An exam without manifest is an
// [segur.ErrInvalidInput] error.
func (c *Consumer) Open(ctx context.Context, exam *Exam) (*OpenedExam, error) {
	var p segur.Problems
	if exam == nil || exam.Manifest == nil {
		p.Add("exam.manifest", "is required: the images of this exam are not shared")
		return nil, p.Err(opOpen)
	}
	if exam.patient.IsZero() {
		p.Add("exam", "must come from Exams: it says who was searched")
		return nil, p.Err(opOpen)
	}
	b, err := c.read(ctx, exam)
	if err != nil {
		return nil, err
	}
	return openManifest(exam, b)
}

// read gets the bytes of the manifest.
func (c *Consumer) read(ctx context.Context, exam *Exam) ([]byte, error) {
	r, err := c.cfg.Record.Open(ctx, exam.patient, exam.Manifest)
	if err != nil {
		return nil, asSegur(opOpen, segur.KindUnavailable, "the record does not give the manifest", err)
	}
	b, err := io.ReadAll(io.LimitReader(r, c.cfg.MaxManifestBytes+1))
	if e := r.Close(); err == nil && int64(len(b)) <= c.cfg.MaxManifestBytes {
		err = e
	}
	switch {
	case int64(len(b)) > c.cfg.MaxManifestBytes:
		return nil, consumerError(opOpen, segur.KindTooLarge, CodeNotAManifest, "the document is larger than any manifest is")
	case err != nil:
		return nil, asSegur(opOpen, segur.KindTruncated, "the manifest did not come whole", err)
	}
	return b, nil
}

// openManifest judges the bytes of a manifest by their entry.
func openManifest(exam *Exam, b []byte) (*OpenedExam, error) {
	wrong := func(message string) error {
		return consumerError(opOpen, segur.KindProtocol, CodeWrongManifest, message)
	}
	entry := exam.Manifest
	sum := sha1.Sum(b) //nolint:gosec // as above
	switch {
	case entry.Size > 0 && entry.Size != int64(len(b)):
		return nil, wrong("the manifest does not have the size that the record states")
	case entry.Hash != "" && !strings.EqualFold(entry.Hash, hex.EncodeToString(sum[:])):
		return nil, wrong("the manifest does not have the hash that the record states")
	case len(b) < 132 || string(b[128:132]) != "DICM":
		return nil, consumerError(opOpen, segur.KindProtocol, CodeNotAManifest, "the document is no DICOM file")
	}
	d, err := kos.Read(segur.BytesContent(b))
	if err != nil {
		e := consumerError(opOpen, segur.KindProtocol, CodeNotAManifest, "the document is no manifest that can be read")
		e.Err = err
		var known *segur.Error
		if errors.As(err, &known) {
			e.Details = known.Details
		}
		return nil, e
	}
	switch m := d.Manifest; {
	case d.Kind != kos.KindManifest || m == nil:
		return nil, consumerError(opOpen, segur.KindProtocol, CodeNotAManifest, "the document is a "+d.Kind.String()+", and no manifest")
	case m.UID != entry.UniqueID:
		return nil, wrong("the manifest does not bear the identifier of its entry")
	case m.INS != exam.patient && !slices.Contains(exam.former, m.INS):
		return nil, consumerError(opOpen, segur.KindRefused, CodeWrongPatient, "the manifest is of another patient")
	case len(d.More) > 0:
		return nil, consumerError(opOpen, segur.KindProtocol, CodeWrongStudy, "the manifest lists several studies")
	case !namesStudy(entry, m.Study.UID):
		return nil, consumerError(opOpen, segur.KindProtocol, CodeWrongStudy, "the manifest is of another study than its entry")
	}
	o := &OpenedExam{Exam: exam, Manifest: d.Manifest, Warnings: d.Warnings, KOS: b}
	if entry.Hash == "" {
		o.Warnings = append(o.Warnings, segur.Detail{Field: "entry.hash", Message: "is missing: the bytes were not compared", Severity: "warning"})
	}
	return o, nil
}

// namesStudy reports whether an entry names that study, or none.
func namesStudy(e *xds.DocumentEntry, uid string) bool {
	none := true
	for _, r := range e.References {
		if r.Type == xds.ReferenceStudy {
			if r.ID == uid {
				return true
			}
			none = false
		}
	}
	return none
}

// Addresses gives the host of each series that the manifest lists, by Series
// Instance UID, and why it may not be called: nil when it may be. No token is
// asked for.
func (c *Consumer) Addresses(o *OpenedExam) map[string]error {
	out := map[string]error{}
	for i := range o.Manifest.Series {
		s := &o.Manifest.Series[i]
		_, err := c.address(o.Manifest.Study.UID, s)
		out[s.UID] = err
	}
	return out
}

// address is where a series is: https, of that series of that study, on a host of
// the white list.
func (c *Consumer) address(study string, s *kos.Series) (place, error) {
	at := s.RetrieveURL
	if at == "" && s.RetrieveLocationUID != "" && c.cfg.Locations != nil {
		if base, ok := c.cfg.Locations(s.RetrieveLocationUID); ok {
			at = strings.TrimRight(base, "/") + dicomweb.Ref{Study: study, Series: s.UID}.Path()
		}
	}
	bad := func(code, message string) (place, error) {
		return place{}, consumerError(opImages, segur.KindRefused, code, message)
	}
	if at == "" {
		return bad(CodeBadAddress, "the manifest has no address for the series")
	}
	base, ref, err := dicomweb.SplitURL(at)
	switch {
	case err != nil:
		return bad(CodeBadAddress, "the address of the series is none that may be called")
	case ref != dicomweb.Ref{Study: study, Series: s.UID}:
		return bad(CodeWrongStudy, "the address is that of another study or series")
	}
	p := place{base: base}
	if err := p.parse(); err != nil {
		return bad(CodeBadAddress, "the address of the series is not https")
	}
	if err := c.cfg.Boxes(p.host); err != nil {
		return place{}, asSegur(opImages, segur.KindAuthorization, "the host is no source of the white list", err)
	}
	return p, nil
}

// ListedOperators is a CheckChain of [ConsumerConfig] that takes only a source
// whose server certificate is that of the operator of a box of the white list
// (DNCertificatOperateur), by one of the names in it. list gives the list in use,
// such as (*whitelist.Client).List; without a list no source is called.
//
// Whether that certificate is the one of the server is not settled: a source may
// have a commercial one, so this is off by default.
func ListedOperators(list func() *whitelist.List) func(ctx context.Context, chains segur.Chains) error {
	return func(_ context.Context, chains segur.Chains) error {
		leaf, l := chains.Leaf(), list()
		if leaf != nil && l != nil {
			for entry := range l.All() {
				host, _, err := net.SplitHostPort(entry.Box)
				if err != nil {
					host = entry.Box
				}
				if leaf.VerifyHostname(host) == nil && l.AllowsOperator(entry.Box, leaf) {
					return nil
				}
			}
		}
		return consumerError(opImages, segur.KindAuthorization, whitelist.CodeNotListed, "the certificate of the source is not that of its operator in the white list")
	}
}
