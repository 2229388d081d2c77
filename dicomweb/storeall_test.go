package dicomweb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// storeAll drains StoreAll.
func storeAll(ctx context.Context, c *dicomweb.Client, list []segur.Content, o dicomweb.StoreOptions) (out []dicomweb.InstanceResult, err error) {
	for r, e := range c.StoreAll(ctx, dicomweb.Contents(list), o) {
		if e != nil {
			err = e
			continue
		}
		out = append(out, r)
	}
	return out, err
}

// outcomes are the first letters: S stored, W with warning, A already, F failed, f found, I invalid, N not sent, U unaccounted.
func outcomes(list []dicomweb.InstanceResult) string {
	var b strings.Builder
	for _, r := range list {
		b.WriteByte("USWAFfIN"[r.Outcome])
	}
	return b.String()
}

// quick is a client that repeats without waiting.
func quick(t testing.TB, srv *dicomwebtest.Server, change ...func(*dicomweb.Config)) *dicomweb.Client {
	t.Helper()
	cfg := srv.Config()
	cfg.Retry = segur.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Nanosecond}
	for _, c := range change {
		c(&cfg)
	}
	return newClient(t, cfg)
}

// Requests are bounded by count and by bytes, several go at a time, results come in the order given, and progress ends
// with the sum.
func TestStoreAll(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	seen := &observed{}
	client := quick(t, srv, func(c *dicomweb.Config) { c.Observer = seen })
	s := study(t, 200, dicomwebtest.SampleOptions{Series: 3, Instances: 10})
	size := int64(len(s.Instances[0].File))
	var mu sync.Mutex
	var told []dicomweb.StoreProgress
	got, err := storeAll(t.Context(), client, s.Contents(), dicomweb.StoreOptions{Study: s.UID, BatchInstances: 4, Parallel: 3,
		Progress: func(p dicomweb.StoreProgress) {
			assert.True(t, mu.TryLock(), "one call at a time")
			told = append(told, p)
			mu.Unlock()
		}})
	require.NoError(t, err)
	require.Len(t, got, 30)
	var total int64
	for i, r := range got {
		assert.Equal(t, i, r.Index)
		assert.Equal(t, s.Instances[i].Ref, r.Ref)
		assert.Equal(t, dicomweb.Stored, r.Outcome)
		assert.Contains(t, r.RetrieveURL, r.Ref.Instance)
		assert.NoError(t, r.Err)
		total += int64(len(s.Instances[i].File))
	}
	assert.Equal(t, 30, srv.Len())
	assert.Len(t, seen.all(), 8, "30 by 4")
	require.NotEmpty(t, told)
	assert.Equal(t, dicomweb.StoreProgress{Bytes: total, Instances: 30, Held: 30, Done: true}, told[len(told)-1])
	for i := 1; i < len(told); i++ {
		assert.GreaterOrEqual(t, told[i].Instances, told[i-1].Instances)
		assert.False(t, told[i-1].Done)
	}

	// The same again, by bytes: each request ends with the instance that reaches the bound.
	got, err = storeAll(t.Context(), client, s.Contents(), dicomweb.StoreOptions{BatchBytes: 2*size + size/2})
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("S", 30), outcomes(got))
	assert.Len(t, seen.all(), 18, "30 by 3")

	_, err = storeAll(t.Context(), client, nil, dicomweb.StoreOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = storeAll(t.Context(), client, s.Contents(), dicomweb.StoreOptions{Study: "x", BatchBytes: -1, BatchInstances: -1, Parallel: -1})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 4)
	_, err = storeAll(t.Context(), client, s.Contents(), dicomweb.StoreOptions{Parallel: 65})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Len(t, seen.all(), 18, "nothing was sent")
}

