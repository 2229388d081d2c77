package dicomweb_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// drainFrames reads frames to their end.
func drainFrames(t testing.TB, c *dicomweb.Client, r dicomweb.FrameRequest) (numbers []int, content [][]byte, err error) {
	t.Helper()
	for f, err := range c.Frames(t.Context(), r) {
		if err != nil {
			return numbers, content, err
		}
		b, err := io.ReadAll(f)
		if err != nil {
			return numbers, content, err
		}
		numbers, content = append(numbers, f.Number), append(content, b)
	}
	return numbers, content, nil
}

func TestFrames(t *testing.T) {
	t.Parallel()
	srv, client, rec, base := plain(t)
	s := study(t, 220, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Frames: 4, Rows: 4})
	add(t, srv, s)
	ref, file := s.Instances[0].Ref, s.Instances[0].File
	frame := func(n int) []byte { return file[len(file)-32*(5-n) : len(file)-32*(4-n)] }
	req := dicomweb.FrameRequest{Ref: ref, Frames: []int{3, 1, 4}}
	numbers, content, err := drainFrames(t, client, req)
	require.NoError(t, err)
	assert.Equal(t, []int{3, 1, 4}, numbers, "in the order of the request")
	for i, n := range numbers {
		assert.Equal(t, frame(n), content[i])
	}
	assert.NotEqual(t, content[0], content[1])
	seen := rec.take()
	require.Len(t, seen, 1)
	assert.Equal(t, "/dicom-web"+ref.Path()+"/frames/3,1,4", seen[0].URL.Path)
	assert.Equal(t, `multipart/related; type="application/octet-stream"; transfer-syntax=*`, seen[0].Header.Get("Accept"))
	for f, err := range client.Frames(t.Context(), req) {
		require.NoError(t, err)
		assert.Equal(t, "application/octet-stream", f.Type)
		assert.Equal(t, dicomweb.ExplicitVRLittleEndian, f.TransferSyntaxUID)
		assert.Equal(t, base+ref.Path()+"/frames/3", f.Location)
		break // what was not read is skipped
	}

	srv.SetQuirks(dicomwebtest.Quirks{RefuseMultipart: true})
	_, content, err = drainFrames(t, client, dicomweb.FrameRequest{Ref: ref, Frames: []int{2}})
	require.NoError(t, err)
	assert.Equal(t, frame(2), content[0], "one part without multipart")
	_, _, err = drainFrames(t, client, req)
	require.Error(t, err)

	srv.SetQuirks(dicomwebtest.Quirks{ShortFrames: true})
	numbers, _, err = drainFrames(t, client, req)
	require.ErrorIs(t, err, segur.ErrPartial, "a whole answer that is short")
	assert.Equal(t, []int{3, 1}, numbers)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "2 of 3 frames came", e.Message)
	assert.Equal(t, "frame 4", e.Details[0].Field)

	_, _, err = drainFrames(t, client, dicomweb.FrameRequest{Ref: ref, Frames: []int{5}})
	require.ErrorIs(t, err, segur.ErrNotFound)
	_, _, err = drainFrames(t, client, dicomweb.FrameRequest{Ref: dicomweb.Ref{Study: "1.2"}, Frames: []int{0, 1, 1}, MediaType: "Image JPEG"})
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.Equal(t, []string{"ref.instance", "frames[0]", "frames[2]", "mediaType"}, fields)
	_, _, err = drainFrames(t, client, dicomweb.FrameRequest{Ref: ref})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// encapsulate replaces the pixels of a sample of two frames by compressed ones, in three fragments that a table maps.
