package dicomweb_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// a0 is the day of the sample studies.
var a0 = time.Date(2026, time.January, 15, 10, 11, 12, 0, time.UTC)

// fetchOne reads one instance to its end.
func fetchOne(ctx context.Context, c *dicomweb.Client, ref dicomweb.Ref) ([]byte, error) {
	inst, err := c.RetrieveInstance(ctx, ref)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(inst)
	if e := inst.Close(); err == nil {
		err = e
	}
	return b, err
}

// fetchAll reads what a retrieval gives.
func fetchAll(ctx context.Context, c *dicomweb.Client, ref dicomweb.Ref) (files [][]byte, err error) {
	for inst, err := range c.Retrieve(ctx, ref) {
		if err != nil {
			return files, err
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, inst); err != nil {
			return files, err
		}
		files = append(files, b.Bytes())
	}
	return files, nil
}

func TestRetrieve(t *testing.T) {
	t.Parallel()
	for name, quirks := range map[string]dicomwebtest.Quirks{"strict": {}, "unquoted": {UnquotedTypes: true}, "single part": {RefuseMultipart: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, client := setup(t, dicomwebtest.WithQuirks(quirks))
			s := study(t, 40, dicomwebtest.SampleOptions{Rows: 200}) // larger than the peeked head
			add(t, srv, s)
			for _, want := range s.Instances {
				inst, err := client.RetrieveInstance(t.Context(), want.Ref)
				require.NoError(t, err)
				assert.Equal(t, want.Ref, inst.Ref())
				assert.Equal(t, want.SOPClass, inst.SOPClassUID)
				assert.Equal(t, dicomweb.ExplicitVRLittleEndian, inst.TransferSyntaxUID)
				got, err := io.ReadAll(inst)
				require.NoError(t, err)
				require.NoError(t, inst.Close())
				assert.True(t, bytes.Equal(want.File, got), "byte for byte")
			}
			if quirks.RefuseMultipart {
				_, err := fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
				require.ErrorIs(t, err, segur.ErrProtocol)
				return
			}
			files, err := fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
			require.NoError(t, err)
			require.Len(t, files, 6)
			for i, f := range files {
				assert.True(t, bytes.Equal(s.Instances[i].File, f))
			}
			files, err = fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID, Series: s.Instances[4].Ref.Series})
			require.NoError(t, err)
			assert.Len(t, files, 3)
			// Skipped instances, and an end before the last one.
			n := 0
			for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: s.UID}) {
				require.NoError(t, err)
				if n++; n == 5 {
					break
				}
				assert.Equal(t, s.Instances[n-1].Ref, inst.Ref())
			}
		})
	}
}

// Cut at any byte of a small multipart answer, by the end of the answer or of the connection, nothing is taken for whole.
func TestRetrieveCutAtEveryByte(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 41, dicomwebtest.SampleOptions{Series: 1, Instances: 2, Rows: 2})
	add(t, srv, s)
	size := 0
	srv.Fail(dicomwebtest.Fault{Alter: func(b []byte) []byte { size = len(b); return b }})
	files, err := fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
	require.NoError(t, err)
	require.Len(t, files, 2)
	require.Greater(t, size, 2000)
	for cut := int64(1); cut < int64(size)-2; cut++ { // the line end after the closing delimiter may be missing
		if cut > 300 && cut < int64(size)-300 && cut%7 != 0 {
			continue // the middle of the files, thinned
		}
		srv.Fail(dicomwebtest.Fault{TruncateAfter: cut})
		files, err := fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d of %d", cut, size)
		for i, f := range files {
			require.True(t, bytes.Equal(s.Instances[i].File, f), "what was given is whole, cut at %d", cut)
		}
	}
	srv.Fail(dicomwebtest.Fault{CutAfter: 1500})
	_, err = fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
	require.ErrorIs(t, err, segur.ErrTruncated)
}

// Parts delimited by another boundary than the one announced are no instance.
func TestRetrieveWrongBoundary(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 42, dicomwebtest.SampleOptions{Series: 1, Instances: 2, Rows: 2})
	add(t, srv, s)
	srv.Fail(dicomwebtest.WrongBoundary(dicomwebtest.OpRetrieve))
	files, err := fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
	require.ErrorIs(t, err, segur.ErrTruncated)
	assert.Empty(t, files)
	files, err = fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
	require.NoError(t, err)
	assert.Len(t, files, 2)
}

// A single part has no closing delimiter: the file itself must be whole.
func TestRetrieveSinglePartCut(t *testing.T) {
	t.Parallel()
	srv, client := setup(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{RefuseMultipart: true}))
	s := study(t, 42, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	add(t, srv, s)
	ref, file := s.Instances[0].Ref, s.Instances[0].File
	whole, err := fetchOne(t.Context(), client, ref) // the client now knows which form the server takes
	require.NoError(t, err)
	assert.True(t, bytes.Equal(file, whole))
	pixels := bytes.LastIndex(file, []byte("\xe0\x7f\x10\x00"))
	for cut := pixels + 1; cut < len(file); cut += 13 {
		srv.Fail(dicomwebtest.Fault{TruncateAfter: int64(cut)})
		_, err := fetchOne(t.Context(), client, ref)
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d of %d", cut, len(file))
	}
	inst, err := client.RetrieveInstance(t.Context(), ref)
	require.NoError(t, err)
	require.NoError(t, inst.Close(), "closing early is no error")
}

