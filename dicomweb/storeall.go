package dicomweb

import (
	"context"
	"crypto/sha256"
	"iter"
	"slices"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// What StoreOptions are when they are zero.
const (
	defaultBatchBytes     = 64 << 20
	defaultBatchInstances = 50
	defaultParallel       = 4
	maxParallel           = 64
)

// StoreOptions tunes [Client.StoreAll]. The zero value suits most servers.
type StoreOptions struct {
	// Study is the Study Instance UID that every instance must belong to. Empty:
	// they may belong to several.
	Study string
	// BatchBytes and BatchInstances bound one request: it ends with the instance
	// that reaches one of them. 0: 64 MiB and 50 instances.
	BatchBytes     int64
	BatchInstances int
	// Parallel is the number of requests under way, at most 64. 0: 4.
	Parallel int
	// StopOnInvalid ends the call at the first content that is no instance to
	// store. By default it is reported as [Invalid] and the others are sent.
	StopOnInvalid bool
	// Progress is told how far the call is, ten times a second at most and once
	// at the end, one call at a time. It must not block. nil: nobody is told.
	Progress func(StoreProgress)
}

// StoreProgress is how far [Client.StoreAll] is.
type StoreProgress struct {
	// Bytes are those of instances that left; those sent again count once.
	Bytes int64
	// Instances are those whose outcome is known, Held those of them that the
	// server holds.
	Instances, Held int
	// Done is set in the last call.
	Done bool
}

func (o *StoreOptions) check() error {
	var p segur.Problems
	if o.Study != "" && !ValidUID(o.Study) {
		p.Add("study", uidRule)
	}
	for _, v := range []struct {
		field string
		n     int64
	}{{"batchBytes", o.BatchBytes}, {"batchInstances", int64(o.BatchInstances)}, {"parallel", int64(o.Parallel)}} {
		if v.n < 0 {
			p.Add(v.field, "must not be negative")
		}
	}
	if o.Parallel > maxParallel {
		p.Add("parallel", "must be at most 64")
	}
	if o.BatchBytes == 0 {
		o.BatchBytes = defaultBatchBytes
	}
	if o.BatchInstances == 0 {
		o.BatchInstances = defaultBatchInstances
	}
	if o.Parallel == 0 {
		o.Parallel = defaultParallel
	}
	return p.Err(opStore)
}

// Contents gives the elements of a list, such as the files of [OpenDir], to
// [Client.StoreAll].
func Contents[C segur.Content](list []C) iter.Seq[segur.Content] {
	return func(yield func(segur.Content) bool) {
		for _, c := range list {
			if !yield(c) {
				return
			}
		}
	}
}

// StoreAll sends any number of instances in requests of bounded size, several
// at a time, and gives what became of each, in the order given. Memory holds the
// requests under way, whatever the number of instances.
//
// A content that is no DICOM file, of another study or there twice is reported
// and does not hold up the others. Whatever a request is answered, each instance
// gets its outcome:
//
//   - what the answer does not account for, or a lost answer, is looked up on
//     the server ([Found]) and what is missing is sent again
//   - a server that is busy, or out of resources, is asked again after the time
//     that it names, within the retry policy
//   - a request that is too large for the server (413) is split in two
//
// The last pair of the sequence holds an error unless the server holds every
// instance: [segur.ErrPartial] when it holds some, with the first hundred others
// in Details; the error of the connection or of the service when nothing more
// can be sent (no authorisation, no such service, a server that is down, a
// cancelled context). Instances that no result was given for were then not sent.
//
// Leaving the loop cancels the requests under way.
func (c *Client) StoreAll(ctx context.Context, contents iter.Seq[segur.Content], o StoreOptions) iter.Seq2[InstanceResult, error] {
	return func(yield func(InstanceResult, error) bool) {
		o := o
		if err := o.check(); err != nil {
			yield(InstanceResult{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		s := &storing{
			c: c, o: o, ctx: ctx, yield: yield, first: map[[16]byte]int{}, tally: tally{most: maxDetails},
			window: 2 * o.Parallel, meter: newMeter(o.Progress, c.cfg.Clock),
		}
		s.work = make(chan *batch, s.window)
		for range o.Parallel {
			s.workers.Go(s.worker)
		}
		defer func() { // also when the loop body panics
			cancel()
			close(s.work)
			s.workers.Wait()
		}()
		if !s.take(contents) {
			return
		}
		s.meter.end()
		if err := s.err(); err != nil {
			yield(InstanceResult{}, err)
		}
	}
}

// storing is one call of StoreAll.
type storing struct {
	c       *Client
	o       StoreOptions
	ctx     context.Context //nolint:containedctx // the storing is the call
	yield   func(InstanceResult, error) bool
	window  int // batches formed and not yet reported
	work    chan *batch
	workers sync.WaitGroup
	meter   *meter

	n       int              // contents taken
	first   map[[16]byte]int // digest of the SOP Instance UID: its first place
	batch   *batch           // being filled
	order   []*batch         // handed out, oldest first
	tally   tally
	refused error // the invalid content that ended the call
	cut     bool  // contents were left

	mu      sync.Mutex
	stopped error // why nothing more is sent
}

// item is a content on its way.
type item struct {
	content *counted
	result  InstanceResult
}

// batch is what one request is made for.
type batch struct {
	items   []*item
	bytes   int64
	skipped bool // never sent
	done    chan struct{}
}

// take forms batches of the contents and reports them; false: the caller left
// the loop.
func (s *storing) take(contents iter.Seq[segur.Content]) bool {
	for content := range contents {
		if s.cut = s.stop() != nil || s.ctx.Err() != nil; s.cut {
			break
		}
		it := s.item(content)
		if it.result.Err != nil && s.o.StopOnInvalid {
			s.refused = &segur.Error{Op: opStore, Kind: segur.KindInvalidInput, Message: "the call ended at an invalid instance; those before it were sent",
				Details: []segur.Detail{{Field: it.result.field(), Message: problem(it.result.Err)}}}
			break
		}
		if s.batch == nil {
			s.batch = &batch{done: make(chan struct{})}
		}
		s.batch.items = append(s.batch.items, it)
		if it.content != nil {
			s.batch.bytes += it.content.Size()
		}
		if s.batch.bytes >= s.o.BatchBytes || len(s.batch.items) >= s.o.BatchInstances {
			if !s.hand(s.window - 1) {
				return false
			}
		}
	}
	return s.hand(0)
}

// item looks at a content.
func (s *storing) item(content segur.Content) *item {
	it := &item{result: checkInstance(content, s.o.Study)}
	it.result.Index = s.n
	s.n++
	if it.result.Err != nil {
		return it
	}
	sum := sha256.Sum256([]byte(it.result.Ref.Instance))
	key := [16]byte(sum[:16])
	if first, twice := s.first[key]; twice {
		it.result.invalid(sameInstance(first))
		return it
	}
	s.first[key] = it.result.Index
	it.content = &counted{Content: content, meter: s.meter}
	return it
}

// hand gives the batch to the workers and reports the oldest until at most
// keep are under way; false: the caller left the loop.
func (s *storing) hand(keep int) bool {
	if s.batch != nil {
		s.order = append(s.order, s.batch)
		s.work <- s.batch // never blocks: it holds a window
		s.batch = nil
	}
	for len(s.order) > keep {
		b := s.order[0]
		s.order[0] = nil
		s.order = s.order[1:]
		<-b.done
		if b.skipped {
			continue
		}
		for _, it := range b.items {
			s.tally.add(&it.result)
			if !s.yield(it.result, nil) {
				return false
			}
		}
	}
	return true
}

// err is how the call ended.
func (s *storing) err() error {
	if s.n > 0 && !s.cut && s.refused == nil && s.tally.held == s.n {
		return nil
	}
	if err := s.stop(); err != nil {
		return err
	}
	if err := s.ctx.Err(); err != nil {
		return transport.ContextError(opStore, err)
	}
	if s.refused != nil {
		return s.refused
	}
	if s.n == 0 {
		var p segur.Problems
		p.Add("contents", "must hold at least one")
		return p.Err(opStore)
	}
	return s.tally.err(0)
}

func (s *storing) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// end says that nothing more can be sent.
func (s *storing) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped == nil {
		s.stopped = err
	}
}

func (s *storing) worker() {
	for b := range s.work {
		if s.stop() != nil || s.ctx.Err() != nil {
			b.skipped = true
		} else {
			items := slices.DeleteFunc(slices.Clone(b.items), func(it *item) bool { return it.result.Outcome == Invalid })
			if len(items) > 0 {
				s.deliver(items)
			}
			held := 0
			for _, it := range b.items {
				if it.result.Outcome.OK() {
					held++
				}
			}
			s.meter.settled(len(b.items), held)
		}
		close(b.done)
	}
}
