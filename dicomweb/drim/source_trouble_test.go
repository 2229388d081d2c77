package drim_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Images that come late are waited for, with more and more patience.
func TestImagesComeLate(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.pacs.set(studyA, nil)
	o := s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	require.Equal(t, drim.StatePending, o.State)
	assert.Equal(t, drim.CodeNotInPACS, o.Trouble.Code)
	assert.NotEmpty(t, (&segur.Error{}).Op+o.Trouble.Err().Error())

	asked := s.pacs.asked
	s.later(t, 59*time.Second)
	assert.Equal(t, asked, s.pacs.asked, "not due")
	for i, wait := range []time.Duration{time.Second, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		s.later(t, wait)
		assert.Equal(t, asked+i+1, s.pacs.asked)
	}
	pending, err := s.Pending(context.Background())
	require.NoError(t, err)
	assert.Equal(t, 9, of(t, pending, studyA).Trouble.Tries)
	assert.WithinDuration(t, examAt.Add(24*time.Hour), of(t, pending, studyA).Trouble.Since, 0)

	s.pacs.set(studyA, images(studyA, 2))
	assert.Equal(t, drim.StatePublished, of(t, s.later(t, time.Hour), studyA).State)
	s.record.only(t, studyA)
	pending, err = s.Pending(context.Background())
	require.NoError(t, err)
	assert.Empty(t, pending.Studies)
}

// A study that contradicts its report is not published, and says why.
func TestImagesThatContradictTheReport(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		images func([]image) []image
		code   string
		change func(*drim.SourceConfig)
	}{
		"another patient":    {func(i []image) []image { return patientOf(i, "IPP-9999") }, drim.CodeWrongPatient, nil},
		"no patient":         {func(i []image) []image { return patientOf(i, "") }, drim.CodeWrongPatient, nil},
		"another name":       {func(i []image) []image { return nameOf(i, "INCONNU9999^ELIE") }, drim.CodeWrongPatient, nil},
		"two patients":       {func(i []image) []image { return append(patientOf(i[:1], "IPP-9999"), i[1:]...) }, kos.CodeSeveralPatients, nil},
		"another accession":  {func(i []image) []image { return accessionOf(i, "ACC-9999") }, drim.CodeWrongAccession, nil},
		"one of another":     {func(i []image) []image { return append(accessionOf(i[:1], "ACC-9999"), i[1:]...) }, drim.CodeWrongAccession, nil},
		"no accession":       {func(i []image) []image { return accessionOf(i, "") }, drim.CodeWrongAccession, nil},
		"a host of nobody's": {nil, drim.CodeCrossCheck, func(c *drim.SourceConfig) { c.Guard = func(string) error { return segur.ErrRefused } }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var change []func(*drim.SourceConfig)
			if test.change != nil {
				change = append(change, test.change)
			}
			s := newOrigin(t, change...)
			if test.images != nil {
				s.pacs.set(studyA, test.images(images(studyA, 3)))
			}
			o := s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
			require.Equal(t, drim.StateRefused, o.State)
			assert.Equal(t, test.code, o.Trouble.Code)
			assert.NotEmpty(t, o.Trouble.Details)
			assert.NotContains(t, fmtAll(o.Trouble.Err()), "9999")
			assert.Empty(t, s.record.docs)

			s.pacs.set(studyA, images(studyA, 3))
			s.cfg.Guard = func(host string) error { assert.Equal(t, "db.site-a.example", host); return nil }
			s.start(t)
			o, err := s.Retry(context.Background(), studyA)
			require.NoError(t, err)
			assert.Equal(t, drim.StatePublished, o.State, "once it is corrected")
		})
	}
}

// An INS-C identifies nobody any more: images that bear nothing else are not those of the patient.
func TestImagesThatBearAnINSC(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.pacs.set(studyA, patientOf(images(studyA, 3), "1234567890123456789999"))
	m := message(write(t), drim.ActionCreate, 1, yes)
	m.PatientIDs = append(m.PatientIDs, segur.Identifier{Root: "1.2.250.1.213.1.4.2", Extension: "1234567890123456789999"})
	o := s.receive(t, m)
	require.Equal(t, drim.StateRefused, o.State)
	assert.Equal(t, drim.CodeWrongPatient, o.Trouble.Code)
	assert.Empty(t, s.record.docs)
}

