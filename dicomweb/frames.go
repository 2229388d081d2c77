package dicomweb

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// FrameRequest names frames of one instance.
type FrameRequest struct {
	// Ref is the instance.
	Ref Ref
	// Frames are their numbers, from 1, in the order in which they are wanted.
	// Each is there once.
	Frames []int
	// MediaType is what pixels are asked for: "image/jpeg", "image/jp2" and so
	// on. Empty: what goes with the transfer syntaxes of the options, or the
	// pixels as they are stored.
	MediaType string
	// Options tune the retrieval.
	Options RetrieveOptions
}

// Frame is one frame that arrives.
type Frame struct {
	// Number is its number, from 1.
	Number int
	*Media
}

// frameRange is the media range of a frame in a transfer syntax.
func (r *FrameRequest) frameRange(syntax string) string {
	t := r.MediaType
	if t == "" {
		t, _, _ = pixelMediaType(syntax)
	}
	return `multipart/related; type="` + t + `"`
}

func (r *FrameRequest) check() error {
	var p segur.Problems
	r.Ref.check(&p, "ref")
	if r.Ref.Instance == "" {
		p.Add("ref.instance", "is required")
	}
	checkFrames(&p, r.Frames)
	if len(r.Frames) == 0 {
		p.Add("frames", "must hold at least one")
	}
	checkMediaType(&p, "mediaType", r.MediaType)
	r.Options.check(&p, r.Ref)
	return p.Err(opRetrieve)
}

func checkFrames(p *segur.Problems, frames []int) {
	seen := map[int]bool{}
	for i, n := range frames {
		field := fmt.Sprintf("frames[%d]", i)
		switch {
		case n < 1:
			p.Add(field, "must be 1 or more")
		case seen[n]:
			p.Add(field, "is there twice")
		}
		seen[n] = true
	}
}

func checkMediaType(p *segur.Problems, field, v string) {
	if v != "" && strings.ContainsFunc(v, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("/*+.-", r))
	}) {
		p.Add(field, "must be a media type in small letters, without parameters")
	}
}

// framePath is "/frames/1,3".
func framePath(frames []int) string {
	list := make([]string, len(frames))
	for i, n := range frames {
		list[i] = strconv.Itoa(n)
	}
	return "/frames/" + strings.Join(list, ",")
}

// Frames gives frames of an instance (WADO-RS, PS3.18 10.4.1.1.6): pixels, little
// endian, or a compressed image without DICOM around it; [Media] says which. Each
// is valid until the next one is asked for. Frames that came whole are given
// before the error of a cut answer ([segur.ErrTruncated]). A whole answer that
// holds fewer than were asked ends the sequence with [segur.ErrPartial], whose
// Details name the missing numbers.
func (c *Client) Frames(ctx context.Context, r FrameRequest) iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		if err := c.frames(ctx, &r, yield); err != nil {
			yield(nil, err)
		}
	}
}

func (c *Client) frames(ctx context.Context, r *FrameRequest, yield func(*Frame, error) bool) error {
	if err := r.check(); err != nil {
		return err
	}
	a := asking{op: opRetrieve, url: c.place(r.Ref, &r.Options) + framePath(r.Frames), kind: formFrames, forms: bulkForms, o: &r.Options}
	a.own = r.Options.accepts(r.frameRange)
	if len(a.own) == 0 && r.MediaType != "" {
		a.own = []string{r.frameRange("") + anySyntax, r.frameRange("")}
	}
	resp, err := c.ask(ctx, a)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	in, err := c.newAnswer(ctx, resp)
	if err != nil {
		return err
	}
	if in.parts == nil && len(r.Frames) > 1 {
		return in.fail(segur.KindProtocol, "", "one part came where several frames were asked", nil)
	}
	left := slices.Clone(r.Frames)
	for {
		m, err := in.nextMedia(isPixels)
		if err == io.EOF { //nolint:errorlint // nextMedia returns it bare
			return in.missingFrames(left, len(r.Frames))
		}
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return in.fail(segur.KindProtocol, CodeWrongInstance, "the answer holds more frames than were asked", nil)
		}
		f := &Frame{Number: left[0], Media: m}
		if uid := locatedInstance(m.Location); uid != "" && uid != r.Ref.Instance {
			return in.fail(segur.KindProtocol, CodeWrongInstance, "the answer holds a frame of another instance than what was asked", nil)
		}
		if n, told := frameNumber(m.Location); told {
			f.Number = n
		}
		at := slices.Index(left, f.Number)
		if at < 0 {
			return in.fail(segur.KindProtocol, CodeWrongInstance, "the answer holds a frame that was not asked, or one twice", nil)
		}
		left = slices.Delete(left, at, at+1)
		if !yield(f, nil) {
			return nil
		}
		if err := m.Close(); err != nil { // what was not read must be there too
			return err
		}
	}
}

// missingFrames is the end of a whole answer.
func (a *answer) missingFrames(left []int, asked int) error {
	if len(left) == 0 && a.resp.Status != http.StatusPartialContent {
		return nil
	}
	e := &segur.Error{Op: opRetrieve, Kind: segur.KindPartial, Status: a.resp.Status,
		Message: fmt.Sprintf("%d of %d frames came", asked-len(left), asked)}
	for _, n := range left {
		e.Details = append(e.Details, segur.Detail{Field: "frame " + strconv.Itoa(n), Message: "did not come"})
	}
	return a.resp.Fail(e)
}

// locatedInstance reads the UID of ".../instances/1.2/frames/7"; "" for none.
func locatedInstance(location string) string {
	_, tail, _ := strings.Cut(location, "/instances/")
	uid, _, _ := strings.Cut(tail, "/")
	if !ValidUID(uid) {
		return ""
	}
	return uid
}

// frameNumber reads the number at the end of ".../frames/7".
func frameNumber(location string) (int, bool) {
	_, tail, ok := strings.Cut(location, "/frames/")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimRight(tail, "/"))
	return n, err == nil && n > 0
}
