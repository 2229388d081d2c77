package drim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// errStale says that the exam is to be searched anew first.
var errStale = errors.New("the manifest is not the current one")

// sinkBroken ends the whole retrieval.
type sinkBroken struct{ error }

// oneSeries fetches a series, then what did not come image by image.
func (r *retrieving) oneSeries(ctx context.Context, e *examRun, s *seriesRun, at place) {
	src := r.source(at.host)
	ref := dicomweb.Ref{Study: e.current.Manifest.Study.UID, Series: s.of.UID}
	var err error
	if whole := r.untouched(e, s); whole {
		err = r.ask(ctx, e, src, at, ref)
		r.mu.Lock()
		s.err = err
		r.mu.Unlock()
	}
	if !oneByOneHelps(err) || isNotFound(err) && e.replaced != "" || r.isStale(e) || ctx.Err() != nil {
		r.settle(e, s, err)
		return
	}
	r.images(ctx, e, s, src, at)
	r.settle(e, s, err)
	r.mu.Lock()
	if len(e.lacking(s)) == 0 && err != nil && !slices.ContainsFunc(s.items, func(it *item) bool { return it.State != ImageReceived && it.State != ImageNotAsked }) {
		s.err = nil // it came all the same
	}
	r.mu.Unlock()
}

// untouched reports whether every image of the series is wanted: it is then asked
// for as a whole.
func (r *retrieving) untouched(e *examRun, s *seriesRun) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(e.lacking(s)) == len(s.items)
}

func (r *retrieving) isStale(e *examRun) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return e.stale && !e.searched
}

// oneByOneHelps reports whether images may come alone where the series did not.
func oneByOneHelps(err error) bool {
	var e *segur.Error
	if !errors.As(err, &e) {
		return err == nil
	}
	switch e.Kind {
	case segur.KindAuthentication, segur.KindAuthorization, segur.KindCanceled, segur.KindSignature, segur.KindInvalidInput, segur.KindRateLimited:
		return false
	case segur.KindRefused:
		return e.Status != http.StatusBadRequest
	}
	return true
}