func patientOf(in []image, id string) []image {
	out := append([]image(nil), in...)
	for i := range out {
		out[i].patient = id
	}
	return out
}

func nameOf(in []image, pn string) []image {
	out := append([]image(nil), in...)
	for i := range out {
		out[i].name = pn
	}
	return out
}

// A name in use, one misspelt in a part, one in other letters: the patient's.
func TestNamesOfImages(t *testing.T) {
	t.Parallel()
	for _, pn := range []string{"", "FICTIVE DURAND^LUCE", "Durand^Camille", "FICTIVE-DURANT^CAMILLE=カミーユ"} {
		s := newOrigin(t)
		s.pacs.set(studyA, nameOf(images(studyA, 3), pn))
		o := s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
		assert.Equal(t, drim.StatePublished, o.State, pn)
	}
}

func accessionOf(in []image, number string) []image {
	out := append([]image(nil), in...)
	for i := range out {
		out[i].accession = number
	}
	return out
}

func TestImagesWithoutAccessionAllowed(t *testing.T) {
	t.Parallel()
	s := newOrigin(t, func(c *drim.SourceConfig) { c.AllowNoAccession = true })
	s.pacs.set(studyA, accessionOf(images(studyA, 1), ""))
	assert.Equal(t, drim.StatePublished, s.receive(t, message(write(t), drim.ActionCreate, 1, yes)).State)
}

