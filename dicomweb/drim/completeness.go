package drim

import (
	"fmt"
	"iter"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// ImageState is what became of one image of a manifest.
type ImageState uint8

// The states. Only Received says that the image is there.
const (
	// ImageMissing: it did not come, and may come another time.
	ImageMissing ImageState = iota
	// ImageReceived: it came whole, is the one that was asked, and was taken.
	ImageReceived
	// ImageGone: the source no longer has it (404, 410).
	ImageGone
	// ImageRefused: it was not asked for, or the source refuses it to this user.
	ImageRefused
	// ImageWrong: what came in its place is of another patient or study, damaged,
	// or without its pixels. Nothing of it was given.
	ImageWrong
	// ImageNotTaken: it came whole, and the [Sink] failed.
	ImageNotTaken
	// ImageNotAsked: the caller left it out ([RetrieveRequest.Only]).
	ImageNotAsked
)

// String names the state in English.
func (s ImageState) String() string {
	return [...]string{"missing", "received", "gone", "refused", "wrong", "not taken", "not asked"}[min(s, ImageNotAsked)]
}

// ImageReport is what became of one image.
type ImageReport struct {
	// Ref is the image.
	Ref dicomweb.Ref
	// Number is its Instance Number; 0 when the manifest does not say.
	Number int
	// State is what became of it, Err why; nil when it was received.
	State ImageState
	Err   error
	// Size, in bytes, and TransferSyntaxUID are those of what was received.
	Size              int64
	TransferSyntaxUID string
	// INS says that the image bears the INS of the patient.
	INS bool
	// Duplicates is how often it came again. The first one counts.
	Duplicates int
}

// SeriesReport is what became of the images of one series.
type SeriesReport struct {
	// UID, Number, Modality and Description are those of the manifest.
	UID         string
	Number      int
	Modality    string
	Description string
	// Host is the source; empty when the series has no address that may be
	// called.
	Host string
	// Err is why the series as a whole could not be retrieved: its images may
	// have come one by one.
	Err error
	// Images are in the order of the manifest.
	Images []ImageReport
}

// Received counts the images that are there.
func (s *SeriesReport) Received() int { return s.Count(ImageReceived) }

// Count counts the images in a state.
func (s *SeriesReport) Count(state ImageState) int {
	n := 0
	for i := range s.Images {
		if s.Images[i].State == state {
			n++
		}
	}
	return n
}

// ForeignImage is an image that came and is not used. Nothing of it was given.
type ForeignImage struct {
	// Ref is what it says it is; some fields may be empty.
	Ref dicomweb.Ref
	// Host is who sent it, Err what is wrong with it.
	Host string
	Err  error
}

// DroppedImage is an image that a later manifest no longer lists.
type DroppedImage struct {
	// Ref is the image.
	Ref dicomweb.Ref
	// Given says that it was given before that was known: it is no longer shared.
	Given bool
}

// ExamCompleteness is what became of one exam.
type ExamCompleteness struct {
	// Exam is what was retrieved: that of a later manifest when the one asked for
	// was replaced in the meantime.
	Exam *OpenedExam
	// ReplacedUID is the manifest that was asked for, when another one took its
	// place; Added and Dropped are what changed.
	ReplacedUID string
	Added       []dicomweb.Ref
	Dropped     []DroppedImage
	// Withdrawn says that the record no longer has a manifest of the exam.
	Withdrawn bool
	// Series are those of the manifest.
	Series []SeriesReport
	// Foreign are images that came and are not used, the first hundred;
	// ForeignCount counts them all.
	Foreign      []ForeignImage
	ForeignCount int
	// Err is why the record could not be asked for the current manifest, or what
	// it gave be used. nil when it was not asked, too.
	Err error
}

// Complete reports whether every image of the current manifest came whole and is
// of its patient and study.
func (e *ExamCompleteness) Complete() bool {
	n := 0
	for i := range e.Series {
		if e.Series[i].Received() != len(e.Series[i].Images) {
			return false
		}
		n += len(e.Series[i].Images)
	}
	return n > 0 && n == e.Exam.Manifest.Len() && !e.Withdrawn && e.Err == nil
}

// SourceReport is how one source answered.
type SourceReport struct {
	// Host is the source.
	Host string
	// Requests counts the requests, Received the images and Bytes their size.
	Requests, Received int
	Bytes              int64
	// Err is why it was given up, nil when it was not.
	Err error
}

// Completeness is what became of a retrieval, image by image. It holds no patient
// data but in Exam, whose printed forms are redacted.
type Completeness struct {
	// Exams are in the order of the request.
	Exams []ExamCompleteness
	// Sources are in the order of their hosts.
	Sources []SourceReport
}

// Complete reports whether every exam is: every image of its current manifest,
// those that the caller left out included, came whole and is of its patient and
// study.
func (c *Completeness) Complete() bool {
	for i := range c.Exams {
		if !c.Exams[i].Complete() {
			return false
		}
	}
	return len(c.Exams) > 0
}

// Count counts the images in a state.
func (c *Completeness) Count(state ImageState) int {
	n := 0
	for im := range c.images() {
		if im.State == state {
			n++
		}
	}
	return n
}

// images gives the reports of all images.
func (c *Completeness) images() iter.Seq[*ImageReport] {
	return func(yield func(*ImageReport) bool) {
		for i := range c.Exams {
			for j := range c.Exams[i].Series {
				for k := range c.Exams[i].Series[j].Images {
					if !yield(&c.Exams[i].Series[j].Images[k]) {
						return
					}
				}
			}
		}
	}
}

// Image finds the report of an image, nil when no manifest lists it.
func (c *Completeness) Image(sopInstanceUID string) *ImageReport {
	for im := range c.images() {
		if im.Ref.Instance == sopInstanceUID {
			return im
		}
	}
	return nil
}

// err is nil when all that was asked for is there.
func (c *Completeness) err(op string) error {
	received, expected := 0, 0
	var causes []*segur.Error
	details := []segur.Detail{}
	add := func(field string, err error) {
		if err == nil {
			return
		}
		e := asSegur(op, segur.KindUnknown, "failed", err)
		causes = append(causes, e)
		if len(details) < maxImageDetails {
			details = append(details, segur.Detail{Field: field, Code: e.Code, Message: e.Kind.String() + ": " + e.Message, Severity: "error"})
		}
	}
	whole := true
	for i := range c.Exams {
		e := &c.Exams[i]
		switch {
		case e.Withdrawn:
			add(e.Exam.Manifest.Study.UID, consumerError(op, segur.KindNotFound, CodeExamWithdrawn, "the record no longer has a manifest of the exam"))
			whole = false
		case e.Err != nil:
			add(e.Exam.Manifest.Study.UID, e.Err)
			whole = false
		}
		for j := range e.Series {
			for k := range e.Series[j].Images {
				switch im := &e.Series[j].Images[k]; im.State {
				case ImageNotAsked:
				case ImageReceived:
					received++
					expected++
				default:
					expected++
					add(im.Ref.Instance, im.Err)
				}
			}
		}
	}
	if whole && received == expected && expected > 0 {
		return nil
	}
	out := consumerError(op, segur.KindPartial, CodeIncompleteExam, fmt.Sprintf("%d of %d images are there", received, expected))
	out.Details = details
	if received > 0 || len(causes) == 0 {
		return out
	}
	for _, e := range causes[1:] { // nothing came: for one reason, it is the error
		if e.Kind != causes[0].Kind || e.Code != causes[0].Code {
			return out
		}
	}
	first := causes[0]
	out.Kind, out.Code, out.Status, out.RetryAfter, out.Err = first.Kind, first.Code, first.Status, first.RetryAfter, first
	out.Help, out.Message = first.Help, out.Message+": "+first.Message
	return out
}

// maxImageDetails bounds how many images an error names; the report has them all.
const maxImageDetails = 100