// What is no instance, of another study or there twice is named and does not hold up the others.
func TestStoreAllInvalid(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	client := quick(t, srv)
	s, other := study(t, 201, dicomwebtest.SampleOptions{Series: 1, Instances: 6}), study(t, 202, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	f := func(i int) []byte { return s.Instances[i].File }
	list := append(contents(f(0), []byte("%PDF-1.7"), f(1), f(2)[:len(f(2))-9], other.Instances[0].File, f(3), f(0), f(4)), nil, badContent{segur.BytesContent(f(5))})
	got, err := storeAll(t.Context(), client, list, dicomweb.StoreOptions{Study: s.UID, BatchInstances: 2, Parallel: 2})
	assert.Equal(t, "SISIISISII", outcomes(got))
	require.ErrorIs(t, err, segur.ErrPartial)
	assertPublic(t, err)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "4 of 10 instances are stored", e.Message)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field+": "+d.Message)
	}
	assert.Equal(t, []string{
		"instances[1]: the file is shorter than the 132 bytes of a DICOM preamble",
		"instances[3]: the file ends before the element that it announces",
		"instances[4]: belongs to another study than the one of the request",
		"instances[6]: is the same instance as instances[0]",
		"instances[8]: is required",
		"instances[9]: cannot read the file",
	}, fields)
	require.ErrorIs(t, got[3].Err, segur.ErrTruncated)
	assert.Equal(t, 4, srv.Len())

	// Only such: nothing to send.
	got, err = storeAll(t.Context(), client, list[1:2], dicomweb.StoreOptions{})
	assert.Equal(t, "I", outcomes(got))
	require.ErrorIs(t, err, segur.ErrInvalidInput)

	// The option ends at the first; what stood before it was sent.
	got, err = storeAll(t.Context(), client, list, dicomweb.StoreOptions{StopOnInvalid: true})
	assert.Equal(t, "S", outcomes(got))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "instances[1]", e.Details[0].Field)

	// One request has the same option.
	result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: list[:4], SkipInvalid: true})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.Equal(t, "SISI", outcomes(result.Instances))
	_, err = client.Store(t.Context(), dicomweb.StoreRequest{Instances: list[1:2], SkipInvalid: true})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// Whatever a request is answered, each of its instances gets its outcome.