func TestRetrieveAnswers(t *testing.T) {
	t.Parallel()
	s := study(t, 43, dicomwebtest.SampleOptions{})
	other := study(t, 44, dicomwebtest.SampleOptions{})
	body := func(close string, files ...[]byte) []byte {
		var b bytes.Buffer
		for _, f := range files {
			fmt.Fprintf(&b, "\r\n--B\r\nContent-Type: application/dicom\r\n\r\n%s", f)
		}
		return append(b.Bytes(), close...)
	}
	file, related := s.Instances[0].File, `multipart/related; type=application/dicom; boundary=B`
	for name, c := range map[string]struct {
		fault dicomwebtest.Fault
		want  error
		code  string
	}{
		"401":              {dicomwebtest.Fault{Status: 401}, segur.ErrAuthentication, ""},
		"403":              {dicomwebtest.Fault{Status: 403}, segur.ErrAuthorization, ""},
		"404":              {dicomwebtest.Fault{Status: 404}, segur.ErrNotFound, ""},
		"410":              {dicomwebtest.Fault{Status: 410}, segur.ErrNotFound, ""},
		"406":              {dicomwebtest.Fault{Status: 406, Times: dicomwebtest.Forever}, segur.ErrProtocol, ""},
		"503":              {dicomwebtest.Fault{Status: 503}, segur.ErrUnavailable, ""},
		"HTML":             {dicomwebtest.Fault{Body: []byte("<html>FICTIVE"), ContentType: "text/html"}, segur.ErrProtocol, ""},
		"HTML as DICOM":    {dicomwebtest.Fault{Body: []byte("<html>FICTIVE"), ContentType: "application/dicom"}, segur.ErrProtocol, ""},
		"whole":            {dicomwebtest.Fault{Body: body("\r\n--B--", file), ContentType: related}, nil, ""},
		"sniffed boundary": {dicomwebtest.Fault{Body: body("\r\n--B--", file), ContentType: "multipart/related"}, nil, ""},
		"wrong boundary":   {dicomwebtest.Fault{Body: body("\r\n--B--", file), ContentType: "multipart/related; boundary=C"}, segur.ErrTruncated, ""},
		"no end":           {dicomwebtest.Fault{Body: body("", file), ContentType: related}, segur.ErrTruncated, ""},
		"end after line":   {dicomwebtest.Fault{Body: body("\r\n--B\r\n", file), ContentType: related}, segur.ErrTruncated, ""},
		"no part":          {dicomwebtest.Fault{Body: []byte("--B--\r\n"), ContentType: related}, segur.ErrProtocol, ""},
		"empty":            {dicomwebtest.Fault{Body: []byte{}, ContentType: related}, segur.ErrTruncated, ""},
		"another instance": {dicomwebtest.Fault{Body: body("\r\n--B--", s.Instances[1].File), ContentType: related}, segur.ErrProtocol, dicomweb.CodeWrongInstance},
		"another study":    {dicomwebtest.Fault{Body: body("\r\n--B--", other.Instances[0].File), ContentType: related}, segur.ErrProtocol, dicomweb.CodeWrongInstance},
		"two instances":    {dicomwebtest.Fault{Body: body("\r\n--B--", file, s.Instances[1].File), ContentType: related}, segur.ErrProtocol, dicomweb.CodeWrongInstance},
		"not DICOM":        {dicomwebtest.Fault{Body: body("\r\n--B--", bytes.Repeat([]byte("x"), 400)), ContentType: related}, segur.ErrProtocol, ""},
		"part of text":     {dicomwebtest.Fault{Body: []byte("--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--"), ContentType: related}, segur.ErrProtocol, ""},
		"no headers":       {dicomwebtest.Fault{Body: append(append([]byte("--B\r\n\r\n"), file...), "\r\n--B--"...), ContentType: related}, nil, ""},
		"line feeds":       {dicomwebtest.Fault{Body: append(append([]byte("--B\n\n"), file...), "\n--B--\n"...), ContentType: related}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, client := setup(t)
			add(t, srv, s)
			srv.Fail(c.fault)
			got, err := fetchOne(t.Context(), client, s.Instances[0].Ref)
			if c.want == nil {
				require.NoError(t, err)
				assert.True(t, bytes.Equal(file, got))
				return
			}
			require.ErrorIs(t, err, c.want, "%v", err)
			assertPublic(t, err)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "dicomweb.retrieve", e.Op)
			assert.Equal(t, c.code, e.Code)
		})
	}
	_, client := setup(t)
	_, err := client.RetrieveInstance(t.Context(), dicomweb.Ref{Study: "1.2", Instance: "x"})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = fetchAll(t.Context(), client, dicomweb.Ref{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = fetchAll(t.Context(), client, dicomweb.Ref{Study: "1.2.3"})
	require.ErrorIs(t, err, segur.ErrNotFound)
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 48, dicomwebtest.SampleOptions{})
	add(t, srv, s)
	for _, c := range []struct {
		ref  dicomweb.Ref
		want int
	}{{dicomweb.Ref{Study: s.UID}, 6}, {dicomweb.Ref{Study: s.UID, Series: s.Instances[0].Ref.Series}, 3}, {s.Instances[3].Ref, 1}} {
		rows, err := collect(client.Metadata(t.Context(), c.ref))
		require.NoError(t, err)
		require.Len(t, rows, c.want)
		assert.Equal(t, "1.2.840.10008.5.1.4.1.1.2", rows[0].Value(dicomweb.TagSOPClassUID))
		assert.Equal(t, []string{"10", "10"}, rows[0].Values(0x00280030))
	}
	_, err := collect(client.Metadata(t.Context(), dicomweb.Ref{Study: "1.2.3"}))
	require.ErrorIs(t, err, segur.ErrNotFound)
	_, err = collect(client.Metadata(t.Context(), dicomweb.Ref{}))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for want, f := range map[error]dicomwebtest.Fault{
		segur.ErrTruncated: {TruncateAfter: 500}, segur.ErrProtocol: {ContentType: "text/html", Body: []byte("<html>")},
		segur.ErrPartial: {Status: 206, ContentType: "application/dicom+json", Body: []byte("[]")},
	} {
		srv.Fail(f)
		_, err = collect(client.Metadata(t.Context(), s.Instances[0].Ref))
		require.ErrorIs(t, err, want)
	}
	srv.Fail(dicomwebtest.Fault{ContentType: "application/dicom+json", Body: []byte(`[{"0020000D":{"vr":"UI","Value":["1.2.3"]}}]`)})
	_, err = collect(client.Metadata(t.Context(), s.Instances[0].Ref))
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, dicomweb.CodeWrongInstance, e.Code)
}

