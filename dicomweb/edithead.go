package dicomweb

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/segur-sdk/segur"
)

// maxHead bounds the attributes that ReadHead holds, in bytes.
const maxHead = 1 << 20

// Tags of the identity of a patient.
const (
	tagIssuerQualifiers  Tag = 0x00100024
	tagOtherPatientIDs   Tag = 0x00101002
	tagUniversalEntityID Tag = 0x00400032
)

// Head is the beginning of a Part 10 file: what identifies the instance and its
// patient, in front of the content. Its printed forms are redacted.
type Head struct {
	Header
	// AccessionNumber identifies the order.
	AccessionNumber string
	// PatientIDs are the identifiers of the patient: Patient ID first, which may
	// be empty, then those of Other Patient IDs Sequence. Extension is the
	// identifier; Root the OID that qualifies its issuer, Assigner the name of
	// that, both often empty.
	PatientIDs []segur.Identifier
	// PatientName is the name as it stands, "family^given"; text that is not
	// UTF-8 is taken as Windows-1252.
	PatientName string
	// PatientBirthDate is the date of birth; zero when absent or malformed.
	PatientBirthDate segur.Date
	// Content is the whole file, what was looked at included. It is read once.
	Content io.Reader
}

// String returns a redacted form: the UIDs.
func (h *Head) String() string { return "Head(" + h.SOPInstanceUID + ", redacted)" }

// ReadHead reads the beginning of a Part 10 file up to its UIDs, at most 1 MiB,
// and gives the file with it. The error is [segur.ErrProtocol] and names the rule
// that is broken, [segur.ErrTruncated] for a file that is cut, or that of r.
func ReadHead(r io.Reader) (*Head, error) {
	const op = "dicomweb.ReadHead"
	seen := &bytes.Buffer{}
	h := &Head{Content: io.MultiReader(seen, r)}
	limited := &io.LimitedReader{R: io.TeeReader(r, seen), N: maxHead}
	w := newWalker(limited, -1)
	class, instance, err := w.readMeta(&h.Header)
	if err != nil {
		return nil, streamFault(op, err)
	}
	data, from := seen, w.pos
	if h.TransferSyntaxUID == DeflatedExplicitVRLE {
		data, from = &bytes.Buffer{}, 0
		plain := &inflated{r: flate.NewReader(w.br), left: maxHead}
		w.br, w.pos = bufio.NewReaderSize(io.TeeReader(plain, data), 4096), 0
	}
	to := int64(-1)
	w.visit = func(e fileElement) (bool, error) {
		if e.tag > TagSeriesInstanceUID {
			to = w.start
		}
		return to < 0, nil
	}
	if err := w.walk(); err != nil {
		if errors.Is(err, errCut) && (limited.N == 0) {
			err = rule("the attributes before the UIDs are larger than any are")
		}
		return nil, streamFault(op, err)
	}
	if to < 0 {
		to = w.pos
	}
	if err := h.fill(data.Bytes()[from:to], w.order, w.impl); err != nil {
		return nil, streamFault(op, err)
	}
	if err := h.check(class, instance); err != nil {
		return nil, streamFault(op, err)
	}
	return h, nil
}

// fill reads the attributes from the bytes that hold them.
func (h *Head) fill(b []byte, order binary.ByteOrder, impl bool) error {
	w := newWalker(bytes.NewReader(b), int64(len(b)))
	w.order, w.impl = order, impl
	value := func(e fileElement) string {
		if e.length == undefinedLength || e.at+int64(e.length) > int64(len(b)) {
			return ""
		}
		return strings.Trim(string(b[e.at:e.at+int64(e.length)]), " \x00")
	}
	h.PatientIDs = []segur.Identifier{{}}
	var within Tag // the element of the main data set at hand
	w.visit = func(e fileElement) (bool, error) {
		within = e.tag
		var dst *string
		switch e.tag {
		case TagSOPClassUID:
			dst = &h.SOPClassUID
		case TagSOPInstanceUID:
			dst = &h.SOPInstanceUID
		case TagStudyInstanceUID:
			dst = &h.StudyInstanceUID
		case TagSeriesInstanceUID:
			dst = &h.SeriesInstanceUID
		case TagAccessionNumber:
			dst = &h.AccessionNumber
		case TagPatientID:
			dst = &h.PatientIDs[0].Extension
		case TagIssuerOfPatientID:
			dst = &h.PatientIDs[0].Assigner
		case TagPatientName:
			dst = &h.PatientName
		case TagPatientBirthDate:
			if d, err := segur.ParseDate(strings.ReplaceAll(value(e), ".", "")); err == nil && d.Complete() {
				h.PatientBirthDate = d
			}
		}
		if dst != nil {
			if *dst != "" {
				return false, rule("an attribute that identifies the instance is given twice")
			}
			*dst = value(e)
		}
		if e.tag == TagPatientName && !utf8.ValidString(h.PatientName) {
			h.PatientName, _ = charmap.Windows1252.NewDecoder().String(h.PatientName) // every byte has a character
		}
		return true, nil
	}
	w.nested = func(e fileElement) error {
		last := &h.PatientIDs[len(h.PatientIDs)-1]
		switch {
		case within == tagIssuerQualifiers && e.tag == tagUniversalEntityID:
			h.PatientIDs[0].Root = segur.OID(value(e))
		case within != tagOtherPatientIDs:
		case e.tag == TagPatientID:
			h.PatientIDs = append(h.PatientIDs, segur.Identifier{Extension: value(e)})
		case len(h.PatientIDs) == 1:
		case e.tag == TagIssuerOfPatientID:
			last.Assigner = value(e)
		case e.tag == tagUniversalEntityID:
			last.Root = segur.OID(value(e))
		}
		return nil
	}
	return w.walk()
}

// streamFault classes an error met while a file passes; that of its source stays
// as it is.
func streamFault(op string, err error) error {
	var broken rule
	switch {
	case errors.As(err, &broken):
		return &segur.Error{Op: op, Kind: segur.KindProtocol, Message: string(broken)}
	case errors.Is(err, errCut):
		return &segur.Error{Op: op, Kind: segur.KindTruncated, Message: errCut.Error()}
	}
	return err
}