func TestStoreAllAnswers(t *testing.T) {
	t.Parallel()
	s := study(t, 203, dicomwebtest.SampleOptions{Series: 1, Instances: 6})
	uid := func(i int) string { return s.Instances[i].Ref.Instance }
	allFail := func(reason int, times int) dicomwebtest.Fault {
		var items []string
		for i := range s.Instances {
			items = append(items, fmt.Sprintf(`{"00081155":{"vr":"UI","Value":["%s"]},"00081197":{"vr":"US","Value":[%d]}}`, uid(i), reason))
		}
		return dicomwebtest.Fault{Op: dicomwebtest.OpStore, Status: 409, Times: times, Body: []byte(`{"00081198":{"vr":"SQ","Value":[` + strings.Join(items, ",") + `]}}`)}
	}
	hour := func(f dicomwebtest.Fault) dicomwebtest.Fault {
		f.Status, f.Header = 503, http.Header{"Retry-After": {"3600"}}
		return f
	}
	lost := dicomwebtest.Fault{Op: dicomwebtest.OpStore, DropBeforeResponse: true}
	const forever = dicomwebtest.Forever
	for name, c := range map[string]struct {
		faults  []dicomwebtest.Fault
		quirks  dicomwebtest.Quirks
		refuse  map[int]dicomweb.Reason
		held    []int // before
		want    string
		err     error
		message string
	}{
		"warning and failure": {refuse: map[int]dicomweb.Reason{1: dicomweb.ReasonCoercion, 4: dicomweb.ReasonClassNotSupported}, want: "SWSSFS", err: segur.ErrPartial,
			message: "5 of 6 instances are stored"},
		"all refused":                  {refuse: map[int]dicomweb.Reason{0: 0xC000, 1: 0xC000, 2: 0xC000, 3: 0xC000, 4: 0xC000, 5: 0xC000}, want: "FFFFFF", err: segur.ErrRefused},
		"held already":                 {refuse: map[int]dicomweb.Reason{2: dicomweb.ReasonAlreadyStored}, want: "SSASSS"},
		"unaccounted and held":         {quirks: dicomwebtest.Quirks{Forget: []string{uid(1), uid(3)}}, want: "SfSfSS"},
		"the answer is lost":           {faults: []dicomwebtest.Fault{lost}, want: "ffffff"},
		"the request is lost":          {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, DropRequest: true}}, want: "SSSSSS"},
		"a part was held":              {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, DropRequest: true}}, held: []int{2}, want: "SSfSSS"},
		"lost for ever":                {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, DropRequest: true, Times: forever}}, want: "UUUUUU", err: segur.ErrOutcomeUnknown},
		"nobody can say":               {faults: []dicomwebtest.Fault{lost, {Op: dicomwebtest.OpSearch, Status: 404, Times: forever}}, want: "SSSSSS"},
		"search is not there":          {faults: []dicomwebtest.Fault{lost, {Op: dicomwebtest.OpSearch, Status: 501, Times: forever}}, want: "UUUUUU", err: segur.ErrOutcomeUnknown},
		"search is down":               {faults: []dicomwebtest.Fault{lost, {Op: dicomwebtest.OpSearch, Status: 503, Times: forever}}, want: "UUUUUU", err: segur.ErrUnavailable},
		"cut answer":                   {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, CutAfter: 60}}, want: "ffffff"},
		"an HTML page":                 {faults: []dicomwebtest.Fault{dicomwebtest.HTML(dicomwebtest.OpStore, 200)}, want: "SSSSSS"},
		"204":                          {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 204}}, want: "SSSSSS"},
		"500":                          {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 500}}, want: "SSSSSS"},
		"400 without account":          {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 400}}, held: []int{0}, want: "fFFFFF", err: segur.ErrPartial},
		"409 without account":          {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 409}}, want: "FFFFFF"},
		"busy, then not":               {faults: []dicomwebtest.Fault{dicomwebtest.Busy(dicomwebtest.OpStore, 0, 2)}, want: "SSSSSS"},
		"too many, then not":           {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 429}}, want: "SSSSSS"},
		"busy for ever":                {faults: []dicomwebtest.Fault{dicomwebtest.Busy(dicomwebtest.OpStore, 0, forever)}, want: "NNNNNN", err: segur.ErrUnavailable},
		"busy for an hour":             {faults: []dicomwebtest.Fault{dicomwebtest.Busy(dicomwebtest.OpStore, time.Hour, 1)}, want: "NNNNNN", err: segur.ErrUnavailable},
		"out of resources, then not":   {faults: []dicomwebtest.Fault{allFail(0xA700, 2)}, want: "SSSSSS"},
		"out of resources":             {faults: []dicomwebtest.Fault{allFail(0xA701, forever)}, want: "FFFFFF", err: segur.ErrUnavailable, message: "the server takes no more instances"},
		"out of resources for an hour": {faults: []dicomwebtest.Fault{hour(allFail(0xA700, 1))}, want: "FFFFFF", err: segur.ErrUnavailable},
		"who are you":                  {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 401}}, want: "NNNNNN", err: segur.ErrAuthentication},
		"you may not":                  {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 403}}, want: "NNNNNN", err: segur.ErrAuthorization},
		"no such service":              {faults: []dicomwebtest.Fault{{Op: dicomwebtest.OpStore, Status: 404}}, want: "NNNNNN", err: segur.ErrNotFound},
		"too large":                    {quirks: dicomwebtest.Quirks{MaxStore: 5000}, want: "SSSSSS"},
		"each too large":               {quirks: dicomwebtest.Quirks{MaxStore: 100}, want: "FFFFFF", err: segur.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(dicomwebtest.WithQuirks(c.quirks), dicomwebtest.WithoutTLS())
			t.Cleanup(srv.Close)
			for i, r := range c.refuse {
				srv.Refuse(uid(i), r)
			}
			for _, i := range c.held {
				require.NoError(t, srv.Add(s.Instances[i].File))
			}
			srv.Fail(c.faults...)
			got, err := storeAll(t.Context(), quick(t, srv), s.Contents(), dicomweb.StoreOptions{})
			assert.Equal(t, c.want, outcomes(got))
			held := strings.Count(c.want, "S") + strings.Count(c.want, "W") + strings.Count(c.want, "A") + strings.Count(c.want, "f")
			if held == 6 {
				require.NoError(t, err)
			} else {
				require.Error(t, err, "a short study is never called complete")
				if c.err != nil {
					require.ErrorIs(t, err, c.err)
				}
				assertPublic(t, err)
				assert.Contains(t, err.Error(), c.message)
			}
			for i, r := range got {
				assert.Equal(t, i, r.Index)
				if r.Outcome.OK() && r.Outcome != dicomweb.AlreadyStored {
					_, there := srv.File(r.Ref.Instance)
					assert.True(t, there)
				}
				if slices.Contains([]dicomweb.StoreOutcome{dicomweb.NotSent, dicomweb.Invalid}, r.Outcome) {
					assert.Error(t, r.Err)
				}
			}
		})
	}
}

// An end that concerns all requests lets nothing more go.
func TestStoreAllEnds(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	seen := &observed{}
	client := quick(t, srv, func(c *dicomweb.Config) { c.Observer = seen })
	s := study(t, 204, dicomwebtest.SampleOptions{Series: 1, Instances: 30})
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpStore, After: 3, Status: http.StatusForbidden, Times: dicomwebtest.Forever})
	taken := 0
	counting := func(yield func(segur.Content) bool) {
		for _, c := range s.Contents() {
			if taken++; !yield(c) {
				return
			}
		}
	}
	var got []dicomweb.InstanceResult
	var err error
	for r, e := range client.StoreAll(t.Context(), counting, dicomweb.StoreOptions{BatchInstances: 2, Parallel: 1}) {
		if err = e; e == nil {
			got = append(got, r)
		}
	}
	assert.Equal(t, "SSSSSSNN", outcomes(got), "three requests passed, the fourth is the last")
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Len(t, seen.all(), 4)
	assert.Less(t, taken, 30, "the others are not even looked at")
	require.ErrorIs(t, got[7].Err, segur.ErrAuthorization)
}

