package dicomweb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// CodeCannotWrite is the code of a file that the disk does not take.
const CodeCannotWrite = "cannot-write"

// DownloadOptions tunes [Client.Download].
type DownloadOptions struct {
	// Dir is where files go, as <SOP Instance UID>.dcm. It is made when it is
	// not there.
	Dir string
	// Parallel is the number of requests at a time, at most 64. 0: 4.
	Parallel int
	// Resume keeps the whole files of these instances that Dir holds already.
	// Otherwise they are fetched again.
	Resume bool
	// Instances are those that must come, of a manifest say, all within the
	// reference. Empty: those that the server lists.
	Instances []Ref
	// Trust takes the files as they come. Otherwise the structure of each is
	// followed to its end, and one that the server itself holds cut does not
	// count as there.
	Trust bool
	// Progress is told of what came, ten times a second at most, and at the
	// end. Its calls do not overlap. nil: nobody is told.
	Progress func(Progress)
	// Retrieve tunes the retrievals. Its URL is not used.
	Retrieve RetrieveOptions
}

// Download fetches the instances of a study, of a series, or one, into a folder.
// It asks the server what it holds, keeps what an earlier download left, fetches
// series in parallel, and what a cut answer left out once more, instance by
// instance. A file gets its name only once it is whole.
//
// The report is never nil once the call was understood, and the error is nil
// only when it is complete. Otherwise it is [segur.ErrPartial], whose Details
// name what is missing, or the error that ended everything: cancelled, refused,
// the disk.
func (c *Client) Download(ctx context.Context, ref Ref, o DownloadOptions) (*DownloadReport, error) {
	var p segur.Problems
	ref.check(&p, "ref")
	o.check(&p, ref)
	if err := p.Err(opRetrieve); err != nil {
		return nil, err
	}
	if o.Parallel == 0 {
		o.Parallel = 4
	}
	report := &DownloadReport{}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return report, writeError(err)
	}
	list := o.Instances
	if len(list) == 0 {
		var err error
		list, err = c.list(ctx, ref, []RetrieveOptions{o.Retrieve})
		switch {
		case len(list) > 0 && errors.Is(err, segur.ErrPartial):
			report.Unlisted = true
		case err != nil:
			return report, err
		}
	}
	d := newDownload(c, ref, o, list)
	d.resume(ctx)
	d.run(ctx, d.seriesTasks())
	d.run(ctx, d.instanceTasks())
	return d.finish(ctx, report)
}

func (o *DownloadOptions) check(p *segur.Problems, ref Ref) {
	if o.Dir == "" {
		p.Add("dir", "is required")
	}
	if o.Parallel < 0 || o.Parallel > maxParallel {
		p.Add("parallel", "must be between 1 and 64")
	}
	seen := map[string]bool{}
	for i, r := range o.Instances {
		field := fmt.Sprintf("instances[%d]", i)
		r.check(p, field)
		switch {
		case r.Instance == "":
			p.Add(field+".instance", "is required")
		case !ref.holds(r):
			p.Add(field, "is not within what is asked")
		case seen[r.Instance]:
			p.Add(field, "is there twice")
		}
		seen[r.Instance] = true
	}
	if o.Retrieve.URL != "" {
		p.Add("retrieve.url", "is not used by a download")
	}
	o.Retrieve.check(p, ref)
}

// maxFailures is how many requests in a row may find no server before the rest
// is given up.
const maxFailures = 3

// download is one download on its way.
type download struct {
	c     *Client
	ref   Ref
	o     DownloadOptions
	list  []Ref
	index map[string]int // of SOP Instance UIDs in list

	mu       sync.Mutex
	files    []*Downloaded // as list; nil: not there
	errs     []error       // as list: why not
	extra    []Downloaded
	bytes    int64
	there    int
	failures int   // in a row
	fatal    error // ends everything
	gauge    gauge
}

func newDownload(c *Client, ref Ref, o DownloadOptions, list []Ref) *download {
	d := &download{c: c, ref: ref, o: o, list: list, index: map[string]int{}, files: make([]*Downloaded, len(list)), errs: make([]error, len(list))}
	for i, r := range list {
		d.index[r.Instance] = i
	}
	d.gauge = gauge{clock: c.cfg.Clock, tell: o.Progress}
	return d
}

// resume keeps the whole files of before.
func (d *download) resume(ctx context.Context) {
	if !d.o.Resume {
		return
	}
	for i, r := range d.list {
		if ctx.Err() != nil {
			return
		}
		path := filepath.Join(d.o.Dir, r.Instance+".dcm")
		f, err := OpenFile(path)
		if err != nil || !r.holds(f.Ref()) {
			continue
		}
		d.files[i] = &Downloaded{Ref: f.Ref(), Path: path, Size: f.Size(), TransferSyntaxUID: f.TransferSyntaxUID, Kept: true}
		d.there++
	}
	d.report(0, false)
}

// seriesTasks are requests of whole series where nothing of them is there, and
// of single instances elsewhere.
func (d *download) seriesTasks() []Ref {
	var order []Ref
	whole, left := map[Ref]bool{}, map[Ref][]Ref{}
	for i, r := range d.list {
		s := Ref{Study: r.Study, Series: r.Series}
		if _, known := whole[s]; !known {
			order, whole[s] = append(order, s), true
		}
		if d.files[i] != nil {
			whole[s] = false
			continue
		}
		left[s] = append(left[s], r)
	}
	var tasks []Ref
	for _, s := range order {
		if whole[s] && d.ref.Instance == "" && len(d.o.Instances) == 0 && len(left[s]) > 1 {
			tasks = append(tasks, s)
		} else {
			tasks = append(tasks, left[s]...)
		}
	}
	return tasks
}

