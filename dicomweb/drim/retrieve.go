package drim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/transport"
)

// RetrieveRequest says which images are wanted, and who takes them.
type RetrieveRequest struct {
	// Exams are those of [Consumer.Open], of one patient. Required.
	Exams []*OpenedExam
	// Sink takes the images: [SaveTo], [SinkFunc]. Required.
	Sink Sink
	// Only selects images: those of one series, the key images. It is asked anew
	// for a manifest that takes the place of another one. nil: all.
	Only func(s *kos.Series, i *kos.Instance) bool
	// Progress is told of each image that came. Its calls do not overlap, and it
	// must not block. nil: nobody is told.
	Progress func(RetrieveProgress)
}

// RetrieveProgress is how far a retrieval is.
type RetrieveProgress struct {
	// Received of the Expected images are there.
	Received, Expected int
	// Bytes is their size.
	Bytes int64
}

// Retrieve fetches the images of exams, from all their sources at the same time,
// series by series. A token is asked for only once the host has passed the white
// list, over https, and follows no redirection. Each image is given to the sink
// when it came whole and is listed by the manifest, of its study, its series and
// its patient ([SamePatient]); nothing is given of any other.
//
// What an answer left out, or a cut one, is asked for once more, image by image.
// When a source answers 404 the record is asked once for the current manifest of
// the exam, and that one counts from then on: what it adds is fetched, and the
// report says what it dropped. A source that does not answer holds up no other.
//
// The report is never nil once the request was understood. The error is nil only
// when every image that was asked for is there; [segur.ErrPartial] when some are,
// with the first hundred others in Details; and the common reason when none is.
// [Completeness.Complete] says whether the exams are whole.
func (c *Consumer) Retrieve(ctx context.Context, req RetrieveRequest) (*Completeness, error) {
	if err := req.check(opImages); err != nil {
		return nil, err
	}
	spool, err := newSpool(c.cfg.SpoolDir, false)
	if err != nil {
		return nil, err
	}
	defer spool.close()
	return c.retrieve(ctx, opImages, req, spool, nil)
}

// changesOf gives the changes to make to an image on its way.
type changesOf func(*dicomweb.Head, *OpenedExam) []dicomweb.Change

// retrieve fetches the images of a request that was checked.
func (c *Consumer) retrieve(ctx context.Context, op string, req RetrieveRequest, spool *spool, edit changesOf) (*Completeness, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &retrieving{c: c, req: req, edit: edit, spool: spool, stop: cancel, sources: map[string]*source{}, panicked: make(chan any, 1)}
	for _, o := range req.Exams {
		r.exams = append(r.exams, newExamRun(o, req.Only))
	}
	var wg sync.WaitGroup
	for _, e := range r.exams {
		r.start(&wg, func() { r.exam(ctx, e) })
	}
	wg.Wait()
	select {
	case p := <-r.panicked:
		panic(p)
	default:
	}
	report := r.report()
	err := report.err(op)
	var broken sinkBroken
	switch {
	case err == nil:
	case errors.As(context.Cause(ctx), &broken):
		err = broken.error
	case ctx.Err() != nil:
		err = transport.ContextError(op, ctx.Err())
	}
	return report, err
}

func (req *RetrieveRequest) check(op string) error {
	var p segur.Problems
	if len(req.Exams) == 0 {
		p.Add("exams", "must hold at least one")
	}
	seen := map[string]bool{}
	for i, o := range req.Exams {
		field := fmt.Sprintf("exams[%d]", i)
		switch {
		case o == nil || o.Manifest == nil || o.Exam == nil || o.Exam.patient.IsZero():
			p.Add(field, "must come from Open")
			continue
		case seen[o.Manifest.UID]:
			p.Add(field, "is there twice")
		case req.Exams[0] != nil && req.Exams[0].Exam != nil && o.Exam.patient != req.Exams[0].Exam.patient:
			p.Add(field, "is of another patient than the first")
		}
		seen[o.Manifest.UID] = true
	}
	if req.Sink == nil {
		p.Add("sink", "is required")
	}
	return p.Err(op)
}

// retrieving is one call of Retrieve.
type retrieving struct {
	c     *Consumer
	req   RetrieveRequest
	edit  changesOf
	spool *spool
	stop  context.CancelCauseFunc
	exams []*examRun

	mu      sync.Mutex // guards all of the rest, and the items of exams
	sources map[string]*source
	failed  int // calls of the sink in a row
	// telling is held while Progress is called.
	telling sync.Mutex
	// panicked holds the first panic.
	panicked chan any
}

// start runs f in a goroutine. A panic of what the caller gave (sink, progress,
// tokens …) ends the retrieval and becomes one of the call: a process that dies
// here would leave images of a patient on the disk.
func (r *retrieving) start(wg *sync.WaitGroup, f func()) {
	wg.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				select {
				case r.panicked <- p:
				default:
				}
				r.stop(context.Canceled)
			}
		}()
		f()
	})
}

func (r *retrieving) source(host string) *source {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sources[host]
	if s == nil {
		s = &source{host: host, slots: make(chan struct{}, r.c.cfg.Parallel)}
		r.sources[host] = s
	}
	return s
}