// Cancelling and leaving the loop end the requests under way.
func TestStoreAllCancelled(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	client := quick(t, srv)
	s := study(t, 205, dicomwebtest.SampleOptions{Series: 1, Instances: 8})
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpStore, After: 1, Hang: true, Times: dicomwebtest.Forever})
	ctx, cancel := context.WithCancel(t.Context())
	var got []dicomweb.InstanceResult
	var err error
	for r, e := range client.StoreAll(ctx, dicomweb.Contents(s.Contents()), dicomweb.StoreOptions{BatchInstances: 2, Parallel: 1}) {
		if err = e; e == nil {
			got = append(got, r)
			cancel() // the first results are there: the next request hangs, or is about to
		}
	}
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "SS", outcomes(got[:2]))
	for _, r := range got[2:] {
		assert.Contains(t, []dicomweb.StoreOutcome{dicomweb.Unaccounted, dicomweb.NotSent}, r.Outcome)
	}
	assert.Less(t, len(got), 8)
	cancel()
	got, err = storeAll(ctx, client, s.Contents(), dicomweb.StoreOptions{})
	require.ErrorIs(t, err, segur.ErrCanceled)
	assert.Empty(t, got)
	short, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer stop()
	_, err = storeAll(short, client, s.Contents(), dicomweb.StoreOptions{})
	require.ErrorIs(t, err, segur.ErrTimeout)

	left := newServer()
	t.Cleanup(left.Close)
	left.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpStore, After: 1, Hang: true, Times: dicomwebtest.Forever})
	for r, err := range quick(t, left).StoreAll(t.Context(), dicomweb.Contents(s.Contents()), dicomweb.StoreOptions{BatchInstances: 1, Parallel: 1}) {
		require.NoError(t, err)
		assert.Equal(t, dicomweb.Stored, r.Outcome)
		break // the others hang: this returns all the same
	}
}

// shrinking is whole when it is checked and cut when it is sent.
type shrinking struct {
	segur.Content
	opens *int
	fail  bool
}

func (s shrinking) Open() (io.ReadCloser, error) {
	rc, err := s.Content.Open()
	if *s.opens++; *s.opens == 1 || err != nil {
		return rc, err
	}
	if s.fail {
		return nil, errors.New("gone")
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(rc, s.Size()/2), rc}, nil
}

// A file that changes between the check and the sending costs itself only.
func TestStoreAllChangingContent(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	for _, fail := range []bool{false, true} {
		s := study(t, 206, dicomwebtest.SampleOptions{Series: 1, Instances: 4})
		list := s.Contents()
		list[2] = shrinking{list[2], new(int), fail}
		got, err := storeAll(t.Context(), quick(t, srv), list, dicomweb.StoreOptions{})
		require.ErrorIs(t, err, segur.ErrPartial)
		require.Len(t, got, 4)
		assert.Equal(t, dicomweb.Invalid, got[2].Outcome, "%v", got[2].Err)
		for _, i := range []int{0, 1, 3} {
			assert.True(t, got[i].Outcome.OK(), "%d", i)
		}
		assert.Equal(t, 3, srv.Len())
	}
}

// Memory does not grow with the number of instances: thousands go in requests of twenty-five.
func TestConstantMemoryStoreAll(t *testing.T) {
	const count, uid = 4_000, "1.2.250.1.999.7.2000"
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 32,
		IDs: &sequenceIDs{list: []segur.OID{"1.2.250.1.999.7.1", "1.2.250.1.999.7.2", "1.2.250.1.999.7.3", uid + "00000"}}})
	require.NoError(t, err)
	srv := acceptAll(t)
	client := newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: srv.URL, PlainHTTP: true})
	contents := func(yield func(segur.Content) bool) {
		for i := range count {
			if !yield(numbered{s.Instances[0].File, uid + "00000", fmt.Sprintf("%s%05d", uid, i)}) {
				return
			}
		}
	}
	n := 0
	rise := peak(func(look func()) {
		for r, err := range client.StoreAll(t.Context(), contents, dicomweb.StoreOptions{BatchInstances: 25, Parallel: 2}) {
			require.NoError(t, err)
			require.Equal(t, n, r.Index)
			require.Equal(t, dicomweb.Stored, r.Outcome)
			if n++; n%1000 == 0 {
				look()
			}
		}
	})
	assert.Equal(t, count, n)
	assert.Less(t, rise, int64(8<<20), "bytes held while %d instances of 3.5 KiB went", count)
}
