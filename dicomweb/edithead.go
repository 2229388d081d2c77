package dicomweb

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"slices"
	"strings"

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
	// PatientName is the name as it stands, "family^given". Text is read as
	// [ReadDataset] reads it.
	PatientName string
	// PatientBirthDate is the date of birth; zero when absent or malformed.
	PatientBirthDate segur.Date
	// Content is the whole file, what was looked at included. It is read once.
	Content io.Reader
}

// String returns a redacted form: the UIDs.
func (h Head) String() string { return "Head(" + h.SOPInstanceUID + ", redacted)" }

// identity are the attributes that say what and whose an instance is: one that
// stands there twice says nothing.
var identity = []Tag{
	TagSOPClassUID, TagSOPInstanceUID, TagStudyInstanceUID, TagSeriesInstanceUID, TagAccessionNumber,
	TagPatientName, TagPatientID, TagIssuerOfPatientID, tagIssuerQualifiers, TagPatientBirthDate, tagOtherPatientIDs,
}

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
	met := map[Tag]bool{}
	w.visit = func(e fileElement) (bool, error) {
		if met[e.tag] && slices.Contains(identity, e.tag) {
			return false, rule("an attribute that identifies the instance is given twice")
		}
		met[e.tag] = true
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
	elements := w.elements(data.Bytes()[from:to])
	ds, err := elements.dataset(len(elements.b), scope{charset: defaultCharset})
	if err != nil {
		return nil, streamFault(op, err)
	}
	h.fill(ds)
	if err := h.check(class, instance); err != nil {
		return nil, streamFault(op, err)
	}
	return h, nil
}

// fill takes over the attributes. A value that a backslash takes apart, where
// there is one only, stays whole: half an identifier may be that of another.
func (h *Head) fill(ds *Dataset) {
	value := func(ds *Dataset, tag Tag) string { return strings.Join(ds.Values(tag), `\`) }
	identifier := func(ds *Dataset) segur.Identifier {
		id := segur.Identifier{Extension: value(ds, TagPatientID), Assigner: value(ds, TagIssuerOfPatientID)}
		for _, issuer := range ds.Items(tagIssuerQualifiers) {
			id.Root = segur.OID(value(issuer, tagUniversalEntityID))
		}
		return id
	}
	h.SOPClassUID, h.SOPInstanceUID = value(ds, TagSOPClassUID), value(ds, TagSOPInstanceUID)
	h.StudyInstanceUID, h.SeriesInstanceUID = value(ds, TagStudyInstanceUID), value(ds, TagSeriesInstanceUID)
	h.AccessionNumber, h.PatientName = value(ds, TagAccessionNumber), value(ds, TagPatientName)
	h.PatientBirthDate = ds.Date(TagPatientBirthDate)
	h.PatientIDs = []segur.Identifier{identifier(ds)}
	for _, item := range ds.Items(tagOtherPatientIDs) {
		if id := identifier(item); id.Extension != "" {
			h.PatientIDs = append(h.PatientIDs, id)
		}
	}
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
