package cda_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// What is embedded comes out as it went in, whatever its length, in its place.
func TestLevel3Attachments(t *testing.T) {
	t.Parallel()
	image := append(jpeg(), 1) // the end mark is near the end
	pdf := append(bytes.Repeat([]byte("%PDF-1.4 %%EOF\n\n"), 10_000), '\n')
	r, s := chest(t)
	s.Attachments = []cda.Attachment{{Title: "A", Content: segur.BytesContent(pdf)}, {Title: "B", ID: "cle", Content: segur.BytesContent(image)}, {Title: "C", Content: stub()}}
	doc, err := newWriter(t, allowAnyPDF).Level3(r, s)
	require.NoError(t, err)
	whole, err := doc.Bytes()
	require.NoError(t, err)
	require.EqualValues(t, doc.Size(), len(whole))
	got := map[string][]byte{}
	for n := range tree(t, whole).Walk() {
		if n.Is(ns, "observationMedia") {
			v := n.Child(ns, "value")
			b, err := base64.StdEncoding.DecodeString(v.Text())
			require.NoError(t, err)
			got[n.Attr("ID")+" "+v.Attr("mediaType")] = b
		}
	}
	stubBytes := []byte("%PDF-1.4\n%%EOF\n")
	assert.Equal(t, map[string][]byte{"media-document1 application/pdf": pdf, "media-cle image/jpeg": image,
		"media-document3 application/pdf": stubBytes, "media-copy application/pdf": stubBytes}, got)
	assert.EqualValues(t, len(stubBytes), doc.PDFSize(), "the copy is the PDF of the report")
	assert.Equal(t, sha256.Sum256(stubBytes), doc.PDFSHA256())

	rc, err := doc.Open()
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(rc, whole))
	require.NoError(t, rc.Close())
	var wg sync.WaitGroup
	for _, cut := range []int{0, 1, 100, 5_000, len(whole) / 2, len(whole) - 1, len(whole)} {
		wg.Go(func() { // begun by hand, ended by WriteTo
			rc, err := doc.Open()
			if !assert.NoError(t, err) {
				return
			}
			head := make([]byte, cut)
			_, err = io.ReadFull(rc, head)
			assert.NoError(t, err)
			var b bytes.Buffer
			n, err := rc.(io.WriterTo).WriteTo(&b)
			assert.NoError(t, err)
			assert.EqualValues(t, len(whole)-cut, n)
			assert.True(t, bytes.Equal(whole, slices.Concat(head, b.Bytes())))
			assert.NoError(t, rc.Close())
			assert.NoError(t, rc.Close())
		})
	}
	wg.Wait()
	for _, limit := range []int{0, 100, len(whole) / 2, len(whole) - 1} {
		n, err := doc.WriteTo(&failing{left: limit})
		require.ErrorIs(t, err, io.ErrClosedPipe)
		assert.EqualValues(t, limit, n)
	}
}

// counted says how many of its readers were not closed.
type counted struct {
	segur.Content
	open *int
}

func (c counted) Open() (io.ReadCloser, error) {
	rc, err := c.Content.Open()
	*c.open++
	return closer{rc, c.open}, err
}

type closer struct {
	io.ReadCloser
	open *int
}

func (c closer) Close() error { *c.open--; return c.ReadCloser.Close() }

func TestLevel3ClosesWhatItOpens(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	open := 0
	s.Attachments = []cda.Attachment{{Title: "A", Content: counted{stub(), &open}}, {Title: "B", ID: "cle", Content: counted{segur.BytesContent(jpeg()), &open}}}
	r.PDF = counted{stub(), &open}
	doc, err := newWriter(t, allowAnyPDF).Level3(r, s)
	require.NoError(t, err)
	assert.Zero(t, open)
	_, err = doc.WriteTo(io.Discard)
	require.NoError(t, err)
	assert.Zero(t, open)
	_, err = doc.WriteTo(&failing{left: int(doc.Size()) - 400})
	require.Error(t, err)
	assert.Zero(t, open)
	rc, err := doc.Open()
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, rc, doc.Size()/2)
	require.NoError(t, err)
	require.NoError(t, rc.Close())
	assert.Zero(t, open)
}

