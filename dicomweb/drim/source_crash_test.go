package drim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

// memory is an archive in memory that keeps what a file would: the bytes.
type memory struct {
	mu    sync.Mutex
	files map[string]stored
	locks map[string]*sync.Mutex
}

type stored struct {
	bytes    []byte
	revision int64
	open     bool
	keys     []string
}

func newMemory() *memory {
	return &memory{files: map[string]stored{}, locks: map[string]*sync.Mutex{}}
}

func (m *memory) Lock(_ context.Context, name string) (func(), error) {
	m.mu.Lock()
	l := m.locks[name]
	if l == nil {
		l = &sync.Mutex{}
		m.locks[name] = l
	}
	m.mu.Unlock()
	l.Lock()
	return l.Unlock, nil
}

func (m *memory) Load(_ context.Context, study string) (*drim.ArchivedStudy, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[study]
	if !ok {
		return nil, &segur.Error{Kind: segur.KindNotFound}
	}
	s := &drim.ArchivedStudy{}
	return s, s.UnmarshalBinary(b.bytes)
}

func (m *memory) Save(_ context.Context, s *drim.ArchivedStudy) error {
	b, err := s.MarshalBinary()
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Revision != m.files[s.StudyUID].revision+1 {
		return &segur.Error{Kind: segur.KindConflict}
	}
	m.files[s.StudyUID] = stored{b, s.Revision, s.Open, s.Keys()}
	return nil
}

func (m *memory) all(keep func(stored) bool) (out []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for uid, s := range m.files {
		if keep(s) {
			out = append(out, uid)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (m *memory) Studies(_ context.Context, key string) ([]string, error) {
	return m.all(func(s stored) bool { return slices.Contains(s.keys, key) })
}

func (m *memory) Unfinished(context.Context) ([]string, error) {
	return m.all(func(s stored) bool { return s.open })
}

// fuse stops a run at one of its steps: the process dies there, or the step
// fails. Each step has two places: before it is done, and after it was, when
// who asked for it does not know yet.
type fuse struct {
	at, n int
	dies  bool
	where string
}

type killed struct{}

func (f *fuse) reach(step string) error {
	f.n++
	if f.n-1 != f.at {
		return nil
	}
	f.where = step
	if f.dies {
		panic(killed{})
	}
	return &segur.Error{Kind: segur.KindOutcomeUnknown, Message: "cut at " + step}
}

// The same fuse in the archive, the record and the image archive.
type fusedArchive struct {
	drim.Archive
	f *fuse
}

func (a fusedArchive) Save(ctx context.Context, s *drim.ArchivedStudy) error {
	if err := a.f.reach("before save"); err != nil {
		return err
	}
	if err := a.Archive.Save(ctx, s); err != nil {
		return err
	}
	return a.f.reach("after save")
}

type fusedRecord struct {
	drim.Record
	f *fuse
}

func (r fusedRecord) Seal(ctx context.Context, lot xds.ManifestLot) (xds.SealedManifest, error) {
	if err := r.f.reach("before seal"); err != nil {
		return xds.SealedManifest{}, err
	}
	s, err := r.Record.Seal(ctx, lot)
	if err == nil {
		err = r.f.reach("after seal")
	}
	return s, err
}

func (r fusedRecord) Send(ctx context.Context, stored []byte, again bool) (xds.ManifestReceipt, error) {
	if err := r.f.reach("before send"); err != nil {
		return xds.ManifestReceipt{}, err
	}
	s, err := r.Record.Send(ctx, stored, again)
	if err == nil {
		err = r.f.reach("after send")
	}
	return s, err
}

func (r fusedRecord) Lookup(ctx context.Context, patient segur.INS, id string) (string, error) {
	if err := r.f.reach("before lookup"); err != nil {
		return "", err
	}
	return r.Record.Lookup(ctx, patient, id)
}

func (r fusedRecord) Remove(ctx context.Context, patient segur.INS, id string) error {
	if err := r.f.reach("before remove"); err != nil {
		return err
	}
	if err := r.Record.Remove(ctx, patient, id); err != nil {
		return err
	}
	return r.f.reach("after remove")
}

// tale is a run of messages, and what must be true at its end.
type tale struct {
	steps []func(context.Context, *origin) error
	a, b  int // active manifests of each study
	check func(testing.TB, *origin)
	whole bool // killed at every step whatever SEGUR_KILL says
}

func receives(m *drim.ReportMessage) func(context.Context, *origin) error {
	return func(ctx context.Context, s *origin) error {
		_, err := s.Receive(ctx, m)
		return err
	}
}

// changed sets the images, once, and says so as often as needed.
func changed(n int) func(context.Context, *origin) error {
	return func(ctx context.Context, s *origin) error {
		s.pacs.set(studyA, images(studyA, n))
		_, err := s.ImagesChanged(ctx, &drim.ImageChange{StudyUID: studyA})
		return err
	}
}

// short is a version whose bytes only name it: what the archive writes is small
// and nothing is parsed. readShort reads it.
func short(v version) version {
	v.cda = []byte(v.header.ID.Root)
	shorts.Store(string(v.cda), v.header)
	return v
}

var shorts sync.Map

func readShort(r io.Reader) (segur.DocumentHeader, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return segur.DocumentHeader{}, err
	}
	h, ok := shorts.Load(string(b))
	if !ok {
		return segur.DocumentHeader{}, segur.ErrInvalidInput
	}
	return h.(segur.DocumentHeader), nil
}

func tales(tb testing.TB) map[string]tale {
	v1 := short(write(tb))
	v2 := short(write(tb, correcting(v1)))
	both := short(write(tb, about(studyA, studyB)))
	v3 := short(write(tb, correcting(both), about(studyB)))
	hidden := yes
	hidden.HiddenFromPatient, hidden.VisibilityChanged = drim.Yes, drim.Yes
	create, replace := receives(message(v1, drim.ActionCreate, 1, yes)), receives(message(v2, drim.ActionReplace, 2, hidden))
	shrunk := func(tb testing.TB, s *origin) { assert.Len(tb, instanceUIDs(s.record.only(tb, studyA)), 2) }
	type steps = []func(context.Context, *origin) error
	return map[string]tale{
		"corrected": {steps{create, replace}, 1, 0, func(tb testing.TB, s *origin) {
			entry := s.record.sealed[s.record.only(tb, studyA).UID].Entry
			assert.True(tb, entry.Has(xds.HiddenFromPatient))
		}, true},
		"moved to one study":       {steps{receives(message(both, drim.ActionCreate, 1, yes)), receives(message(v3, drim.ActionReplace, 3, yes))}, 0, 1, nil, false},
		"withdrawn":                {steps{create, replace, receives(message(v2, drim.ActionDelete, 3, yes))}, 0, 0, nil, true},
		"fewer images":             {steps{create, changed(2)}, 1, 0, shrunk, true},
		"no image, and some again": {steps{create, changed(0), changed(2)}, 1, 0, shrunk, false},
		"withdrawn, created anew":  {steps{create, receives(message(v1, drim.ActionDelete, 2, yes)), receives(message(v1, drim.ActionCreate, 3, yes))}, 1, 0, nil, false},
	}
}

// tell runs a tale with a fuse and reports the steps that there were. When the
// process dies, or a step fails, the message that was not acknowledged comes
// again after a restart, as its sender does.
func tell(tb testing.TB, t tale, f *fuse, resumeFirst bool) (*origin, int) {
	tb.Helper()
	s := &origin{pacs: newPACS(studyA, studyB), record: newRecord(), archive: newMemory(), now: examAt.Add(24 * time.Hour)}
	s.pacs.before = func(string) {
		if !f.dies && f.reach("before pacs") != nil {
			s.pacs.down = &segur.Error{Kind: segur.KindUnavailable}
		}
	}
	s.cfg = sourceConfig(s)
	s.cfg.ReadReport = readShort
	s.cfg.Archive = fusedArchive{s.archive, f}
	s.cfg.Records = func(ctx context.Context, a drim.Actor) (drim.Record, error) {
		r, err := s.record.opened(ctx, a)
		return fusedRecord{r, f}, err
	}
	s.start(tb)
	ctx := context.Background()
	restart := func() {
		s.pacs.down = nil
		s.archive.(*memory).locks = map[string]*sync.Mutex{}
		s.start(tb)
		s.now = s.now.Add(2 * time.Hour)
	}
	for _, step := range t.steps {
		for range 3 {
			err := survive(func() error { return step(ctx, s) })
			if err == nil {
				break
			}
			restart()
			if resumeFirst {
				_, err := s.Resume(ctx)
				require.NoError(tb, err)
			}
		}
		for _, study := range []string{studyA, studyB} {
			require.LessOrEqual(tb, s.record.count(study), 1)
		}
	}
	n := f.n
	f.at = -1
	restart()
	for range 3 {
		_, err := s.Resume(ctx)
		require.NoError(tb, err)
		s.now = s.now.Add(25 * time.Hour)
	}
	return s, n
}

func survive(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(killed); !ours {
				panic(r)
			}
			err = errors.New("killed")
		}
	}()
	return f()
}

