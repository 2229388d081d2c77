package drim_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// Single frames are sent as PS3.18 has it, each at its place.
func TestHandlerFrames(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 8}) // 128 bytes of pixels
	file := s.study.Instances[0].File
	pixels := file[len(file)-128:]
	edited, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(file), dicomweb.Put(dicomweb.Text(dicomweb.TagNumberOfFrames, "4")),
		dicomweb.Put(dicomweb.Element{Tag: dicomweb.TagRows, VR: dicomweb.US, Values: []string{"2"}})))
	require.NoError(t, err)
	s.study.Instances[0].File = edited
	s.publish(t, []segur.Content{segur.BytesContent(edited)})
	h := s.handler(t, nil)
	p := path(s.study.Instances[0].Ref)
	w := s.ask(t, h, p+"/frames/1,3,4", nil)
	require.Equal(t, 200, w.Code, w.Body)
	assert.Contains(t, w.Header().Get("Content-Type"), `type="application/octet-stream"`)
	got, headers, err := parts(t, w.Header().Get("Content-Type"), w.Body)
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Equal(t, [][]byte{pixels[:32], pixels[64:96], pixels[96:]}, got)
	assert.Equal(t, []string{"application/octet-stream; transfer-syntax=" + dicomweb.ExplicitVRLittleEndian}, headers[0]["Content-Type"])
	assert.Equal(t, []string{"/drim/rs" + p + "/frames/3"}, headers[1]["Content-Location"])
	assert.True(t, s.last(t).Complete)
	assert.Equal(t, []int{1, 3, 4}, s.last(t).Frames)

	assert.Equal(t, 404, s.ask(t, h, p+"/frames/5", nil).Code)
	assert.Equal(t, 404, s.ask(t, h, p+"/frames/4,5", nil).Code)

	// Fewer pixels than announced: nothing that looks complete.
	s.images = imagesOf(nil, edited[:len(edited)-40])
	w = s.ask(t, s.handler(t, nil), p+"/frames/1,3", nil)
	assert.Equal(t, "yes", w.Header().Get("X-Aborted"))
	assert.Equal(t, drim.ServeImageFailed, s.last(t).Code)
	assert.Zero(t, s.last(t).Sent, "an instance of which a frame is missing did not leave")
	assert.Equal(t, 500, s.ask(t, s.handler(t, nil), p+"/frames/4", nil).Code)
}

// Images that need no codec to suit are converted; the others the PACS is asked
// to convert.
func TestHandlerConverts(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	j2k := withSyntax(t, s.study.Instances[0].File, "1.2.840.10008.1.2.4.90")
	s.images = imagesOf(nil, j2k, s.study.Instances[1].File)
	h := s.handler(t, nil)
	w := s.ask(t, h, path(dicomweb.Ref{Study: s.study.UID}), nil)
	require.Equal(t, 200, w.Code)
	files, headers, err := parts(t, w.Header().Get("Content-Type"), w.Body)
	require.NoError(t, err)
	require.Len(t, files, 2)
	assert.True(t, strings.HasSuffix(headers[0]["Content-Type"][0], ".4.91"))
	info, err := dicomweb.Inspect(segur.BytesContent(files[0]))
	require.NoError(t, err)
	assert.Equal(t, "1.2.840.10008.1.2.4.91", info.TransferSyntaxUID)

	// The fake PACS converts nothing: the image that suits arrives, and the other
	// one is told as not acceptable.
	pacs := dicomwebtest.NewServer()
	t.Cleanup(pacs.Close)
	rle := withSyntax(t, s.study.Instances[1].File, "1.2.840.10008.1.2.5")
	require.NoError(t, pacs.Add(s.study.Instances[0].File, rle))
	client, err := dicomweb.New(pacs.Config())
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	h = s.handler(t, func(c *drim.HandlerConfig) { c.Images = drim.ImagesFromPACS(client) })
	w = s.ask(t, h, path(dicomweb.Ref{Study: s.study.UID}), nil)
	assert.Equal(t, "yes", w.Header().Get("X-Aborted"))
	a := s.last(t)
	assert.Equal(t, 1, a.Sent)
	assert.Equal(t, drim.ServeNotAcceptable, a.Code)
	assert.Equal(t, 406, s.ask(t, h, path(s.study.Instances[1].Ref), nil).Code)
}