// examRun is the retrieval of one exam.
type examRun struct {
	current  *OpenedExam
	only     func(*kos.Series, *kos.Instance) bool
	series   []*seriesRun
	items    map[string]*item // by SOP Instance UID
	replaced string
	added    []dicomweb.Ref
	dropped  []DroppedImage
	foreign  []ForeignImage // the first of the strangers
	// strangers counts the images that came and are not used.
	strangers int
	err       error

	expected, there int   // images asked for, and received
	bytes           int64 // of those

	stale     bool // a source does not know the manifest
	searched  bool // the record was asked
	withdrawn bool
}

type seriesRun struct {
	of    *kos.Series
	host  string
	err   error
	items []*item
	// wholeOnly: the source gives no image alone.
	wholeOnly bool
}

// item is one image that is wanted.
type item struct {
	ImageReport
	taking bool
	final  bool // asking again is of no use
}

func newExamRun(o *OpenedExam, only func(*kos.Series, *kos.Instance) bool) *examRun {
	e := &examRun{only: only}
	e.use(o)
	return e
}

// use takes a manifest as the current one; what came already stays.
func (e *examRun) use(o *OpenedExam) {
	before := e.items
	e.current, e.series, e.items = o, nil, map[string]*item{}
	e.expected, e.there, e.bytes = 0, 0, 0
	for i := range o.Manifest.Series {
		s := &o.Manifest.Series[i]
		run := &seriesRun{of: s}
		for j := range s.Instances {
			in := &s.Instances[j]
			ref := dicomweb.Ref{Study: o.Manifest.Study.UID, Series: s.UID, Instance: in.UID}
			it := &item{ImageReport: ImageReport{Ref: ref, Number: in.Number}}
			if old := before[in.UID]; old != nil && old.Ref == ref && (old.State == ImageReceived || old.State == ImageNotTaken) {
				it = old
			}
			if e.only != nil && !e.only(s, in) && it.State != ImageReceived {
				it.State, it.final = ImageNotAsked, true
			} else {
				e.expected++
			}
			if it.State == ImageReceived {
				e.there++
				e.bytes += it.Size
			}
			run.items = append(run.items, it)
			e.items[in.UID] = it
		}
		e.series = append(e.series, run)
	}
}

// exam fetches one exam, and once more when its manifest was replaced.
func (r *retrieving) exam(ctx context.Context, e *examRun) {
	r.allSeries(ctx, e)
	if !e.stale || ctx.Err() != nil {
		return
	}
	if r.renew(ctx, e) {
		r.allSeries(ctx, e)
	}
}

// allSeries fetches what is missing, from every source at the same time.
func (r *retrieving) allSeries(ctx context.Context, e *examRun) {
	type todo struct {
		s  *seriesRun
		at place
	}
	queues := map[string][]todo{} // by host: a manifest may give each series another base
	for _, s := range e.series {
		r.mu.Lock()
		wanted := e.lacking(s)
		r.mu.Unlock()
		if len(wanted) == 0 {
			continue
		}
		at, err := r.c.address(e.current.Manifest.Study.UID, s.of)
		if err != nil {
			r.mu.Lock()
			s.err = err
			for _, it := range wanted {
				it.State, it.Err, it.final = ImageRefused, err, true
			}
			r.mu.Unlock()
			continue
		}
		s.host = at.host
		queues[at.host] = append(queues[at.host], todo{s, at})
	}
	var wg sync.WaitGroup
	for _, q := range queues {
		work := make(chan todo, len(q))
		for _, t := range q {
			work <- t
		}
		close(work)
		for range min(r.c.cfg.Parallel, len(q)) {
			r.start(&wg, func() {
				for t := range work {
					r.oneSeries(ctx, e, t.s, t.at)
				}
			})
		}
	}
	wg.Wait()
}

// lacking are the images of a series that may still come. The lock is held.
func (e *examRun) lacking(s *seriesRun) []*item {
	return slices.DeleteFunc(slices.Clone(s.items), func(it *item) bool { return it.final || it.State == ImageReceived })
}

// report makes the report of what is known.
func (r *retrieving) report() *Completeness {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &Completeness{}
	for _, e := range r.exams {
		x := ExamCompleteness{Exam: e.current, ReplacedUID: e.replaced, Added: e.added, Dropped: e.dropped, Withdrawn: e.withdrawn, Foreign: e.foreign, ForeignCount: e.strangers, Err: e.err}
		for _, s := range e.series {
			sr := SeriesReport{UID: s.of.UID, Number: s.of.Number, Modality: s.of.Modality, Description: s.of.Description, Host: s.host, Err: s.err}
			for _, it := range s.items {
				if it.State == ImageMissing && it.Err == nil {
					it.Err = orErr(s.err, consumerError(opImages, segur.KindPartial, CodeNotAnswered, "was not asked for: the call ended before"))
				}
				sr.Images = append(sr.Images, it.ImageReport)
			}
			x.Series = append(x.Series, sr)
		}
		out.Exams = append(out.Exams, x)
	}
	for _, host := range slices.Sorted(maps.Keys(r.sources)) {
		s := r.sources[host]
		out.Sources = append(out.Sources, SourceReport{Host: host, Requests: s.requests, Received: s.received, Bytes: s.bytes, Err: s.dead})
	}
	return out
}

func orErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
