package drim

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// take judges an image that comes and gives it to the sink. Its error is that of
// the stream: the answer cannot be read any further. unused counts what the answer
// holds beside.
func (r *retrieving) take(ctx context.Context, e *examRun, src *source, asked dicomweb.Ref, image *dicomweb.Instance, unused *int) error {
	it, ok := r.claim(e, src, asked, image.Ref())
	if !ok {
		if *unused++; *unused > maxUnused+e.current.Manifest.Len() {
			return consumerError(opImages, segur.KindTooLarge, CodeImageNotListed, "the answer goes on with images that are not wanted")
		}
		return nil // the rest of it is skipped
	}
	defer r.release(it)
	in := &noting{r: image}
	head, err := dicomweb.ReadHead(in)
	if err != nil {
		return r.damaged(it, in, err)
	}
	if got := head.Ref(); got != it.Ref {
		r.wrong(e, src, it, got, consumerError(opImages, segur.KindProtocol, CodeWrongStudy, "the image is of another study or series than the manifest says"))
		return nil
	}
	bears, err := r.c.samePatient(e.current, head)
	if err != nil {
		r.wrong(e, src, it, head.Ref(), err)
		return nil
	}
	var changes []dicomweb.Change
	if r.edit != nil {
		changes = r.edit(head, e.current)
	}
	p := &spooled{s: r.spool}
	defer p.remove()
	// Edit follows the file to its end: nothing but a whole one gets through.
	if _, err := io.Copy(p, dicomweb.Edit(head.Content, changes...)); err != nil {
		switch {
		case in.err != nil:
			return in.err
		case p.err != nil:
			return r.broken(diskError("an image cannot be kept while it comes", p.err))
		case errors.Is(err, segur.ErrInvalidInput):
			r.notTaken(it, err)
			return nil
		}
		return r.damaged(it, in, err)
	}
	content, err := p.content()
	if err != nil {
		return r.broken(diskError("an image cannot be kept while it comes", err))
	}
	switch err := dicomweb.CheckPixels(content); {
	case segur.KindOf(err) == segur.KindInvalidInput:
		return r.broken(diskError("an image cannot be read again", err))
	case err != nil:
		r.withoutPixels(it, err)
		return nil
	}
	err = r.req.Sink.Put(ctx, &ReceivedImage{Header: head.Header, Exam: e.current, Host: src.host, Number: it.Number, Content: content, keep: p.keep})
	return r.given(e, it, src, ImageReport{Size: p.size, TransferSyntaxUID: head.TransferSyntaxUID, INS: bears}, err)
}

// claim finds the image among those that are wanted; false: it is not to be
// taken.
func (r *retrieving) claim(e *examRun, src *source, asked, got dicomweb.Ref) (*item, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	it := e.items[got.Instance]
	switch {
	case it == nil || got.Instance == "":
		e.stranger(src, got, consumerError(opImages, segur.KindProtocol, CodeImageNotListed, "the manifest does not list the image"))
		return nil, false
	case asked.Instance != "" && asked.Instance != got.Instance, asked.Series != it.Ref.Series:
		e.stranger(src, got, consumerError(opImages, segur.KindProtocol, CodeWrongStudy, "the image is of another series than the one that was asked for"))
		return nil, false
	case it.State == ImageReceived || it.taking:
		it.Duplicates++
		return nil, false
	case it.final:
		return nil, false
	}
	it.taking = true
	return it, true
}

func (r *retrieving) release(it *item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	it.taking = false
}

// damaged notes a file that is not whole; when the answer itself was cut, that is
// the error.
func (r *retrieving) damaged(it *item, in *noting, cause error) error {
	if in.err != nil {
		return in.err
	}
	e := consumerError(opImages, segur.KindProtocol, CodeImageDamaged, "the file came whole and is not")
	if segur.KindOf(cause) == segur.KindTruncated {
		e.Kind = segur.KindTruncated
	}
	e.Err = cause
	r.mu.Lock()
	defer r.mu.Unlock()
	it.Err = e
	return nil
}

