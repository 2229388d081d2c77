package cda_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
)

// The document is a content: any way of reading gives the same bytes, as often
// as wanted, by several goroutines.
func TestDocumentIsAContent(t *testing.T) {
	t.Parallel()
	r := complete(t)
	r.PDF = bigPDF(200_001)
	doc, err := newWriter(t, allowAnyPDF).Level1(r)
	require.NoError(t, err)
	whole, err := doc.Bytes()
	require.NoError(t, err)
	require.EqualValues(t, doc.Size(), len(whole))
	src, _ := r.PDF.Open()
	pdf, _ := io.ReadAll(src)
	assert.EqualValues(t, len(pdf), doc.PDFSize())
	assert.Equal(t, sha256.Sum256(pdf), doc.PDFSHA256())
	assert.True(t, bytes.HasSuffix(whole, []byte(`<text mediaType="application/pdf" representation="B64">`+
		base64.StdEncoding.EncodeToString(pdf)+`</text></nonXMLBody></component></ClinicalDocument>`)))

	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			rc, err := doc.Open()
			if !assert.NoError(t, err) {
				return
			}
			var in io.Reader = rc
			switch i {
			case 1:
				in = iotest.HalfReader(rc)
			case 2:
				in = iotest.DataErrReader(struct{ io.Reader }{rc})
			case 3: // part by Read, the rest by WriteTo
				head := make([]byte, len(whole)/2)
				_, err = io.ReadFull(rc, head)
				assert.NoError(t, err)
				var b bytes.Buffer
				n, err := rc.(io.WriterTo).WriteTo(&b)
				assert.NoError(t, err)
				assert.EqualValues(t, len(whole)-len(head), n)
				assert.True(t, bytes.Equal(whole, slices.Concat(head, b.Bytes())))
				assert.NoError(t, rc.Close())
				return
			}
			got, err := io.ReadAll(in)
			assert.NoError(t, err)
			assert.True(t, bytes.Equal(whole, got))
			assert.NoError(t, rc.Close())
			assert.Equal(t, "1.2.250.1.999.4.1001", string(doc.Header().Services[0].StudyUID))
		})
	}
	wg.Wait()
	rc, err := doc.Open()
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(rc, whole))
	assert.NotContains(t, fmt.Sprint(doc), "FICTIVE")
}

// swapped is a content that is another one the second time.
type swapped struct {
	mu    sync.Mutex
	opens int
	first []byte
	then  func() (io.ReadCloser, error)
}

func (s *swapped) Size() int64 { return int64(len(s.first)) }

func (s *swapped) Open() (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opens++; s.opens == 1 {
		return io.NopCloser(bytes.NewReader(s.first)), nil
	}
	return s.then()
}

// Nobody gets a whole document around a PDF that was not checked.
func TestChangedPDFIsNotSent(t *testing.T) {
	t.Parallel()
	other := bytes.Clone(samplePDF())
	other[len(other)/2] ^= 1
	for name, tc := range map[string]struct {
		then func() (io.ReadCloser, error)
		want error
	}{
		"other bytes": {func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(other)), nil }, segur.ErrConflict},
		"shorter":     {func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(other[1:])), nil }, segur.ErrConflict},
		"longer":      {func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(append(samplePDF(), 'x'))), nil }, segur.ErrConflict},
		"unreadable":  {func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(io.ErrNoProgress)), nil }, segur.ErrUnavailable},
		"gone":        {func() (io.ReadCloser, error) { return nil, os.ErrNotExist }, segur.ErrUnavailable},
	} {
		r := minimal(t)
		r.PDF = &swapped{first: samplePDF(), then: tc.then}
		doc, err := newWriter(t).Level1(r)
		require.NoError(t, err, name)
		var b bytes.Buffer
		_, err = doc.WriteTo(&b)
		require.ErrorIs(t, err, tc.want, name)
		assert.NotContains(t, b.String(), "</ClinicalDocument>", name)
		_, err = doc.Bytes()
		require.ErrorIs(t, err, tc.want, name)
		if rc, err := doc.Open(); err == nil {
			got, err := io.ReadAll(rc)
			require.ErrorIs(t, err, tc.want, name)
			assert.NotContains(t, string(got), "</ClinicalDocument>", name)
		}
	}
}

func TestDestinationFails(t *testing.T) {
	t.Parallel()
	doc, err := newWriter(t).Level1(minimal(t))
	require.NoError(t, err)
	whole, _ := doc.Bytes()
	for _, limit := range []int{0, 1, 100, len(whole) / 2, len(whole) - 1} {
		n, err := doc.WriteTo(&failing{left: limit})
		require.ErrorIs(t, err, io.ErrClosedPipe)
		assert.LessOrEqual(t, n, int64(limit))
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n := f.left
		f.left = 0
		return n, io.ErrClosedPipe
	}
	f.left -= len(p)
	return len(p), nil
}

func TestFileContent(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "report.pdf")
	require.NoError(t, os.WriteFile(name, samplePDF(), 0o600))
	content, err := segur.FileContent(name)
	require.NoError(t, err)
	r := minimal(t)
	r.PDF = content
	assert.Equal(t, build(t, newWriter(t), minimal(t)), build(t, newWriter(t), r))
}
