package drim

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/transport"
)

// Storer is a local image archive as [Consumer.Export] needs it. A
// *[dicomweb.Client] is one.
type Storer interface {
	StoreAll(ctx context.Context, contents iter.Seq[segur.Content], o dicomweb.StoreOptions) iter.Seq2[dicomweb.InstanceResult, error]
}

// LocalIdentity is the patient as the local archive knows them: what an image
// bears once it is exported. Its printed forms are redacted.
type LocalIdentity struct {
	// INS says that this patient is the one of the exams: an export to anybody
	// else is refused. Required.
	INS segur.INS
	// PatientID is the local number (IPP). Required. Issuer names who assigned it,
	// IssuerOID is its OID. At least one of the two is required: a number without
	// them would be taken for one of the site that made the images.
	PatientID, Issuer string
	IssuerOID         segur.OID
	// Name is a DICOM PN, "family^given". Empty: that of the image stays. FoldName
	// writes it in the alphabet of INSi, without accents; without it an image whose
	// character set lacks a character of it is not exported.
	Name     string
	FoldName bool
	// BirthDate and Sex replace those of the image. Zero: they stay.
	BirthDate segur.Date
	Sex       segur.Sex
	// Accession is the number of the local order of the import. Empty: the image
	// has none, since that of another site may be the number of another exam here,
	// and the other numbers of that order go with it (Request Attributes and
	// Referenced Request Sequence, Placer and Filler Order Number); KeepAccession
	// leaves them as they are.
	Accession     string
	KeepAccession bool
	// System names the software that changes the images, for Original Attributes
	// Sequence. Empty: "segur".
	System string
}

// String is redacted.
func (l LocalIdentity) String() string { return "LocalIdentity(redacted)" }