// images asks for what is missing, image by image.
func (r *retrieving) images(ctx context.Context, e *examRun, s *seriesRun, src *source, at place) {
	r.mu.Lock()
	wanted := e.lacking(s)
	r.mu.Unlock()
	work := make(chan *item, len(wanted))
	for _, it := range wanted {
		work <- it
	}
	close(work)
	var mu sync.Mutex
	inRow := 0
	over := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return inRow >= maxSourceFailures || ctx.Err() != nil || r.isStale(e) || src.givenUp() != nil
	}
	var wg sync.WaitGroup
	for range min(r.c.cfg.Parallel, len(wanted)) {
		wg.Go(func() {
			for it := range work {
				if over() {
					return
				}
				r.mu.Lock()
				it.Err = nil // what counts is this time
				r.mu.Unlock()
				err := r.ask(ctx, e, src, at, it.Ref)
				r.alone(it, err)
				mu.Lock()
				if useless(err) {
					inRow++
				} else {
					inRow = 0
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// useless reports whether a request says more of the source than of the image.
func useless(err error) bool {
	var e *segur.Error
	return errors.As(err, &e) && e.Status != http.StatusGone && e.Code != dicomweb.CodeWrongInstance
}

// alone notes how the request for one image ended.
func (r *retrieving) alone(it *item, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if it.final || it.State == ImageReceived || errors.Is(err, errStale) {
		return
	}
	var e *segur.Error
	switch {
	case err == nil && it.Err == nil: // a whole answer, of something else
		it.Err = consumerError(opImages, segur.KindProtocol, CodeNotAnswered, "the source answered without the image")
	case err == nil:
		it.final = true
		if it.State == ImageMissing {
			it.State = ImageWrong // damaged, twice
		}
	case !errors.As(err, &e):
		it.Err = err
	case e.Kind == segur.KindNotFound:
		gone := consumerError(opImages, segur.KindNotFound, CodeImageGone, "the source no longer has the image")
		gone.Status, gone.Err = e.Status, e
		it.State, it.Err, it.final = ImageGone, gone, true
	case e.Kind == segur.KindAuthorization || e.Kind == segur.KindAuthentication || e.Kind == segur.KindRefused:
		it.State, it.Err = ImageRefused, err
	case e.Code == dicomweb.CodeWrongInstance:
		wrong := consumerError(opImages, segur.KindProtocol, CodeWrongStudy, "another image came than the one that was asked for")
		wrong.Err = e
		it.State, it.Err, it.final = ImageWrong, wrong, true
	default:
		it.Err = err
	}
}

// settle says of what is still missing why it is.
func (r *retrieving) settle(e *examRun, s *seriesRun, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.stale && !e.searched || errors.Is(err, errStale) {
		return
	}
	var known *segur.Error
	allGone := errors.As(err, &known) && known.Kind == segur.KindNotFound
	for _, it := range e.lacking(s) {
		switch {
		case it.Err != nil:
		case allGone && e.replaced != "":
			it.Err = consumerError(opImages, segur.KindConflict, CodeManifestReplaced, "the source does not know the manifest that took the place of the first")
		case allGone:
			gone := consumerError(opImages, segur.KindNotFound, CodeImageGone, "the source no longer has the series")
			gone.Status, gone.Err = known.Status, known
			it.State, it.Err = ImageGone, gone
		case known != nil && (known.Kind == segur.KindAuthentication || known.Kind == segur.KindAuthorization || known.Kind == segur.KindRefused):
			it.State, it.Err = ImageRefused, err
		case err != nil:
			it.Err = err
		}
	}
}

// ask makes one request and takes what comes.
func (r *retrieving) ask(ctx context.Context, e *examRun, src *source, at place, ref dicomweb.Ref) (err error) {
	if err := src.wait(ctx); err != nil {
		return err
	}
	defer func() { <-src.slots }()
	if err := src.givenUp(); err != nil {
		return err
	}
	if r.isStale(e) {
		return errStale
	}
	// Again, for each request: the list may have changed, and what follows is a
	// token.
	if err := r.c.cfg.Boxes(at.host); err != nil {
		return asSegur(opImages, segur.KindAuthorization, "the host is no source of the white list", err)
	}
	if r.c.cfg.SourceTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.c.cfg.SourceTimeout)
		defer cancel()
	}
	o := dicomweb.RetrieveOptions{
		URL: at.base + ref.Path(), SendCredentials: true, Accept: []string{r.c.accept},
		Header: http.Header{HeaderManifest: {e.current.Manifest.UID}},
	}
	for image, failed := range r.c.web.Retrieve(ctx, ref, o) {
		if failed == nil {
			failed = r.take(ctx, e, src, ref, image)
		}
		if failed != nil {
			err = failed
			break
		}
	}
	var broken sinkBroken
	if errors.As(err, &broken) {
		return err
	}
	src.outcome(err)
	if isNotFound(err) {
		r.mu.Lock()
		e.stale = true
		r.mu.Unlock()
	}
	return err
}

// isNotFound reports a 404: the source may hold another manifest now.
func isNotFound(err error) bool {
	var e *segur.Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// take judges an image that comes and gives it to the sink. Its error is that of
// the stream: the answer cannot be read any further.
func (r *retrieving) take(ctx context.Context, e *examRun, src *source, asked dicomweb.Ref, image *dicomweb.Instance) error {
	it, ok := r.claim(e, src, asked, image.Ref())
	if !ok {
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
		e.foreign = append(e.foreign, ForeignImage{Ref: got, Host: src.host,
			Err: consumerError(opImages, segur.KindProtocol, CodeImageNotListed, "the manifest does not list the image")})
		return nil, false
	case asked.Instance != "" && asked.Instance != got.Instance, asked.Series != it.Ref.Series:
		e.foreign = append(e.foreign, ForeignImage{Ref: got, Host: src.host,
			Err: consumerError(opImages, segur.KindProtocol, CodeWrongStudy, "the image is of another series than the one that was asked for")})
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

// wrong notes an image of somebody, or something, else.
func (r *retrieving) wrong(e *examRun, src *source, it *item, got dicomweb.Ref, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	it.State, it.Err, it.final = ImageWrong, err, true
	e.foreign = append(e.foreign, ForeignImage{Ref: got, Host: src.host, Err: err})
}

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

// tell tells of progress.
func (r *retrieving) tell() {
	if r.req.Progress == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	var p RetrieveProgress
	r.mu.Lock()
	for _, e := range r.exams {
		p.Received += e.there
		p.Expected += e.expected
		p.Bytes += e.bytes
	}
	r.mu.Unlock()
	r.req.Progress(p)
}

// samePatient judges an image by the patient of the exam, and reports whether it
// bears the INS.
func (c *Consumer) samePatient(o *OpenedExam, head *dicomweb.Head) (bears bool, err error) {
	accepted := append([]segur.INS{o.Manifest.INS, o.Exam.patient}, o.Exam.former...)
	ins := o.Manifest.INS
	for _, id := range head.PatientIDs {
		if !segur.IsINSAuthority(id.Root) || id.Extension == "" {
			continue
		}
		for _, a := range accepted {
			if a.Matricule() == strings.ReplaceAll(id.Extension, " ", "") {
				ins, bears = a, true
				break
			}
		}
	}
	if err := SamePatient(&CurrentManifest{INS: ins}, o.Manifest, head); err != nil {
		e := asSegur(opImages, segur.KindRefused, "the image is not that of the patient", err)
		return false, &segur.Error{Op: opImages, Kind: e.Kind, Code: e.Code, Message: e.Message, Help: consumerHelps[CodeWrongPatient]}
	}
	if !bears && c.cfg.RequireINS {
		return false, consumerError(opImages, segur.KindRefused, CodeWrongPatient, "the image does not bear the INS of the patient")
	}
	return bears, nil
}

// renew asks the record for the current manifest of the exam; false: there is
// nothing more to fetch.
func (r *retrieving) renew(ctx context.Context, e *examRun) bool {
	next, err := r.c.current(ctx, e.current, r.req.Exams)
	r.mu.Lock()
	defer r.mu.Unlock()
	e.searched = true
	switch {
	case err != nil:
		e.err = err
		for _, it := range e.items {
			if it.State == ImageMissing {
				it.Err = err
			}
		}
		return false
	case next == nil:
		e.withdrawn = true
		gone := consumerError(opImages, segur.KindNotFound, CodeExamWithdrawn, "the record no longer has a manifest of the exam")
		for _, it := range e.items {
			if it.State == ImageMissing {
				it.State, it.Err = ImageGone, gone
			}
		}
		return false
	case next.Manifest.UID == e.current.Manifest.UID:
		return true // it is the current one: the source lost images, not the exam
	}
	before, old := e.current, e.items
	e.replaced = before.Manifest.UID
	e.use(next)
	for ref := range next.Manifest.All() {
		if was := old[ref.Instance]; was == nil || was.Ref != ref {
			e.added = append(e.added, ref)
		}
	}
	for ref := range before.Manifest.All() {
		if is := e.items[ref.Instance]; is == nil || is.Ref != ref {
			e.dropped = append(e.dropped, DroppedImage{Ref: ref, Given: old[ref.Instance].State == ImageReceived})
		}
	}
	return true
}

// current opens the manifest that the record has now for the exam: the same one,
// a later one, or nil when there is none.
func (c *Consumer) current(ctx context.Context, o *OpenedExam, others []*OpenedExam) (*OpenedExam, error) {
	q := ExamQuery{Patient: o.Exam.patient, FormerINS: o.Exam.former, StudyUID: segur.OID(o.Manifest.Study.UID), WithoutReports: true}
	found, err := c.Exams(ctx, q)
	if err != nil {
		return nil, err
	}
	var candidates []*Exam
	for _, e := range found {
		if e.Manifest.UniqueID == o.Manifest.UID {
			return o, nil
		}
		if !slices.ContainsFunc(others, func(x *OpenedExam) bool { return x.Manifest.UID == e.Manifest.UniqueID }) {
			candidates = append(candidates, e)
		}
	}
	// Another site may share the same study: the versions of one manifest have the
	// same series, and are at the same source.
	slices.SortStableFunc(candidates, func(a, b *Exam) int { return b.Manifest.Created.Time.Compare(a.Manifest.Created.Time) })
	var failed error
	for _, e := range candidates {
		next, err := c.Open(ctx, e)
		if err != nil {
			failed = err
			continue
		}
		if next.Manifest.SeriesUID == o.Manifest.SeriesUID || sameHosts(next.Manifest, o.Manifest) {
			next.Exam.Reports = o.Exam.Reports
			return next, nil
		}
	}
	return nil, failed
}

// sameHosts reports whether two manifests have a source in common.
func sameHosts(a, b *kos.Manifest) bool {
	host := func(s *kos.Series) string {
		p := place{base: s.Base()}
		_ = p.parse()
		return p.host
	}
	hosts := map[string]bool{}
	for i := range a.Series {
		hosts[host(&a.Series[i])] = true
	}
	return slices.ContainsFunc(b.Series, func(s kos.Series) bool {
		h := host(&s)
		return h != "" && hosts[h]
	})
}
