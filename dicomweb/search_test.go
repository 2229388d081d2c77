package dicomweb_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// person is another fictional patient.
func person(id string) segur.Patient {
	return segur.Patient{
		Traits:   segur.Traits{BirthName: "FICTIVE-ÉLAN", FirstGivenName: "Zoé", Sex: segur.Female, BirthDate: segur.NewDate(1990, 2, 3)},
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: id}},
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	a := study(t, 20, dicomwebtest.SampleOptions{})
	b := study(t, 21, dicomwebtest.SampleOptions{Patient: person("IPP+é & 2"), AccessionNumber: "ACC-0002", Description: "Crâne", Latin1: true,
		When: a0.AddDate(0, 0, 10)})
	add(t, srv, a)
	add(t, srv, b)
	for name, c := range map[string]struct {
		q    dicomweb.Query
		want []string
	}{
		"all":              {dicomweb.Query{}, []string{a.UID, b.UID}},
		"limit":            {dicomweb.Query{Limit: 1}, []string{a.UID}},
		"pages of one":     {dicomweb.Query{PageSize: 1}, []string{a.UID, b.UID}},
		"patient":          {dicomweb.Query{PatientID: "IPP-0001"}, []string{a.UID}},
		"odd patient ID":   {dicomweb.Query{PatientID: "IPP+é & 2"}, []string{b.UID}},
		"unknown patient":  {dicomweb.Query{PatientID: "IPP-9999"}, nil},
		"name":             {dicomweb.Query{PatientName: "FICTIVE-É*^Zo?"}, []string{b.UID}},
		"accession":        {dicomweb.Query{AccessionNumber: "ACC-0002"}, []string{b.UID}},
		"study":            {dicomweb.Query{Study: b.UID}, []string{b.UID}},
		"from":             {dicomweb.Query{From: segur.NewDate(2026, 1, 16)}, []string{b.UID}},
		"to":               {dicomweb.Query{To: segur.NewDate(2026, 1, 15)}, []string{a.UID}},
		"one day":          {dicomweb.Query{From: segur.NewDate(2026, 1, 25), To: segur.NewDate(2026, 1, 25)}, []string{b.UID}},
		"range":            {dicomweb.Query{From: segur.NewDate(2026, 1, 1), To: segur.NewDate(2026, 1, 31)}, []string{a.UID, b.UID}},
		"modality":         {dicomweb.Query{Modality: "CT"}, []string{a.UID, b.UID}},
		"another modality": {dicomweb.Query{Modality: "MR"}, nil},
		"match":            {dicomweb.Query{Match: []dicomweb.Match{{Path: []dicomweb.Tag{dicomweb.TagStudyDescription}, Value: "Crâne"}}}, []string{b.UID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := collect(client.SearchStudies(t.Context(), c.q))
			require.NoError(t, err)
			var got []string
			for _, row := range rows {
				got = append(got, row.UID)
			}
			assert.Equal(t, c.want, got)
		})
	}

	rows, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{Study: b.UID, Include: []dicomweb.Tag{dicomweb.TagStudyDescription}}))
	require.NoError(t, err)
	row := rows[0]
	assert.Equal(t, dicomweb.Subject{ID: "IPP+é & 2", Name: "FICTIVE-ÉLAN^Zoé", Sex: "F", BirthDate: segur.NewDate(1990, 2, 3)}, row.Patient)
	assert.Equal(t, "Crâne", row.Description)
	assert.Equal(t, "ACC-0002", row.AccessionNumber)
	when, ok := row.At(nil)
	assert.True(t, ok)
	assert.Equal(t, a0.AddDate(0, 0, 10), when)
	assert.Equal(t, []string{"CT"}, row.Modalities)
	assert.Equal(t, []int{2, 6}, []int{row.Series, row.Instances})
	assert.Equal(t, "ONLINE", row.Availability)
	assert.Equal(t, srv.URL+"/studies/"+b.UID, row.RetrieveURL)
	assert.Equal(t, "FICTIVE-ÉLAN^Zoé", row.Attributes.Value(dicomweb.TagPatientName))

	series, err := collect(client.SearchSeries(t.Context(), dicomweb.Query{Study: a.UID}))
	require.NoError(t, err)
	require.Len(t, series, 2)
	assert.Equal(t, dicomweb.Ref{Study: a.UID, Series: a.Instances[3].Ref.Series}, series[1].Ref())
	assert.Equal(t, []any{"CT", 2, 3}, []any{series[1].Modality, series[1].Number, series[1].Instances})
	instances, err := collect(client.SearchInstances(t.Context(), dicomweb.Query{Study: a.UID, Series: a.Instances[3].Ref.Series, PageSize: 2}))
	require.NoError(t, err)
	require.Len(t, instances, 3)
	assert.Equal(t, a.Instances[5].Ref, instances[2].Ref())
	assert.Equal(t, a.Instances[5].SOPClass, instances[2].SOPClass)
	assert.Equal(t, []int{3, 1, 16, 16, 16}, []int{instances[2].Number, instances[2].Frames, instances[2].Rows, instances[2].Columns, instances[2].BitsAllocated})
	instances, err = collect(client.SearchInstances(t.Context(), dicomweb.Query{Study: a.UID, Instances: []string{a.Instances[0].Ref.Instance, a.Instances[4].Ref.Instance}}))
	require.NoError(t, err)
	require.Len(t, instances, 2)

	missing, err := client.Missing(t.Context(), []dicomweb.Ref{a.Instances[0].Ref, {Study: a.UID, Series: "1.2", Instance: "1.2.3"}, {Study: "1.9", Series: "1.2", Instance: "1.9.1"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"1.2.3", "1.9.1"}, []string{missing[0].Instance, missing[1].Instance})
}