// Format writes the redacted form whatever the verb.
func (l LocalIdentity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// LogValue makes slog write the redacted form.
func (l LocalIdentity) LogValue() slog.Value { return slog.StringValue(l.String()) }

// ExportRequest says which images go to the local archive.
type ExportRequest struct {
	// Exams are those of [Consumer.Open], of the patient of Local. Required.
	Exams []*OpenedExam
	// Local is that patient in the local archive. Required.
	Local LocalIdentity
	// PACS is the local archive. Required.
	PACS Storer
	// Store tunes how it is sent to. Zero batches are 20 instances, or 16 MiB, two
	// at a time: images wait on the disk until theirs is sent.
	Store dicomweb.StoreOptions
	// WholeOnly sends nothing before every image of every exam came: an exam of
	// which a part is missing leaves nothing in the archive. All of it then waits
	// on the disk.
	WholeOnly bool
	// Only and Progress are those of [RetrieveRequest].
	Only     func(s *kos.Series, i *kos.Instance) bool
	Progress func(RetrieveProgress)
}

// ExportReport is what became of an export.
type ExportReport struct {
	// Retrieved is what came from the sources.
	Retrieved *Completeness
	// Stored is what the archive said of each image that was sent.
	Stored []dicomweb.InstanceResult
}

// Complete reports whether the archive holds every image of the current
// manifests.
func (r *ExportReport) Complete() bool {
	return r.Retrieved != nil && r.Retrieved.Complete() && len(r.notHeld()) == 0
}

// notHeld are the images that came and that the archive does not hold, one by
// one: it may hold others, which a later manifest dropped.
func (r *ExportReport) notHeld() []dicomweb.Ref {
	held := map[dicomweb.Ref]bool{}
	for i := range r.Stored {
		if r.Stored[i].Outcome.OK() {
			held[r.Stored[i].Ref] = true
		}
	}
	var out []dicomweb.Ref
	for im := range r.Retrieved.images() {
		if im.State == ImageReceived && !held[im.Ref] {
			out = append(out, im.Ref)
		}
	}
	return out
}

// Held counts the images that the archive holds.
func (r *ExportReport) Held() int {
	n := 0
	for i := range r.Stored {
		if r.Stored[i].Outcome.OK() {
			n++
		}
	}
	return n
}

// Export retrieves the images of exams, see [Consumer.Retrieve], and sends them
// to the local archive (STOW-RS) under the local identity: Patient ID, its
// issuer, and the name, date of birth and sex that are given are replaced; Patient
// ID of the site that made the images goes to Other Patient IDs Sequence, with its
// issuer or the structure of the manifest, and so does the INS; Original
// Attributes Sequence says which of these and which accession number were
// replaced, when and by whom. The Admission ID is left out. UIDs stay.
//
// An image is sent only when it came whole; until then, and until the archive has
// answered, it is in a file of [ConsumerConfig.SpoolDir], which is removed
// afterwards whatever happens. The report is never nil once the request was
// understood; the error is nil only when every image that was asked for is held.
func (c *Consumer) Export(ctx context.Context, req ExportRequest) (*ExportReport, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	if req.Store.BatchBytes == 0 {
		req.Store.BatchBytes = 16 << 20
	}
	if req.Store.BatchInstances == 0 {
		req.Store.BatchInstances = 20
	}
	if req.Store.Parallel == 0 {
		req.Store.Parallel = 2
	}
	spool, err := newSpool(c.cfg.SpoolDir, true)
	if err != nil {
		return nil, err
	}
	defer spool.close()
	x := &exporting{req: &req, queue: make(chan string), ended: make(chan struct{})}
	report := &ExportReport{}
	var stored error
	var sending sync.WaitGroup
	finish := sync.OnceFunc(func() {
		close(x.queue)
		sending.Wait()
	})
	defer finish() // after cancel: also when the retrieval panics
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	send := func() {
		sending.Go(func() {
			defer close(x.ended)
			defer func() { x.panicked = recover() }()
			report.Stored, stored = x.send(ctx)
		})
	}
	if !req.WholeOnly {
		send()
	}
	at := c.cfg.Clock()
	get := RetrieveRequest{Exams: req.Exams, Sink: x, Only: req.Only, Progress: req.Progress}
	report.Retrieved, err = c.retrieve(ctx, opExport, get, spool, func(h *dicomweb.Head, o *OpenedExam) []dicomweb.Change {
		return req.Local.changes(h, o.Manifest, at)
	})
	if req.WholeOnly && err == nil {
		send()
		x.hand(ctx)
	}
	finish()
	if x.panicked != nil {
		panic(x.panicked) // in the goroutine of the call: the files are removed
	}
	switch {
	case stored != nil && x.sent > 0:
		return report, stored // it says more than that the sink failed
	case err != nil:
		return report, err
	}
	return report, report.err()
}

// err is nil when the archive holds all that came, whatever it said at its end.
func (r *ExportReport) err() error {
	lost := r.notHeld()
	if len(lost) == 0 {
		return nil
	}
	e := consumerError(opExport, segur.KindPartial, CodeNotStored, fmt.Sprintf("the local archive does not hold %d of %d images", len(lost), r.Retrieved.Count(ImageReceived)))
	for _, ref := range lost[:min(len(lost), maxImageDetails)] {
		e.Details = append(e.Details, segur.Detail{Field: ref.Instance, Code: CodeNotStored, Message: "is not held", Severity: "error"})
	}
	return e
}

func (req *ExportRequest) check() error {
	var p segur.Problems
	if req.PACS == nil {
		p.Add("pacs", "is required")
	}
	l := &req.Local
	if l.INS.IsZero() {
		p.Add("local.ins", "is required: it says that the patient is the one of the exams")
	}
	p.Require("local.patientID", l.PatientID)
	if l.Issuer == "" && l.IssuerOID == "" {
		p.Add("local.issuer", "is required, or its OID")
	}
	if l.IssuerOID != "" && !l.IssuerOID.Valid() {
		p.Add("local.issuerOID", "must be an OID")
	}
	if !l.BirthDate.IsZero() && !l.BirthDate.Complete() {
		p.Add("local.birthDate", "must be complete, or empty")
	}
	if err := p.Err(opExport); err != nil {
		return err
	}
	get := RetrieveRequest{Exams: req.Exams, Sink: SinkFunc(nil)}
	if err := get.check(opExport); err != nil {
		return err
	}
	for _, o := range req.Exams {
		if o.Exam.patient != l.INS {
			return consumerError(opExport, segur.KindRefused, CodeWrongPatient, "the local patient is not that of the exams")
		}
		if d := o.Manifest.Patient.BirthDate; d.Complete() && !o.Manifest.Patient.BirthDateInterpreted && l.BirthDate.Complete() && d != l.BirthDate {
			return consumerError(opExport, segur.KindRefused, CodeWrongPatient, "the date of birth of the local patient is not that of the exams")
		}
	}
	return nil
}

// exporting is one export on its way: the sink of the retrieval, and what the
// archive is given from.
type exporting struct {
	req   *ExportRequest
	queue chan string // files, whole, for who stores them
	ended chan struct{}
	sent  int
	// panicked is what the archive ended with, if it did.
	panicked any

	mu   sync.Mutex
	kept []string // with WholeOnly
}

// Put takes an image that came whole.
func (x *exporting) Put(ctx context.Context, image *ReceivedImage) error {
	path := image.keep()
	if x.req.WholeOnly {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.kept = append(x.kept, path)
		return nil
	}
	return x.give(ctx, path)
}

func (x *exporting) give(ctx context.Context, path string) error {
	select {
	case x.queue <- path:
		return nil
	case <-x.ended:
		_ = os.Remove(path)
		return consumerError(opExport, segur.KindUnavailable, CodeNotStored, "the local archive takes no more")
	case <-ctx.Done():
		_ = os.Remove(path)
		return transport.ContextError(opExport, ctx.Err())
	}
}

// hand gives all that was kept.
func (x *exporting) hand(ctx context.Context) {
	for _, path := range x.kept {
		if x.give(ctx, path) != nil {
			return
		}
	}
}

// send sends what the queue gives until it is closed.
func (x *exporting) send(ctx context.Context) (out []dicomweb.InstanceResult, err error) {
	var files []string // by index
	contents := func(yield func(segur.Content) bool) {
		for path := range x.queue {
			content, err := segur.FileContent(path)
			if err != nil {
				content = segur.BytesContent(nil) // is reported as no instance
			}
			files = append(files, path)
			x.sent++
			if !yield(content) {
				return
			}
		}
	}
	for r, failed := range x.req.PACS.StoreAll(ctx, contents, x.req.Store) {
		if failed != nil {
			err = failed
			break
		}
		out = append(out, r)
		_ = os.Remove(files[r.Index])
	}
	return out, err
}