// What no second attempt can help is not acknowledged.
func TestReportsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	good := func() *drim.ReportMessage { return message(write(t), drim.ActionCreate, 1, yes) }
	for name, test := range map[string]struct {
		change func(*drim.ReportMessage)
		code   string
		fields []string
	}{
		"no report":     {func(m *drim.ReportMessage) { m.CDA = nil }, drim.CodeNoReport, nil},
		"cut":           {func(m *drim.ReportMessage) { m.CDA = m.CDA[:len(m.CDA)/2] }, drim.CodeNoReport, nil},
		"not qualified": {func(m *drim.ReportMessage) { m.Patient.Status = segur.Retrieved }, drim.CodeNotQualified, []string{"PID-32"}},
		"no INS":        {func(m *drim.ReportMessage) { m.Patient.Status = segur.Validated }, drim.CodeNotQualified, []string{"PID-3"}},
		"neither":       {func(m *drim.ReportMessage) { m.Patient.Status = segur.Provisional }, drim.CodeNotQualified, []string{"PID-3", "PID-32"}},
		"doubtful":      {func(m *drim.ReportMessage) { m.Patient.Attributes = segur.Doubtful }, drim.CodeNotQualified, []string{"PID-32"}},
		"without INS": {func(m *drim.ReportMessage) {
			m.CDA = write(t, func(r *cda.Report) { r.Patient.Status = segur.Retrieved }).cda
		}, drim.CodeNotQualified, []string{"PID-3"}},
		"without document": {func(m *drim.ReportMessage) { m.CDA = []byte("<a/>") }, drim.CodeNoReport, nil},
	} {
		m := good()
		test.change(m)
		_, err := s.Receive(context.Background(), m)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		assert.Equal(t, test.code, codeOf(err), name)
		if test.fields != nil {
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			var fields []string
			for _, d := range e.Details {
				fields = append(fields, d.Field)
			}
			assert.Equal(t, test.fields, fields, name)
		}
	}
	_, err := s.archive.Load(context.Background(), studyA)
	require.ErrorIs(t, err, segur.ErrNotFound)
	_, err = s.Receive(context.Background(), nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// The answer of a submission is lost: it is asked for, and nothing goes twice.
func TestOutcomeUnknown(t *testing.T) {
	t.Parallel()
	v1 := write(t)
	v2 := write(t, correcting(v1))
	for name, test := range map[string]struct {
		lose func(*record)
		then func(s *origin) // before it is tried again
		lots int             // in the record at the end
		live bool
	}{
		"registered":     {func(r *record) { r.lost = true }, nil, 1, true},
		"not registered": {func(r *record) { r.hold = true }, nil, 1, true},
		"registered, then corrected": {func(r *record) { r.lost = true }, func(s *origin) {
			assert.Equal(t, drim.StatePublished, s.receive(t, message(v2, drim.ActionReplace, 2, yes)).State)
		}, 2, true},
		"registered, then withdrawn": {func(r *record) { r.lost = true }, func(s *origin) {
			assert.Equal(t, drim.StateWithdrawn, s.receive(t, message(v1, drim.ActionDelete, 2, yes)).State)
		}, 1, false},
		"withdrawn, then registered": {func(r *record) { r.hold = true }, func(s *origin) {
			o := s.receive(t, message(v1, drim.ActionDelete, 2, yes))
			assert.Equal(t, drim.StatePending, o.State)
			assert.Equal(t, drim.CodeUnsettled, o.Trouble.Code)
			s.record.appear()
		}, 1, false},
		"corrected, then registered": {func(r *record) { r.hold = true }, func(s *origin) {
			o := s.receive(t, message(v2, drim.ActionReplace, 2, yes))
			assert.Equal(t, drim.CodeUnsettled, o.Trouble.Code)
			s.record.only(t, studyA)
			s.record.appear()
			assert.Len(t, s.record.active(t, studyA), 2, "for a while")
		}, 2, true},
		"never registered": {func(r *record) { r.hold = true }, func(s *origin) {
			s.receive(t, message(v1, drim.ActionDelete, 2, yes))
			for range 24 {
				s.later(t, time.Hour)
			}
		}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newOrigin(t)
			test.lose(s.record)
			o := s.receive(t, message(v1, drim.ActionCreate, 1, yes))
			require.Equal(t, drim.StatePending, o.State)
			require.Equal(t, segur.KindOutcomeUnknown, o.Trouble.Kind)
			uid := s.stored(t, studyA).Attempt.UID
			current, err := drim.ManifestsOf(s.archive).Manifest(context.Background(), studyA, uid)
			require.NoError(t, err)
			assert.True(t, current.Unconfirmed, "consumers may hold it")
			if test.then != nil {
				test.then(s)
			}
			s.later(t, 2*time.Hour)
			assert.Len(t, s.record.docs, test.lots)
			pending, err := s.Pending(context.Background())
			require.NoError(t, err)
			assert.Empty(t, pending.Studies)
			if test.live {
				assert.Equal(t, s.record.only(t, studyA).UID, s.stored(t, studyA).Published.UID)
			} else {
				assert.Empty(t, s.record.active(t, studyA))
			}
		})
	}
}

// appear registers what was held back.
func (r *record) appear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, register := range r.late {
		register()
		delete(r.late, id)
	}
}

// A refusal of the record stays visible, and what is corrected is tried anew
// with a manifest of its own.
func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	refusal := &segur.Error{Kind: segur.KindRefused, Code: "XDSRegistryMetadataError", Message: "no", Details: []segur.Detail{{Field: "classCode"}}}
	s.record.fail = func(op string) error {
		if op == "send" {
			return refusal
		}
		return nil
	}
	o := s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	require.Equal(t, drim.StateRefused, o.State)
	assert.Equal(t, "XDSRegistryMetadataError", o.Trouble.Code)
	assert.Equal(t, refusal.Details, o.Trouble.Details)
	assert.Nil(t, s.stored(t, studyA).Attempt, "it did not enter")
	first := s.record.lots[0].Entry.UniqueID
	s.record.fail = nil
	s.later(t, 59*time.Minute)
	assert.Empty(t, s.record.docs)
	assert.Equal(t, drim.StatePublished, of(t, s.later(t, time.Minute), studyA).State)
	assert.NotEqual(t, first, s.record.only(t, studyA).UID)
	assert.Equal(t, 1, s.record.only(t, studyA).Number)
}

