package dicomweb_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// base is the patient and the study that a document is added to.
func base(instance string) *dicomweb.Dataset {
	return dicomweb.NewDataset(
		dicomweb.Text(dicomweb.TagSOPInstanceUID, instance), dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.2.250.1.999.1.50"),
		dicomweb.Text(dicomweb.TagSeriesInstanceUID, "1.2.250.1.999.1.51"), dicomweb.Text(dicomweb.TagPatientName, "FICTIVE-DURAND^CAMILLE"),
		dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"), dicomweb.Text(dicomweb.TagPatientBirthDate, "19850314"), dicomweb.Text(dicomweb.TagPatientSex, "F"),
		dicomweb.Text(dicomweb.TagStudyDate, "20260115"), dicomweb.Text(dicomweb.TagStudyDescription, "Échographie"),
	)
}

func jpegImage(t testing.TB, grey bool) []byte {
	t.Helper()
	var img image.Image = image.NewGray(image.Rect(0, 0, 24, 16))
	if !grey {
		c := image.NewRGBA(image.Rect(0, 0, 24, 16))
		for i := range 24 * 16 {
			c.Set(i%24, i/24, color.RGBA{byte(i), byte(2 * i), 99, 255})
		}
		img = c
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

// A PDF, a photograph and a video become instances: attributes as JSON, the file beside them.
func TestStoreMetadata(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	pdf := []byte("%PDF-1.7\nfictif\n%%EOF")
	photo, film := jpegImage(t, false), bytes.Repeat([]byte("film"), 100)
	a, err := dicomweb.EncapsulatedPDF(base("1.2.250.1.999.1.52"), "Compte rendu", segur.BytesContent(pdf))
	require.NoError(t, err)
	b, err := dicomweb.Photograph(base("1.2.250.1.999.1.53"), segur.BytesContent(photo))
	require.NoError(t, err)
	c, err := dicomweb.Video(base("1.2.250.1.999.1.54"), dicomweb.VideoFormat{Rows: 1080, Columns: 1920, Frames: 250, Rate: 25}, segur.BytesContent(film))
	require.NoError(t, err)
	result, err := client.StoreMetadata(t.Context(), dicomweb.StoreMetadataRequest{Study: "1.2.250.1.999.1.50", Instances: []dicomweb.MetadataInstance{a, b, c}})
	require.NoError(t, err)
	assert.Equal(t, "SSS", outcomes(result.Instances))
	assert.Equal(t, dicomweb.EncapsulatedPDFStorage, result.Instances[0].SOPClass)

	// What the server made of it.
	read := func(i int) (dicomweb.Header, *dicomweb.Dataset, []byte) {
		file, ok := srv.File(result.Instances[i].Ref.Instance)
		require.True(t, ok)
		h, err := dicomweb.Inspect(segur.BytesContent(file))
		require.NoError(t, err)
		ds, err := dicomweb.ReadDataset(segur.BytesContent(file))
		require.NoError(t, err)
		assert.Equal(t, "FICTIVE-DURAND^CAMILLE", ds.Value(dicomweb.TagPatientName))
		assert.Equal(t, "Échographie", ds.Value(dicomweb.TagStudyDescription))
		return h, ds, file
	}
	h, ds, file := read(0)
	assert.Equal(t, dicomweb.ExplicitVRLittleEndian, h.TransferSyntaxUID)
	assert.Equal(t, "application/pdf", ds.Value(0x00420012))
	assert.Equal(t, "Compte rendu", ds.Value(0x00420010))
	assert.Equal(t, "DOC", ds.Value(dicomweb.TagModality))
	n, _ := ds.Int(0x00420015)
	assert.EqualValues(t, len(pdf), n)
	assert.True(t, bytes.Contains(file, pdf))
	h, ds, file = read(1)
	assert.Equal(t, dicomweb.JPEGBaseline, h.TransferSyntaxUID)
	assert.Equal(t, []string{"16", "24", "3", "YBR_FULL_422", "01"},
		[]string{ds.Value(dicomweb.TagRows), ds.Value(dicomweb.TagColumns), ds.Value(0x00280002), ds.Value(0x00280004), ds.Value(0x00282110)})
	assert.True(t, bytes.Contains(file, photo))
	h, ds, file = read(2)
	assert.Equal(t, dicomweb.MPEG4High41, h.TransferSyntaxUID)
	assert.Equal(t, []string{"1080", "1920", "250", "40.000", "25", "00181063"},
		[]string{ds.Value(dicomweb.TagRows), ds.Value(dicomweb.TagColumns), ds.Value(dicomweb.TagNumberOfFrames), ds.Value(0x00181063), ds.Value(0x00180040), ds.Value(0x00280009)})
	assert.True(t, bytes.Contains(file, film))

	// Bytes alone are pixels of the default transfer syntax.
	raw := base("1.2.250.1.999.1.55")
	raw.Set(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2.840.10008.5.1.4.1.1.7"))
	result, err = client.StoreMetadata(t.Context(), dicomweb.StoreMetadataRequest{Instances: []dicomweb.MetadataInstance{{
		Attributes: raw, Bulk: []dicomweb.BulkContent{{Tag: dicomweb.TagPixelData, Content: segur.BytesContent([]byte("0123"))}}}}})
	require.NoError(t, err)
	assert.True(t, result.All())

	// A server that does not have this form says so.
	srv.SetQuirks(dicomwebtest.Quirks{DICOMOnly: true})
	_, err = client.StoreMetadata(t.Context(), dicomweb.StoreMetadataRequest{Instances: []dicomweb.MetadataInstance{a}})
	require.ErrorIs(t, err, segur.ErrRefused)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 415, e.Status)
	assert.Equal(t, dicomweb.CodeNotSupported, e.Code)
	assert.Contains(t, e.Explain(segur.FR), "MetadataInstance.File")
}

// What a server that takes files only is given instead: the same instances, as files.
func TestMetadataInstanceFile(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	srv.SetQuirks(dicomwebtest.Quirks{DICOMOnly: true})
	pdf, photo, film := []byte("%PDF-1.7\nfictif\n%%EOF"), jpegImage(t, false), bytes.Repeat([]byte("film!"), 101)
	require.Equal(t, 1, len(pdf)%2, "a value that is padded")
	a, err := dicomweb.EncapsulatedPDF(base("1.2.250.1.999.1.52"), "Compte rendu d'échographie", segur.BytesContent(pdf))
	require.NoError(t, err)
	b, err := dicomweb.Photograph(base("1.2.250.1.999.1.53"), segur.BytesContent(photo))
	require.NoError(t, err)
	c, err := dicomweb.Video(base("1.2.250.1.999.1.54"), dicomweb.VideoFormat{Rows: 1080, Columns: 1920, Frames: 250, Rate: 25}, segur.BytesContent(film))
	require.NoError(t, err)
	raw := base("1.2.250.1.999.1.55")
	raw.Set(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2.840.10008.5.1.4.1.1.7"))
	raw.Set(dicomweb.Text(dicomweb.TagSpecificCharacterSet, "ISO_IR 100"))
	d := dicomweb.MetadataInstance{Attributes: raw, Bulk: []dicomweb.BulkContent{{Tag: dicomweb.TagPixelData, Content: segur.BytesContent([]byte("01234"))}}}

	var files []segur.Content
	for _, m := range []dicomweb.MetadataInstance{a, b, c, d} {
		file, err := m.File()
		require.NoError(t, err)
		files = append(files, file)
	}
	result, err := client.Store(t.Context(), dicomweb.StoreRequest{Study: "1.2.250.1.999.1.50", Instances: files})
	require.NoError(t, err)
	assert.Equal(t, "SSSS", outcomes(result.Instances))
	for i, want := range []struct {
		syntax string
		value  []byte
	}{{dicomweb.ExplicitVRLittleEndian, pdf}, {dicomweb.JPEGBaseline, photo}, {dicomweb.MPEG4High41, film}, {dicomweb.ExplicitVRLittleEndian, []byte("01234\x00")}} {
		kept, ok := srv.File(result.Instances[i].Ref.Instance)
		require.True(t, ok)
		assert.EqualValues(t, files[i].Size(), len(kept))
		h, err := dicomweb.Inspect(segur.BytesContent(kept))
		require.NoError(t, err)
		assert.Equal(t, want.syntax, h.TransferSyntaxUID)
		assert.True(t, bytes.Contains(kept, want.value))
		ds, err := dicomweb.ReadDataset(segur.BytesContent(kept))
		require.NoError(t, err)
		assert.Equal(t, "Échographie", ds.Value(dicomweb.TagStudyDescription))
	}
	kept, _ := srv.File("1.2.250.1.999.1.53")
	frames, err := dicomweb.ReadFrames(bytes.NewReader(kept))
	require.NoError(t, err)
	frame, err := frames.Frame(1)
	require.NoError(t, err)
	got, err := io.ReadAll(frame)
	require.NoError(t, err)
	assert.Equal(t, photo, bytes.TrimRight(got, "\x00"))
}

func TestMetadataInstanceFileRefuses(t *testing.T) {
	t.Parallel()
	fields := func(m dicomweb.MetadataInstance) (out []string) {
		_, err := m.File()
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assertPublic(t, err)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		for _, d := range e.Details {
			out = append(out, d.Field)
		}
		return out
	}
	assert.Equal(t, []string{"attributes"}, fields(dicomweb.MetadataInstance{}))
	m, err := dicomweb.EncapsulatedPDF(dicomweb.NewDataset(), "", segur.BytesContent([]byte("%PDF-1.7")))
	require.NoError(t, err)
	assert.Equal(t, []string{"attributes.SOPInstanceUID", "attributes.StudyInstanceUID", "attributes.SeriesInstanceUID"}, fields(m))
	latin := base("1.2.250.1.999.1.52")
	latin.Set(dicomweb.Text(dicomweb.TagSpecificCharacterSet, "ISO_IR 100"))
	m, err = dicomweb.EncapsulatedPDF(latin, "cœur", segur.BytesContent([]byte("%PDF-1.7")))
	require.NoError(t, err)
	assert.Equal(t, []string{"00420010"}, fields(m))
	m.Bulk[0].TransferSyntax = dicomweb.ExplicitVRBigEndian
	latin.Set(dicomweb.Text(0x00420010, ""))
	assert.Contains(t, fields(m), "00420011")

	// A value that is not as long as it said.
	m, err = dicomweb.EncapsulatedPDF(base("1.2.250.1.999.1.52"), "", segur.BytesContent([]byte("%PDF-1.7")))
	require.NoError(t, err)
	for _, size := range []int64{7, 9} {
		m.Bulk[0].Content = sized{m.Bulk[0].Content, size}
		file, err := m.File()
		require.NoError(t, err)
		r, err := file.Open()
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, r)
		require.ErrorContains(t, err, "another size", size)
		require.NoError(t, r.Close())
	}
}

// sized is a content that lies about its size.
type sized struct {
	segur.Content
	size int64
}

func (s sized) Size() int64 { return s.size }

func TestStoreMetadataChecks(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	good := base("1.2.3")
	good.Set(dicomweb.Text(dicomweb.TagSOPClassUID, dicomweb.EncapsulatedPDFStorage))
	elsewhere := base("1.2.4")
	elsewhere.Set(dicomweb.Text(dicomweb.TagSOPClassUID, dicomweb.EncapsulatedPDFStorage))
	elsewhere.Set(dicomweb.Element{Tag: 0x00420011, VR: dicomweb.OB, Bulk: &dicomweb.Bulk{URI: "bulk/1"}})
	x := segur.BytesContent([]byte("x"))
	_, err := client.StoreMetadata(t.Context(), dicomweb.StoreMetadataRequest{Study: "1.2", Instances: []dicomweb.MetadataInstance{
		{}, {Attributes: good, Bulk: []dicomweb.BulkContent{{Tag: 1, Content: x, ContentType: "pdf"}, {Tag: 1, Content: x}, {Content: segur.BytesContent(nil), TransferSyntax: "x"}, {Tag: dicomweb.TagPixelData}}},
		{Attributes: good}, {Attributes: elsewhere}, {Attributes: dicomweb.NewDataset()},
	}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assertPublic(t, err)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.Equal(t, []string{"instances[0].attributes", "instances[1]", "instances[1].bulk[0].contentType", "instances[1].bulk[1].tag",
		"instances[1].bulk[2].tag", "instances[1].bulk[2].content", "instances[1].bulk[2].transferSyntax", "instances[1].bulk[3].content",
		"instances[2]", "instances[2]", "instances[3]", "instances[3].attributes", "instances[4].attributes.SOPClassUID",
		"instances[4].attributes.SOPInstanceUID", "instances[4].attributes.StudyInstanceUID", "instances[4].attributes.SeriesInstanceUID", "instances[4]"}, fields)
	assert.Zero(t, srv.Len())
	_, err = client.StoreMetadata(t.Context(), dicomweb.StoreMetadataRequest{Study: "x"})
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 2)
}

// The makers look at the file that they are given.
func TestDocuments(t *testing.T) {
	t.Parallel()
	grey, err := dicomweb.Photograph(base("1.2"), segur.BytesContent(jpegImage(t, true)))
	require.NoError(t, err)
	assert.Equal(t, "MONOCHROME2", grey.Attributes.Value(0x00280004))
	_, planar := grey.Attributes.Get(0x00280006)
	assert.False(t, planar)

	jpg := jpegImage(t, false)
	at := bytes.Index(jpg, []byte{0xFF, 0xC0})
	require.Positive(t, at)
	marked := func(marker, precision byte) segur.Content {
		b := bytes.Clone(jpg)
		b[at+1], b[at+4] = marker, precision
		return segur.BytesContent(b)
	}
	for name, c := range map[string]segur.Content{
		"progressive": marked(0xC2, 8), "lossless": marked(0xC3, 8), "12 bits": marked(0xC0, 12),
		"PNG": segur.BytesContent([]byte("\x89PNG\r\n")), "empty": segur.BytesContent(nil), "unreadable": badContent{segur.BytesContent(jpg)},
	} {
		_, err := dicomweb.Photograph(base("1.2"), c)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
	}
	for cut := range at + 18 { // up to the end of the frame header
		_, err := dicomweb.Photograph(base("1.2"), segur.BytesContent(jpg[:cut]))
		require.ErrorIs(t, err, segur.ErrInvalidInput, "%d", cut)
	}
	extended, err := dicomweb.Photograph(base("1.2"), marked(0xC1, 8))
	require.NoError(t, err)
	assert.Equal(t, dicomweb.JPEGExtended, extended.Bulk[0].TransferSyntax)

	_, err = dicomweb.EncapsulatedPDF(base("1.2"), "", segur.BytesContent([]byte("<html>")))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = dicomweb.EncapsulatedPDF(nil, "", nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = dicomweb.Photograph(nil, nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = dicomweb.Video(nil, dicomweb.VideoFormat{Rows: 70000, TransferSyntax: "x"}, nil)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 7)
	v, err := dicomweb.Video(base("1.2"), dicomweb.VideoFormat{Rows: 1, Columns: 1, Frames: 1, Rate: 30, TransferSyntax: dicomweb.MPEG2Main}, segur.BytesContent(jpg))
	require.NoError(t, err)
	assert.Equal(t, "video/mpeg", v.Bulk[0].ContentType)

	// What base says of itself is kept.
	own := base("1.2")
	own.Set(dicomweb.Text(dicomweb.TagModality, "OT"))
	d, err := dicomweb.EncapsulatedPDF(own, "T", segur.BytesContent([]byte("%PDF-1.4")))
	require.NoError(t, err)
	assert.Equal(t, "OT", d.Attributes.Value(dicomweb.TagModality))
	_, changed := own.Get(0x00420012)
	assert.False(t, changed, "base stays as it is")
}