func encapsulate(t testing.TB, file []byte, syntax string) []byte {
	t.Helper()
	at := bytes.LastIndex(file, []byte("\xE0\x7F\x10\x00OW"))
	require.Positive(t, at)
	old := []byte("\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00")
	value := syntax + strings.Repeat("\x00", len(syntax)%2)
	meta := append([]byte("\x02\x00\x10\x00UI"), byte(len(value)), 0)
	out := bytes.Replace(bytes.Clone(file[:at]), old, append(meta, value...), 1)
	// The length of the group grows with the UID.
	group := bytes.Index(out, []byte("\x02\x00\x00\x00UL\x04\x00")) + 8
	binary.LittleEndian.PutUint32(out[group:], binary.LittleEndian.Uint32(out[group:])+uint32(len(value)-20))
	out = append(out, "\xE0\x7F\x10\x00OB\x00\x00\xFF\xFF\xFF\xFF"...)
	item := func(b string) {
		out = append(out, "\xFE\xFF\x00\xE0"...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	item("\x00\x00\x00\x00\x14\x00\x00\x00") // the second frame begins after 8+4 and 8+0 bytes
	item("AAAA")
	item("")
	item("BBBBBB")
	return append(out, "\xFE\xFF\xDD\xE0\x00\x00\x00\x00"...)
}

// Compressed frames come as they are stored, by their own media type or as bytes.
func TestFramesCompressed(t *testing.T) {
	t.Parallel()
	const jpeg2000 = "1.2.840.10008.1.2.4.90"
	srv, client, rec, _ := plain(t)
	s := study(t, 221, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Frames: 2, Rows: 4})
	require.NoError(t, srv.Add(encapsulate(t, s.Instances[0].File, jpeg2000)))
	req := dicomweb.FrameRequest{Ref: s.Instances[0].Ref, Frames: []int{2, 1}}
	for name, r := range map[string]dicomweb.FrameRequest{
		"as stored":          req,
		"by media type":      {Ref: req.Ref, Frames: req.Frames, MediaType: "image/jp2"},
		"by transfer syntax": {Ref: req.Ref, Frames: req.Frames, Options: dicomweb.RetrieveOptions{TransferSyntaxes: []dicomweb.AcceptedSyntax{{UID: jpeg2000}}}},
	} {
		_, content, err := drainFrames(t, client, r)
		require.NoError(t, err, name)
		assert.Equal(t, [][]byte{[]byte("BBBBBB"), []byte("AAAA")}, content, name)
		if r.MediaType+name != "as stored" {
			assert.Contains(t, rec.accepts()[0], `type="image/jp2"`)
		}
		rec.take()
	}
	for f, err := range client.Frames(t.Context(), req) {
		require.NoError(t, err)
		assert.Equal(t, []string{"image/jp2", jpeg2000}, []string{f.Type, f.TransferSyntaxUID})
	}
}

// parts makes a multipart body.
func parts(head string, list ...string) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString("\r\n--B\r\n" + head + "\r\n\r\n" + p)
	}
	return b.String() + "\r\n--B--\r\n"
}

// A body cut at any byte gives the whole frames, then an error; never the end.
func TestFramesCutAtEveryByte(t *testing.T) {
	t.Parallel()
	body := parts("Content-Type: application/octet-stream", "pixels of one", "pixels of two", "pixels of three")
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cut, _ := strconv.Atoi(r.Header.Get("Cut"))
		w.Header().Set("Content-Type", `multipart/related; type="application/octet-stream"; boundary=B`)
		_, _ = io.WriteString(w, body[:cut])
	}))
	t.Cleanup(front.Close)
	client := rawClient(t, front.URL)
	req := dicomweb.FrameRequest{Ref: dicomweb.Ref{Study: "1.2", Series: "1.3", Instance: "1.4"}, Frames: []int{1, 2, 3}}
	whole := strings.LastIndex(body, "--B--") + len("--B--")
	for cut := range len(body) + 1 {
		req.Options.Header = http.Header{"Cut": {strconv.Itoa(cut)}}
		numbers, content, err := drainFrames(t, client, req)
		for i, n := range numbers {
			require.Equal(t, []string{"pixels of one", "pixels of two", "pixels of three"}[n-1], string(content[i]), "cut at %d", cut)
		}
		if cut >= whole {
			require.NoError(t, err, "cut at %d", cut)
			require.Equal(t, []int{1, 2, 3}, numbers)
			continue
		}
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d of %d", cut, len(body))
		assert.LessOrEqual(t, strings.Count(body[:cut], "pixels of "), len(numbers)+1)
	}
}