// A correction that comes while the first publication cannot be made replaces
// what was to be published.
func TestCorrectionBeforeTheFirstPublication(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.record.fail = func(string) error { return &segur.Error{Kind: segur.KindUnavailable} }
	v1 := write(t)
	assert.Equal(t, drim.StatePending, s.receive(t, message(v1, drim.ActionCreate, 1, yes)).State)
	hidden := yes
	hidden.HiddenFromPatient = drim.Yes
	assert.Equal(t, drim.StatePending, s.receive(t, message(write(t, correcting(v1)), drim.ActionReplace, 2, hidden)).State)
	s.record.fail = nil
	assert.Equal(t, drim.StatePublished, of(t, s.later(t, time.Hour), studyA).State)
	require.Len(t, s.record.docs, 1)
	s.record.only(t, studyA)
	for _, d := range s.record.docs {
		assert.True(t, d.lot.Entry.Has(xds.HiddenFromPatient), "what the first version shows was never sent")
	}
}

// The record lost the manifest: a person decides.
func TestPreviousIsGone(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v1 := write(t)
	s.receive(t, message(v1, drim.ActionCreate, 1, yes))
	clear(s.record.docs)
	o := s.receive(t, message(write(t, correcting(v1)), drim.ActionReplace, 2, yes))
	require.Equal(t, drim.StateRefused, o.State)
	assert.Equal(t, drim.CodePreviousGone, o.Trouble.Code)
	assert.NotEmpty(t, o.Trouble.Err().(*segur.Error).Explain(segur.FR))
	out, err := s.Republish(context.Background(), studyA)
	require.NoError(t, err)
	assert.Equal(t, drim.StatePublished, of(t, out, studyA).State)
	assert.Equal(t, 2, s.record.only(t, studyA).Number)
	_, err = s.Republish(context.Background(), studyA)
	require.ErrorIs(t, err, segur.ErrConflict)
}

// Messages about one study at the same time are taken one after the other.
func TestMessagesAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	versions := []version{write(t)}
	for range 4 {
		versions = append(versions, write(t, correcting(versions[len(versions)-1])))
	}
	var group sync.WaitGroup
	for i, v := range versions {
		for range 2 {
			group.Go(func() {
				action := drim.ActionReplace
				if i == 0 {
					action = drim.ActionCreate
				}
				_, err := s.Receive(context.Background(), message(v, action, i, yes))
				assert.NoError(t, err)
			})
		}
	}
	group.Wait()
	m := s.record.only(t, studyA)
	a := s.stored(t, studyA)
	assert.Equal(t, m.UID, a.Published.UID)
	assert.False(t, a.Open)
	require.Len(t, a.Reports, 1)
	last := versions[len(versions)-1].header.ID
	assert.Equal(t, string(last.Root), a.Published.ReportID, "the last version wins, whatever came first")
}

// What is received can be filed alone, and published by Resume.
func TestDeferred(t *testing.T) {
	t.Parallel()
	s := newOrigin(t, func(c *drim.SourceConfig) { c.Deferred = true })
	assert.Equal(t, drim.StatePending, s.receive(t, message(write(t), drim.ActionCreate, 1, yes)).State)
	assert.Zero(t, s.pacs.asked)
	assert.Equal(t, drim.StatePublished, of(t, s.later(t, 0), studyA).State)
	s.record.only(t, studyA)
}

// A report that comes without message.
func TestReportWithoutMessage(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	r := drim.Report{CDA: write(t).cda, Flags: yes, Status: segur.Qualified}
	o, err := s.ReceiveReport(context.Background(), r)
	require.NoError(t, err)
	assert.True(t, o.Settled())
	assert.Equal(t, "899900000015", s.record.actors[0].Professional().ID[:12])
	assert.NotContains(t, fmtAll(r), "Clinical")
}

// The configuration says everything that is wrong.
func TestSourceConfiguration(t *testing.T) {
	t.Parallel()
	_, err := drim.NewSource(drim.SourceConfig{RetrieveBase: "http://db.example", RetryMin: -1, UIDRoot: "x"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "pacs", "records", "readReport", "archive", "retrieveBase", "manufacturer", "uidRoot", "retryMin"} {
		assert.Contains(t, err.Error(), field)
	}
}