// withoutPixels notes a file that holds less of an image than it says.
func (r *retrieving) withoutPixels(it *item, cause error) {
	e := consumerError(opImages, segur.KindTruncated, CodeImageWithoutPixels, "the file came whole and lacks pixels")
	e.Err = cause
	r.mu.Lock()
	defer r.mu.Unlock()
	it.Err = e
}

// wrong notes an image of somebody, or something, else.
func (r *retrieving) wrong(e *examRun, src *source, it *item, got dicomweb.Ref, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	it.State, it.Err, it.final = ImageWrong, err, true
	e.stranger(src, got, err)
}

// stranger notes an image that is not used. The lock is held.
func (e *examRun) stranger(src *source, got dicomweb.Ref, err error) {
	if e.strangers++; len(e.foreign) < maxForeign {
		e.foreign = append(e.foreign, ForeignImage{Ref: got, Host: src.host, Err: err})
	}
}

const (
	// maxForeign bounds the images of others that a report names.
	maxForeign = 100
	// maxUnused bounds those of one answer, and those that come twice, beyond all of
	// the exam: a source that goes on sends no exam.
	maxUnused = 1000
)

func (r *retrieving) notTaken(it *item, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	it.State, it.Err, it.final = ImageNotTaken, err, true
}

// broken ends the retrieval.
func (r *retrieving) broken(err error) error {
	b := sinkBroken{err}
	r.stop(b)
	return b
}

// given notes what the sink said.
func (r *retrieving) given(e *examRun, it *item, src *source, got ImageReport, err error) error {
	r.mu.Lock()
	if err != nil {
		it.State, it.Err, it.final = ImageNotTaken, asSegur(opImages, segur.KindUnknown, "the image was not taken", err), true
		r.failed++
		over := r.failed >= maxSourceFailures
		r.mu.Unlock()
		if over {
			return r.broken(it.Err)
		}
		return nil
	}
	r.failed = 0
	it.State, it.Err, it.Size, it.TransferSyntaxUID, it.INS = ImageReceived, nil, got.Size, got.TransferSyntaxUID, got.INS
	e.there++
	e.bytes += got.Size
	r.mu.Unlock()
	src.mu.Lock()
	src.received++
	src.bytes += got.Size
	src.mu.Unlock()
	r.tell()
	return nil
}

// samePatient judges an image by the patient of the exam, and reports whether it
// bears the INS.
func (c *Consumer) samePatient(o *OpenedExam, head *dicomweb.Head) (bears bool, err error) {
	accepted := append([]segur.INS{o.Manifest.INS, o.Exam.patient}, o.Exam.former...)
	// An image may bear a number of now and one of before: each that is the
	// patient's counts as the one of the manifest.
	judged := *head
	judged.PatientIDs = slices.Clone(head.PatientIDs)
	for i, id := range judged.PatientIDs {
		if !isINS(id) {
			continue
		}
		for _, a := range accepted {
			if !a.IsZero() && a.Matricule() == strings.ReplaceAll(id.Extension, " ", "") {
				judged.PatientIDs[i].Extension, bears = o.Manifest.INS.Matricule(), true
				break
			}
		}
	}
	if err := SamePatient(&CurrentManifest{INS: o.Manifest.INS}, o.Manifest, &judged); err != nil {
		e := asSegur(opImages, segur.KindRefused, "the image is not that of the patient", err)
		return false, &segur.Error{Op: opImages, Kind: e.Kind, Code: e.Code, Message: e.Message, Help: helpOf(CodeWrongPatient)}
	}
	if !bears && c.cfg.RequireINS {
		return false, consumerError(opImages, segur.KindRefused, CodeWrongPatient, "the image does not bear the INS of the patient")
	}
	return bears, nil
}