func TestFramesAnswers(t *testing.T) {
	t.Parallel()
	const octets = "Content-Type: application/octet-stream"
	multi := `multipart/related; type="application/octet-stream"; boundary=B`
	at := func(n int) string { return octets + "\r\nContent-Location: /x/frames/" + strconv.Itoa(n) }
	for name, c := range map[string]struct {
		ct, body string
		status   int
		want     error
		numbers  []int
	}{
		"numbers told":     {multi, parts(at(2), "b") + "", 0, segur.ErrPartial, []int{2}},
		"other number":     {multi, parts(at(7), "b"), 0, segur.ErrProtocol, nil},
		"one twice":        {multi, parts(at(1), "b", "b"), 0, segur.ErrProtocol, []int{1}},
		"too many":         {multi, parts(octets, "a", "b", "c"), 0, segur.ErrProtocol, []int{1, 2}},
		"206":              {multi, parts(octets, "a", "b"), 206, segur.ErrPartial, []int{1, 2}},
		"none":             {multi, "--B--\r\n", 0, segur.ErrPartial, nil},
		"part of JSON":     {multi, parts("Content-Type: application/dicom+json", "{}"), 0, segur.ErrProtocol, nil},
		"one part":         {"application/octet-stream", "ab", 0, segur.ErrProtocol, nil},
		"root type":        {`multipart/related; type="image/jpeg"; boundary=B`, parts("X: y", "a", "b"), 0, nil, []int{1, 2}},
		"no type":          {`multipart/related; boundary=B`, parts("X: y", "a", "b"), 0, nil, []int{1, 2}},
		"wrong length":     {multi, parts(octets+"\r\nContent-Length: 9", "a", "b"), 0, nil, []int{1, 2}},
		"inside quotes":    {`multipart/related; type="application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"; boundary=B`, parts(octets, "a", "b"), 0, nil, []int{1, 2}},
		"another instance": {multi, parts(octets+"\r\nContent-Location: https://x/studies/1.2/series/1.3/instances/1.5/frames/2", "b"), 0, segur.ErrProtocol, nil},
		"this instance":    {multi, parts(octets+"\r\nContent-Location: https://x/studies/1.2/series/1.3/instances/1.4/frames/2", "b"), 0, segur.ErrPartial, []int{2}},
	} {
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.ct)
			if c.status != 0 {
				w.WriteHeader(c.status)
			}
			fmt.Fprint(w, c.body)
		}))
		numbers, _, err := drainFrames(t, rawClient(t, front.URL), dicomweb.FrameRequest{Ref: dicomweb.Ref{Study: "1.2", Series: "1.3", Instance: "1.4"}, Frames: []int{1, 2}})
		front.Close()
		assert.Equal(t, c.numbers, numbers, name)
		if c.want == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, c.want, name)
	}
}

// A frame larger than the limit is refused where the limit is passed.
func TestFramesTooLarge(t *testing.T) {
	t.Parallel()
	srv := newServer(dicomwebtest.WithoutTLS())
	t.Cleanup(srv.Close)
	s := study(t, 222, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 64})
	add(t, srv, s)
	cfg := srv.Config()
	cfg.Limits.MaxPartBytes = 5000
	client := newClient(t, cfg)
	req := dicomweb.FrameRequest{Ref: s.Instances[0].Ref, Frames: []int{1}}
	_, _, err := drainFrames(t, client, req)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	srv.SetQuirks(dicomwebtest.Quirks{RefuseMultipart: true})
	_, _, err = drainFrames(t, client, req)
	require.ErrorIs(t, err, segur.ErrTooLarge)
}
