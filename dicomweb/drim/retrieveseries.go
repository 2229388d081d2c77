package drim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
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
	whole := func() {
		err = r.ask(ctx, e, src, at, ref)
		r.mu.Lock()
		s.err = err
		r.mu.Unlock()
	}
	asWhole := r.untouched(e, s) || s.wholeOnly
	if asWhole {
		whole()
	}
	if !oneByOneHelps(err) || isNotFound(err) && e.replaced != "" || s.wholeOnly || r.isStale(e) || ctx.Err() != nil {
		r.settle(e, s, err)
		return
	}
	if r.images(ctx, e, s, src, at) && (err != nil && !isNotFound(err) || !asWhole) {
		// It knows of no image alone, as the reference implementation: the series is
		// asked for once more, now or once the record was searched.
		r.forgetGone(s)
		if !r.isStale(e) {
			whole()
		}
	}
	r.settle(e, s, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(s.items, func(it *item) bool { return it.State != ImageReceived && it.State != ImageNotAsked }) {
		s.err = nil // it came all the same
	}
}

// forgetGone takes back that images are gone: the source was not asked in a way
// that it understands.
func (r *retrieving) forgetGone(s *seriesRun) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.wholeOnly = true
	for _, it := range s.items {
		if it.State == ImageGone && isNotFound(it.Err) {
			it.State, it.Err, it.final = ImageMissing, nil, false
		}
	}
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

// images asks for what is missing, image by image; true: the source answered 404
// to all.
func (r *retrieving) images(ctx context.Context, e *examRun, s *seriesRun, src *source, at place) bool {
	r.mu.Lock()
	wanted := e.lacking(s)
	r.mu.Unlock()
	work := make(chan *item, len(wanted))
	for _, it := range wanted {
		work <- it
	}
	close(work)
	var mu sync.Mutex
	inRow, asked, unknown := 0, 0, 0
	over := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return inRow >= maxSourceFailures || ctx.Err() != nil || r.isStale(e) || src.givenUp() != nil
	}
	var wg sync.WaitGroup
	for range min(r.c.cfg.Parallel, len(wanted)) {
		r.start(&wg, func() {
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
				if !errors.Is(err, errStale) {
					asked++
				}
				if isNotFound(err) {
					unknown++
				}
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
	return asked > 0 && asked == unknown
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
	if s := r.c.cfg.Situation; s != "" {
		o.Header.Set("Situation", s)
	}
	unused := 0
	for image, failed := range r.c.web.Retrieve(ctx, ref, o) {
		if failed == nil {
			failed = r.take(ctx, e, src, ref, image, &unused)
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