// everyStep makes the tests below longer: a failure, and a death in every tale
// and in the fake record, at every step instead of some.
var everyStep = os.Getenv("SEGUR_KILL") != ""

// Kill the process, or fail, between every pair of steps: nothing is lost,
// nothing is published twice, nothing is half withdrawn.
func TestKillBetweenEveryPairOfSteps(t *testing.T) {
	t.Parallel()
	for name, tale := range tales(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, dies := range []bool{true, false} {
				stride := 1
				switch {
				case everyStep:
				case !dies:
					stride = 5
				case !tale.whole:
					stride = 3
				}
				for at := 0; ; at += stride {
					f := &fuse{at: at, dies: dies}
					s, n := tell(t, tale, f, dies)
					check(t, s, tale, fmt.Sprintf("step %d (%s), dies %t", at, f.where, dies))
					if at >= n {
						break
					}
				}
			}
		})
	}
}

func check(tb testing.TB, s *origin, t tale, what string) {
	tb.Helper()
	known, err := s.archive.Studies(context.Background(), drim.AccessionKey(accession))
	require.NoError(tb, err)
	for study, want := range map[string]int{studyA: t.a, studyB: t.b} {
		active := s.record.active(tb, study)
		require.Len(tb, active, want, what)
		if study == studyB && want == 0 && !slices.Contains(known, studyB) {
			continue
		}
		a := s.stored(tb, study)
		require.False(tb, a.Open, what)
		require.Nil(tb, a.Attempt, what)
		require.Empty(tb, a.Suspects, what)
		if want == 0 {
			require.True(tb, a.Published == nil || a.Published.Withdrawn, what)
			continue
		}
		require.Equal(tb, active[0].UID, a.Published.UID, what)
		require.False(tb, a.Published.Withdrawn, what)
		if study == studyB {
			require.Len(tb, instanceUIDs(active[0]), 3, what)
		}
	}
	if t.check != nil {
		t.check(tb, s)
	}
}