func TestSearchInput(t *testing.T) {
	t.Parallel()
	_, client := setup(t)
	_, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{
		Study: "x", Series: "1.2", Instances: []string{"1.2", "y"}, PatientID: "IPP*", PatientName: "A\\B", AccessionNumber: "A\n",
		From: segur.Date{Year: 2026}, To: segur.NewDate(2025, 1, 1), Limit: -1, PageSize: -1, Match: []dicomweb.Match{{Value: "\x00"}},
	}))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, strings.TrimPrefix(d.Field, "query."))
	}
	assert.Equal(t, []string{"study", "series", "instances", "instances[1]", "patientID", "patientName", "accessionNumber", "from", "to",
		"match[0].path", "match[0].value", "limit", "pageSize"}, fields)
	_, err = collect(client.SearchSeries(t.Context(), dicomweb.Query{Series: "1.2"}))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// A server that ignores the filter answers with other patients: nothing of it is given.
func TestSearchFilterIgnored(t *testing.T) {
	t.Parallel()
	srv, client := setup(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{IgnoreFilters: true}))
	add(t, srv, study(t, 22, dicomwebtest.SampleOptions{Patient: person("IPP-0002")}))
	add(t, srv, study(t, 23, dicomwebtest.SampleOptions{}))
	for _, q := range []dicomweb.Query{
		{PatientID: "IPP-0001"}, {AccessionNumber: "ACC-0009"}, {Study: "1.2.3"}, {From: segur.NewDate(2027, 1, 1)},
		{Match: []dicomweb.Match{{Path: []dicomweb.Tag{dicomweb.TagStudyID}, Value: "9"}}},
		{Match: []dicomweb.Match{{Path: []dicomweb.Tag{0x00400275, 0x00400009}, Value: "9"}}},
	} {
		rows, err := collect(client.SearchStudies(t.Context(), q))
		require.ErrorIs(t, err, segur.ErrProtocol)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, dicomweb.CodeFilterIgnored, e.Code)
		assert.Empty(t, rows)
		assertPublic(t, err)
	}
	cfg := srv.Config()
	cfg.TrustFilters = true
	rows, err := collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{PatientID: "IPP-0001"}))
	require.NoError(t, err)
	assert.Len(t, rows, 2)
}

func TestSearchOffsetIgnored(t *testing.T) {
	t.Parallel()
	srv, client := setup(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{IgnoreOffset: true}))
	for i := range uint64(3) {
		add(t, srv, study(t, 24+i, dicomwebtest.SampleOptions{Series: 1, Instances: 1}))
	}
	rows, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{PageSize: 2}))
	require.ErrorIs(t, err, segur.ErrProtocol)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, dicomweb.CodeOffsetIgnored, e.Code)
	assert.Len(t, rows, 2, "each row once")
	rows, err = collect(client.SearchStudies(t.Context(), dicomweb.Query{PageSize: 4}))
	require.NoError(t, err)
	assert.Len(t, rows, 3)
}