// instanceTasks are what is not there yet and may still come.
func (d *download) instanceTasks() []Ref {
	var tasks []Ref
	for i, r := range d.list {
		if d.files[i] == nil && again(d.errs[i]) {
			tasks = append(tasks, r)
		}
	}
	return tasks
}

// again reports whether asking once more, for the instance alone, may help.
func again(err error) bool {
	for _, kind := range []error{segur.ErrNotFound, segur.ErrTooLarge, segur.ErrAuthorization, segur.ErrInvalidInput} {
		if errors.Is(err, kind) {
			return false
		}
	}
	return true
}

// run carries out tasks in parallel.
func (d *download) run(ctx context.Context, tasks []Ref) {
	queue := make(chan Ref)
	var wg sync.WaitGroup
	for range min(d.o.Parallel, len(tasks)) {
		wg.Go(func() {
			for ref := range queue {
				d.fetch(ctx, ref)
			}
		})
	}
	for _, ref := range tasks {
		if ctx.Err() != nil || d.over() {
			break
		}
		queue <- ref
	}
	close(queue)
	wg.Wait()
}

func (d *download) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fatal != nil || d.failures >= maxFailures
}

// fetch asks for a series or an instance and keeps what comes.
func (d *download) fetch(ctx context.Context, ref Ref) {
	if i, listed := d.index[ref.Instance]; listed {
		d.mu.Lock()
		d.errs[i] = nil // what counts is this time
		d.mu.Unlock()
	}
	var failed error
	for inst, err := range d.c.Retrieve(ctx, ref, d.o.Retrieve) {
		if err == nil {
			err = d.keep(inst)
		}
		if err != nil && d.ends(inst, err) {
			failed = err
			break
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case failed == nil:
		d.failures = 0
		failed = &segur.Error{Op: opRetrieve, Kind: segur.KindPartial, Message: "the answer is whole and does not hold the instance"}
	case errors.Is(failed, segur.ErrAuthentication), errors.Is(failed, segur.ErrCanceled), hasCode(failed, CodeCannotWrite):
		if d.fatal == nil {
			d.fatal = failed
		}
	case errors.Is(failed, segur.ErrUnavailable):
		d.failures++
	}
	for i, r := range d.list {
		if d.files[i] == nil && d.errs[i] == nil && ref.holds(r) {
			d.errs[i] = failed
		}
	}
}

// ends reports whether an error ends the answer. That of one file that is not
// whole does not; it is kept.
func (d *download) ends(inst *Instance, err error) (ends bool) {
	if inst == nil || !hasCode(err, codeMalformed) {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if i, listed := d.index[inst.SOPInstanceUID]; listed {
		d.errs[i] = err
	}
	return false
}

// codeMalformed marks a file that came whole and is not.
const codeMalformed = "malformed-instance"

func hasCode(err error, code string) bool {
	var e *segur.Error
	return errors.As(err, &e) && e.Code == code
}

// keep writes an instance into the folder.
func (d *download) keep(inst *Instance) error {
	path, size, err := inst.save(d.o.Dir, !d.o.Trust, func(n int) { d.report(int64(n), false) })
	if err != nil {
		return err
	}
	file := Downloaded{Ref: inst.Ref(), Path: path, Size: size, TransferSyntaxUID: inst.TransferSyntaxUID}
	d.mu.Lock()
	defer d.mu.Unlock()
	i, listed := d.index[inst.SOPInstanceUID]
	switch {
	case !listed:
		d.extra = append(d.extra, file)
	case d.files[i] == nil:
		d.there++
		fallthrough
	default:
		d.files[i], d.errs[i] = &file, nil
	}
	return nil
}

// report adds to what came and tells.
func (d *download) report(n int64, done bool) {
	d.mu.Lock()
	d.bytes += n
	d.mu.Unlock()
	d.gauge.show(done, func() Progress {
		d.mu.Lock()
		defer d.mu.Unlock()
		return Progress{Instances: d.there, Expected: len(d.list), Bytes: d.bytes, Done: done}
	})
}

// finish makes the report.
func (d *download) finish(ctx context.Context, r *DownloadReport) (*DownloadReport, error) {
	r.Expected, r.Extra, r.Bytes = len(d.list), d.extra, d.bytes
	for i, f := range d.files {
		switch {
		case f != nil:
			r.Files = append(r.Files, *f)
			continue
		case d.errs[i] == nil:
			d.errs[i] = &segur.Error{Op: opRetrieve, Kind: segur.KindPartial, Message: "was not asked for: the download ended before", Err: d.fatal}
		}
		r.Missing = append(r.Missing, NotDownloaded{Ref: d.list[i], Err: d.errs[i]})
	}
	d.report(0, true)
	if err := ctx.Err(); err != nil && !r.Complete() {
		e := transport.ContextError(opRetrieve, err)
		e.Message += fmt.Sprintf(": %d of %d instances are there", len(r.Files), r.Expected)
		return r, e
	}
	switch {
	case r.Complete():
		return r, nil
	case d.fatal != nil:
		return r, d.fatal
	}
	return r, r.partial()
}