// Nobody gets a whole document around an attachment that was not checked.
func TestChangedAttachmentIsNotSent(t *testing.T) {
	t.Parallel()
	good := jpeg()
	other := bytes.Clone(good)
	other[50] ^= 1
	read := func(r io.Reader) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(r), nil }
	}
	for name, tc := range map[string]struct {
		then func() (io.ReadCloser, error)
		want error
	}{
		"other bytes": {func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(other)), nil }, segur.ErrConflict},
		"shorter":     {func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(other[1:])), nil }, segur.ErrConflict},
		"longer":      {func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(append(jpeg(), 'x'))), nil }, segur.ErrConflict},
		"canceled":    {read(iotest.ErrReader(context.Canceled)), context.Canceled},
		"gone":        {func() (io.ReadCloser, error) { return nil, os.ErrNotExist }, segur.ErrUnavailable},
	} {
		for _, place := range []int{0, 1} {
			r, s := chest(t)
			s.Attachments[0].ID, s.Attachments[1].ID = "a", "cle"
			s.Attachments[place].MediaType, s.Attachments[place].Content = "", &swapped{first: good, then: tc.then}
			doc, err := newWriter(t, allowAnyPDF).Level3(r, s)
			require.NoError(t, err, name)
			var b bytes.Buffer
			_, err = doc.WriteTo(&b)
			require.ErrorIs(t, err, tc.want, name)
			assert.NotContains(t, b.String(), "</ClinicalDocument>", name)
			if rc, err := doc.Open(); err == nil {
				got, err := io.ReadAll(rc)
				require.ErrorIs(t, err, tc.want, name)
				assert.NotContains(t, string(got), "</ClinicalDocument>", name)
				_, err = rc.Read(make([]byte, 10))
				require.ErrorIs(t, err, tc.want, "the error stays")
				assert.NoError(t, rc.Close())
			}
		}
	}
}

// Attachments of 30 MiB in all are checked and streamed through windows.
func TestLargeAttachmentsStreamInBoundedMemory(t *testing.T) {
	r, s := chest(t)
	r.PDF = bigPDF(10 << 20)
	s.Attachments = []cda.Attachment{{Title: "A", ID: "cle", Content: bigPDF(10 << 20)}, {Title: "B", Content: bigPDF(10<<20 + 1)}}
	w := newWriter(t, allowAnyPDF)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	doc, err := w.Level3(r, s)
	require.NoError(t, err)
	n, err := doc.WriteTo(io.Discard)
	require.NoError(t, err)
	runtime.ReadMemStats(&now)
	require.Equal(t, doc.Size(), n)
	require.Greater(t, n, int64(40<<20))
	allocated := int64(now.TotalAlloc - before.TotalAlloc)
	t.Logf("%d bytes written, %d bytes allocated in all", n, allocated)
	assert.Less(t, allocated, int64(1<<20))
}

func TestEndlessSectionsAreRefused(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	r.PDF, s.Conclusion = nil, cda.Text(strings.Repeat("a", 17<<20))
	_, err := newWriter(t).Level3(r, s)
	require.ErrorIs(t, err, segur.ErrTooLarge)
}

// A character that XML has no place for is refused, wherever it is, and the
// error says where.
func TestForbiddenCharacterInSections(t *testing.T) {
	t.Parallel()
	for want, edit := range map[string]func(s *cda.Sections){
		"paragraph": func(s *cda.Sections) { s.Conclusion = cda.Text("a\x00b") },
		"content":   func(s *cda.Sections) { s.Acts[0].Description = "caf\xe9" },
		"item":      func(s *cda.Sections) { s.History.Medical = []string{"\ufffe"} },
		"td":        func(s *cda.Sections) { s.Question.Purpose = "\x0b" },
	} {
		r, s := minimal(t), minimalSections()
		r.PDF = nil
		edit(&s)
		_, err := newWriter(t).Level3(r, s)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		require.Len(t, fields(err), 1)
		assert.True(t, strings.HasPrefix(fields(err)[0], "/ClinicalDocument/component/structuredBody/component/section/"), fields(err)[0])
		assert.Contains(t, fields(err)[0], want)
	}
}
