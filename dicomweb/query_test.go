package dicomweb_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// What each setting of a query is on the wire.
func TestQueryOnTheWire(t *testing.T) {
	t.Parallel()
	srv, client, rec, _ := plain(t)
	srv.SetQuirks(dicomwebtest.Quirks{EmptyArray: true})
	const physician, description = dicomweb.TagReferringPhysician, dicomweb.TagStudyDescription
	at := time.Date(2026, 1, 15, 10, 0, 0, 0, time.FixedZone("", 3600))
	match := func(m ...dicomweb.Match) dicomweb.Query { return dicomweb.Query{Match: m} }
	for _, c := range []struct {
		q    dicomweb.Query
		want string
	}{
		{dicomweb.Query{}, ""},
		{dicomweb.Query{PatientName: "FICTIVE D*^É?"}, "00100010=FICTIVE%20D*%5E%C3%89?"},
		{dicomweb.Query{PatientID: "A+B&C#D%"}, "00100020=A%2BB%26C%23D%25"},
		{dicomweb.Query{StudyUIDs: []string{"1.2", "1.3"}}, "0020000D=1.2,1.3"},
		{dicomweb.Query{From: segur.NewDate(2026, 1, 15)}, "00080020=20260115-"},
		{dicomweb.Query{Fuzzy: true, Include: []dicomweb.Tag{physician, description}, IncludeAll: true},
			"includefield=00080090&includefield=00081030&includefield=all&fuzzymatching=true"},
		{match(dicomweb.Equal(physician, "PRESC*")), "00080090=PRESC*"},
		{match(dicomweb.Equal(physician, "")), "00080090="},
		{match(dicomweb.DateRange(0x00080020, segur.NewDate(2026, 1, 1), segur.NewDate(2026, 2, 1))), "00080020=20260101-20260201"},
		{match(dicomweb.DateRange(0x00080020, segur.NewDate(2026, 1, 1), segur.NewDate(2026, 1, 1))), "00080020=20260101"},
		{match(dicomweb.DateRange(0x00080020, segur.Date{}, segur.NewDate(2026, 1, 1))), "00080020=-20260101"},
		{match(dicomweb.TimeRange(0x00080030, "08:00", "12")), "00080030=0800-12"},
		{match(dicomweb.DateTimeRange(0x0040A13A, at, time.Time{})), "0040A13A=20260115100000.000000%2B0100-"},
		{match(dicomweb.OneOf(dicomweb.TagSOPClassUID, "1.2", "1.3")), "00080016=1.2,1.3"},
		{match(dicomweb.OneOf(dicomweb.TagModality, "CT", "MR")), "00080060=CT,MR&multiplevaluematching=true"},
		{dicomweb.Query{Match: []dicomweb.Match{dicomweb.OneOf(dicomweb.TagModality, "CT", "M,R")}, ValueSeparator: `\`}, "00080060=CT%5CM%2CR&multiplevaluematching=true"},
		{match(dicomweb.Absent(dicomweb.TagAccessionNumber)), "00080050=%22%22&emptyvaluematching=true"},
		{match(dicomweb.Equal(0x00400009, "STEP 1").In(0x00400275)), "00400275.00400009=STEP%201"},
		{match(dicomweb.Equal(0x00080100, "X").In(0x00400275, 0x00321064)), "00400275.00321064.00080100=X"},
	} {
		_, err := collect(client.SearchStudies(t.Context(), c.q))
		require.NoError(t, err, c.want)
		want := "limit=200&offset=0"
		if c.want != "" {
			want = c.want + "&" + want
		}
		assert.Equal(t, want, rec.take()[0].URL.RawQuery)
	}
	_, err := collect(client.SearchInstances(t.Context(), dicomweb.Query{SeriesUIDs: []string{"1.4", "1.5"}, Study: "1.2", Limit: 5}))
	require.NoError(t, err)
	seen := rec.take()[0].URL
	assert.Equal(t, "/dicom-web/studies/1.2/instances?0020000E=1.4,1.5&limit=5&offset=0", seen.RequestURI())

	for want, q := range map[string]dicomweb.Query{
		"match[0].path":      match(dicomweb.Equal(0x00400009, "x").In(dicomweb.TagPatientID)),
		"match[0]":           match(dicomweb.Match{Path: []dicomweb.Tag{dicomweb.TagModality}, Value: "CT", Empty: true}),
		"match[0].values[1]": match(dicomweb.OneOf(dicomweb.TagModality, "CT", "M,R")),
		"match[0].values[0]": match(dicomweb.OneOf(dicomweb.TagModality, "")),
		"match[0].value":     match(dicomweb.Equal(dicomweb.TagStudyDate, "2026*")),
		"studyUIDs":          {Study: "1.2", StudyUIDs: []string{"1.3"}},
		"studyUIDs[0]":       {StudyUIDs: []string{"x"}},
		"seriesUIDs":         {SeriesUIDs: []string{"1.2"}},
	} {
		_, err := collect(client.SearchStudies(t.Context(), q))
		var e *segur.Error
		require.ErrorAs(t, err, &e, want)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assert.Equal(t, "query."+want, e.Details[0].Field)
	}
	_, err = collect(client.SearchStudies(t.Context(), match(dicomweb.Equal(dicomweb.TagStudyInstanceUID, "1.*"), dicomweb.Equal(dicomweb.TagSeriesNumber, "*"))))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// The fake answers the matching of PS3.18 as a server of today: lists, emptiness, sequences, fuzzy names.
func TestQueryMatching(t *testing.T) {
	t.Parallel()
	srv, client, _, _ := plain(t)
	a := study(t, 260, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	b := study(t, 261, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Patient: person("IPP-0002"), AccessionNumber: " ", Description: "Crâne"})
	add(t, srv, a)
	add(t, srv, b)
	for name, c := range map[string]struct {
		q    dicomweb.Query
		want []string
	}{
		"absent":      {dicomweb.Query{Match: []dicomweb.Match{dicomweb.Absent(dicomweb.TagAccessionNumber)}}, []string{b.UID}},
		"one of":      {dicomweb.Query{Match: []dicomweb.Match{dicomweb.OneOf(dicomweb.TagPatientID, "IPP-0002", "IPP-0003")}}, []string{b.UID}},
		"UIDs":        {dicomweb.Query{StudyUIDs: []string{b.UID, "1.2", a.UID}}, []string{a.UID, b.UID}},
		"time":        {dicomweb.Query{Match: []dicomweb.Match{dicomweb.TimeRange(dicomweb.TagStudyTime, "10", "11")}}, []string{a.UID, b.UID}},
		"not fuzzy":   {dicomweb.Query{PatientName: "elan"}, nil},
		"fuzzy":       {dicomweb.Query{PatientName: "fictive-elan", Fuzzy: true}, []string{b.UID}},
		"fuzzy given": {dicomweb.Query{PatientName: "zoe", Fuzzy: true}, []string{b.UID}},
		"sequence":    {dicomweb.Query{Match: []dicomweb.Match{dicomweb.Equal(0x00400009, "X").In(0x00400275)}}, nil},
	} {
		rows, err := collect(client.SearchStudies(t.Context(), c.q))
		require.NoError(t, err, name)
		var got []string
		for _, r := range rows {
			got = append(got, r.UID)
		}
		assert.Equal(t, c.want, got, name)
	}
}

// Warnings of the server reach the caller as they came, the log without their text, and decide whether there is more.
func TestSearchWarnings(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	for i := range uint64(3) {
		add(t, srv, study(t, 262+i, dicomwebtest.SampleOptions{Series: 1, Instances: 1}))
	}
	var log syncBuffer
	cfg := srv.Config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	client := newClient(t, cfg)
	var warnings []string
	q := dicomweb.Query{PatientName: "FICTIVE*", Fuzzy: true, OnWarning: func(text string) { warnings = append(warnings, text) }}

	srv.SetQuirks(dicomwebtest.Quirks{NoFuzzy: true})
	rows, err := collect(client.SearchStudies(t.Context(), q))
	require.NoError(t, err)
	assert.Len(t, rows, 3)
	assert.Equal(t, []string{"299 " + srv.URL + ": The fuzzymatching parameter is not supported. Only literal matching has been performed."}, warnings)
	assert.Contains(t, log.String(), "about=fuzzymatching")
	assert.NotContains(t, log.String(), "literal")

	// Pages that announce what follows are followed; the announcement ends with the last one.
	warnings = nil
	srv.SetQuirks(dicomwebtest.Quirks{MaxRows: 1})
	rows, err = collect(client.SearchStudies(t.Context(), q))
	require.NoError(t, err)
	assert.Len(t, rows, 3)
	require.Len(t, warnings, 2)
	assert.Contains(t, warnings[1], "There are 1 additional results that can be requested")

	// What is held back for good is told.
	srv.SetQuirks(dicomwebtest.Quirks{MaxTotal: 2})
	rows, err = collect(client.SearchStudies(t.Context(), q))
	require.ErrorIs(t, err, segur.ErrPartial)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, dicomweb.CodeHeldBack, e.Code)
	assert.Len(t, rows, 2, "the rows before are given")
	q.Limit = 2
	_, err = collect(client.SearchStudies(t.Context(), q))
	require.NoError(t, err, "no more were asked for")
	for _, p := range private {
		assert.NotContains(t, log.String(), p)
	}
}

// Header lines in every form that servers write.
func TestWarningForms(t *testing.T) {
	t.Parallel()
	var lines []string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, l := range lines {
			w.Header().Add("Warning", l)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	for _, c := range []struct{ lines, want []string }{
		{[]string{`299 srv "a, 299 b", 199 other "c \" d"`}, []string{`299 srv "a, 299 b"`, `199 other "c \" d"`}},
		{[]string{`299 https://a: one, two`, "", `299 - "x"`}, []string{`299 https://a: one, two`, `299 - "x"`}},
		{[]string{"free text"}, []string{"free text"}},
		{[]string{"299 a " + strings.Repeat("é", 2000)}, []string{"299 a " + strings.Repeat("é", 509)}},
	} {
		lines = c.lines
		var got []string
		_, err := collect(client.SearchSeries(t.Context(), dicomweb.Query{OnWarning: func(s string) { got = append(got, s) }}))
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
	lines = []string{`299 x "There are 5 additional results that can be requested"`}
	_, err := collect(client.SearchSeries(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrPartial, "204 and more at once")
}

// Rows keep what servers send in odd forms, and show nothing when printed.
func TestRows(t *testing.T) {
	t.Parallel()
	body := `[{"00080020":{"vr":"DA","Value":["2026.01.15"]},"00080030":{"vr":"TM","Value":["10:11:12.5"]},"00080201":{"vr":"SH","Value":["+0100"]},
		"00080061":{"vr":"CS","Value":["CT",null," SR "]},"00100010":{"vr":"PN","Value":["FICTIVE-DURAND^CAMILLE"]},"00100020":{"vr":"LO","Value":[12]},
		"0020000D":{"vr":"UI","Value":["1.2.3"]},"0020000E":{"vr":"UI","Value":["1.2.4"]},"00080018":{"vr":"UI","Value":["1.2.5"]},
		"00200011":{"vr":"IS","Value":["-3"]},"00201206":{"vr":"IS","Value":["many"]},"00201208":{"vr":"IS","Value":[-1]},"00280008":{"vr":"IS","Value":["+12"]},
		"00400275":{"vr":"SQ","Value":[{"00400009":{"vr":"SH","Value":["S1"]},"00401001":{"vr":"SH","Value":["R1"]}},{}]},"00083002":{"vr":"UI","Value":["1.2.840.10008.1.2.1"]},
		"00091001":{"vr":"LO","Value":["private"]}}]`
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	studies, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{}))
	require.NoError(t, err)
	s := studies[0]
	when, ok := s.At(time.UTC)
	require.True(t, ok)
	assert.True(t, when.Equal(time.Date(2026, 1, 15, 9, 11, 12, 500_000_000, time.UTC)), when)
	assert.Equal(t, []string{"CT", "SR"}, s.Modalities)
	assert.Equal(t, "FICTIVE-DURAND^CAMILLE", s.Patient.Name, "a bare string for a name")
	assert.Equal(t, "12", s.Patient.ID, "a number for a text")
	assert.Zero(t, s.Series, "no number")
	assert.Zero(t, s.Instances, "no count")
	assert.Equal(t, "private", s.Attributes.Value(0x00091001), "every attribute is kept")
	series, err := collect(client.SearchSeries(t.Context(), dicomweb.Query{}))
	require.NoError(t, err)
	assert.Equal(t, -3, series[0].Number)
	assert.Equal(t, []dicomweb.RequestedStep{{ScheduledStepID: "S1", RequestedProcedureID: "R1"}, {}}, series[0].Requests)
	instances, err := collect(client.SearchInstances(t.Context(), dicomweb.Query{}))
	require.NoError(t, err)
	assert.Equal(t, 12, instances[0].Frames)
	assert.Equal(t, []string{dicomweb.ExplicitVRLittleEndian}, instances[0].TransferSyntaxes)
	assert.Equal(t, dicomweb.Ref{Study: "1.2.3", Series: "1.2.4", Instance: "1.2.5"}, instances[0].Ref())

	var log syncBuffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("x", "study", s, "series", series[0], "instance", instances[0], "patient", s.Patient)
	for _, text := range []string{log.String(), s.String(), series[0].String(), instances[0].String(), s.Patient.String()} {
		for _, p := range private {
			assert.NotContains(t, text, p)
		}
	}
	assertPublicText(t, s, series[0], instances[0], s.Patient)

	for _, m := range []dicomweb.Moment{{}, {Date: segur.NewDate(2026, 1, 1)}, {Date: segur.NewDate(2026, 1, 1), Time: "9"}, {Date: segur.NewDate(2026, 1, 1), Time: "256000"}, {Time: "10"}} {
		_, ok := m.At(nil)
		assert.False(t, ok)
	}
	// Below a study a row need not say whose it is.
	body = `[{"0020000E":{"vr":"UI","Value":["1.2.4"]},"00080018":{"vr":"UI","Value":["1.2.5"]}}]`
	series, err = collect(client.SearchSeries(t.Context(), dicomweb.Query{Study: "1.2.9"}))
	require.NoError(t, err)
	assert.Equal(t, dicomweb.Ref{Study: "1.2.9", Series: "1.2.4"}, series[0].Ref())
}