func TestSearchAnswers(t *testing.T) {
	t.Parallel()
	json := "application/dicom+json"
	srv, client := setupTLS(t)
	add(t, srv, study(t, 30, dicomwebtest.SampleOptions{}))
	for name, c := range map[string]struct {
		fault dicomwebtest.Fault
		want  error
	}{
		"400":       {dicomwebtest.Fault{Status: 400}, segur.ErrRefused},
		"401":       {dicomwebtest.Fault{Status: 401}, segur.ErrAuthentication},
		"403":       {dicomwebtest.Fault{Status: 403}, segur.ErrAuthorization},
		"404":       {dicomwebtest.Fault{Status: 404}, segur.ErrNotFound},
		"413":       {dicomwebtest.Fault{Status: 413}, segur.ErrTooLarge},
		"503":       {dicomwebtest.Fault{Status: 503}, segur.ErrUnavailable},
		"500":       {dicomwebtest.Fault{Status: 500}, segur.ErrUnavailable},
		"302":       {dicomwebtest.Fault{Status: 302}, segur.ErrProtocol},
		"201":       {dicomwebtest.Fault{Status: 201}, segur.ErrProtocol},
		"HTML":      {dicomwebtest.Fault{Body: []byte("<html>FICTIVE</html>"), ContentType: "text/html"}, segur.ErrProtocol},
		"HTML+json": {dicomwebtest.Fault{Body: []byte("<html>FICTIVE</html>"), ContentType: json}, segur.ErrProtocol},
		"no UID":    {dicomwebtest.Fault{Body: []byte(`[{"00100020":{"vr":"LO","Value":["IPP-0001"]}}]`), ContentType: json}, segur.ErrProtocol},
		"cut":       {dicomwebtest.Fault{CutAfter: 200}, segur.ErrTruncated},
		"truncated": {dicomwebtest.Fault{TruncateAfter: 200}, segur.ErrTruncated},
		"oversized": {dicomwebtest.Fault{Body: bytes.Repeat([]byte(`[{"x":[`), 1<<21), ContentType: json}, segur.ErrTooLarge},
		"one object": {dicomwebtest.Fault{Body: []byte(`{"0020000D":{"vr":"UI","Value":["1.2.3"]},"00100020":{"vr":"LO","Value":["IPP-0001"]}}`),
			ContentType: json}, nil},
		"empty array": {dicomwebtest.Fault{Body: []byte(`[]`), ContentType: json}, nil},
		"204":         {dicomwebtest.Fault{Status: 204}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv.Fail(c.fault)
			_, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientID: "IPP-0001"}))
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.want, "%v", err)
			assertPublic(t, err)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "dicomweb.search", e.Op)
		})
	}
}

func TestSearchRetriesAndToken(t *testing.T) {
	t.Parallel()
	srv := newServer(dicomwebtest.WithToken("jeton-secret"))
	t.Cleanup(srv.Close)
	add(t, srv, study(t, 31, dicomwebtest.SampleOptions{}))
	cfg := srv.Config()
	_, err := collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	cfg.Tokens = tokens("jeton-secret")
	cfg.Retry = segur.RetryPolicy{MaxAttempts: 2, BaseDelay: 1}
	srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpSearch, Status: 503})
	rows, err := collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{}))
	require.NoError(t, err)
	assert.Len(t, rows, 1)
	cfg.Tokens = tokens("")
	_, err = collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	assert.NotContains(t, err.Error(), "jeton")
}

type tokens string

func (s tokens) Token(context.Context) (string, error) {
	if s == "" {
		return "", assert.AnError
	}
	return string(s), nil
}

// Neither the log nor an error nor the observer holds what the query asked.
func TestNothingPrivateLeaks(t *testing.T) {
	t.Parallel()
	srv := newServer()
	add(t, srv, study(t, 32, dicomwebtest.SampleOptions{}))
	var log syncBuffer
	cfg := srv.Config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 10}))
	cfg.Retry = segur.RetryPolicy{MaxAttempts: 2, BaseDelay: 1}
	client := newClient(t, cfg)
	q := dicomweb.Query{PatientID: "IPP-0001", PatientName: "FICTIVE-DURAND^CAMILLE", AccessionNumber: "ACC-0001"}
	ctx := t.Context()
	for _, f := range []dicomwebtest.Fault{{Status: 400}, {CutAfter: dicomwebtest.AtStart}, {DropRequest: true, Times: dicomwebtest.Forever}} {
		srv.Fail(f)
		_, err := collect(client.SearchStudies(ctx, q))
		require.Error(t, err)
		assertPublic(t, err)
	}
	srv.Close()
	testkit.Refused(t, srv.URL)
	_, err := collect(client.SearchStudies(ctx, q))
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assertPublic(t, err)
	assert.Contains(t, log.String(), "dicomweb.search")
	for _, p := range private {
		assert.NotContains(t, log.String(), p)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