func TestRetrievePartialContent(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 45, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	srv.Fail(dicomwebtest.Fault{Status: http.StatusPartialContent, ContentType: "multipart/related; boundary=B",
		Body: append(append([]byte("--B\r\n\r\n"), s.Instances[0].File...), "\r\n--B--"...)})
	files, err := fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.Len(t, files, 1)
}

func TestRetrieveLimits(t *testing.T) {
	t.Parallel()
	srv, _ := setup(t)
	s := study(t, 46, dicomwebtest.SampleOptions{Rows: 128})
	add(t, srv, s)
	cfg := srv.Config()
	cfg.Limits.MaxPartBytes = 20_000
	_, err := fetchOne(t.Context(), newClient(t, cfg), s.Instances[0].Ref)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	srv.SetQuirks(dicomwebtest.Quirks{RefuseMultipart: true})
	_, err = fetchOne(t.Context(), newClient(t, cfg), s.Instances[0].Ref)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	srv.SetQuirks(dicomwebtest.Quirks{})
	cfg = srv.Config()
	cfg.Limits.MaxParts = 2
	files, err := fetchAll(t.Context(), newClient(t, cfg), dicomweb.Ref{Study: s.UID})
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Len(t, files, 2)
}

func TestRetrieveCancelledAndIdle(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 47, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 2000})
	add(t, srv, s)
	ctx, cancel := context.WithCancel(t.Context())
	inst, err := client.RetrieveInstance(ctx, s.Instances[0].Ref)
	require.NoError(t, err)
	cancel()
	_, err = io.Copy(io.Discard, inst)
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, inst.Close(), segur.ErrCanceled)

	srv.Fail(dicomwebtest.Fault{Hang: true, Times: dicomwebtest.Forever})
	cfg := srv.Config()
	cfg.Timeout, cfg.Retry.MaxAttempts = 50*time.Millisecond, 1
	_, err = fetchOne(t.Context(), newClient(t, cfg), s.Instances[0].Ref)
	require.ErrorIs(t, err, segur.ErrTimeout)
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	var wg sync.WaitGroup
	for i := range uint64(8) {
		wg.Go(func() {
			s := study(t, 100+i, dicomwebtest.SampleOptions{Patient: person(fmt.Sprintf("IPP-%d", i))})
			for range 3 {
				result, err := client.Store(t.Context(), dicomweb.StoreRequest{Study: s.UID, Instances: s.Contents()})
				if !assert.NoError(t, err) || !assert.True(t, result.All()) {
					return
				}
				rows, err := collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientID: fmt.Sprintf("IPP-%d", i)}))
				if !assert.NoError(t, err) || !assert.Len(t, rows, 1) {
					return
				}
				files, err := fetchAll(t.Context(), client, rows[0].Ref())
				if !assert.NoError(t, err) || !assert.Len(t, files, 6) {
					return
				}
				for j, f := range files {
					assert.True(t, bytes.Equal(s.Instances[j].File, f))
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 48, srv.Len())
}
