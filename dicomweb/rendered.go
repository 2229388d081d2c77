package dicomweb

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// RenderRequest asks for images for the screen (PS3.18 8.3.5). Zero fields leave
// the choice to the server.
type RenderRequest struct {
	// Ref is a study, a series or an instance.
	Ref Ref
	// Frames are numbers of frames of the instance, from 1.
	Frames []int
	// MediaTypes are those that the caller can show, tried one by one in this
	// order: "image/png", "video/mp4", "application/pdf". Empty: "image/jpeg",
	// then "image/png".
	MediaTypes []string
	// Annotation burns in "patient" or "technique" data.
	Annotation []string
	// Quality is that of lossy images, 1 to 100.
	Quality int
	// Viewport is the size wanted and the region shown.
	Viewport *Viewport
	// Window is the contrast.
	Window *Window
	// ICCProfile is "no", "yes", "srgb", "adobergb", "rommrgb" or "displayp3".
	ICCProfile string
	// Options tune the retrieval.
	Options RetrieveOptions
}

// Viewport is the size of an image for the screen.
type Viewport struct {
	// Width and Height are in pixels.
	Width, Height int
	// Region is the part of the source that is shown: left, top, width, height
	// in its pixels. A negative width or height mirrors. Zero: all of it.
	Region [4]float64
}

// Window is a contrast (PS3.3 C.11.2.1.2).
type Window struct {
	// Center and Width are in the units of the image.
	Center, Width float64
	// Function is "linear", "linear-exact" or "sigmoid". Empty: "linear".
	Function string
}

var defaultRendered = []string{"image/jpeg", "image/png"}

func (r *RenderRequest) check(thumbnail bool) error {
	var p segur.Problems
	r.Ref.check(&p, "ref")
	checkFrames(&p, r.Frames)
	if len(r.Frames) > 0 && r.Ref.Instance == "" {
		p.Add("ref.instance", "is required with frames")
	}
	checkScreen(&p, r.MediaTypes, r.Annotation, r.Quality, r.Window)
	if v := r.Viewport; v != nil && (v.Width < 1 || v.Height < 1 || v.Width > 1<<16 || v.Height > 1<<16) {
		p.Add("viewport", "must have a width and a height of pixels")
	}
	if v := r.ICCProfile; v != "" && !slices.Contains([]string{"no", "yes", "srgb", "adobergb", "rommrgb", "displayp3"}, v) {
		p.Add("iccProfile", "is not known")
	}
	if thumbnail && (len(r.Annotation) > 0 || r.Quality != 0 || r.Window != nil || r.ICCProfile != "") {
		p.Add("viewport", "is the only setting of a thumbnail")
	}
	r.Options.check(&p, r.Ref)
	if len(r.Options.TransferSyntaxes) > 0 {
		p.Add("options.transferSyntaxes", "have no meaning for images for the screen")
	}
	return p.Err(opRetrieve)
}

// checkScreen adds what is wrong with settings of images for the screen that both
// services have.
func checkScreen(p *segur.Problems, mediaTypes, annotation []string, quality int, window *Window) {
	for i, t := range mediaTypes {
		field := fmt.Sprintf("mediaTypes[%d]", i)
		if t == "" {
			p.Add(field, "must not be empty")
		}
		checkMediaType(p, field, t)
	}
	for i, a := range annotation {
		if a != "patient" && a != "technique" {
			p.Add(fmt.Sprintf("annotation[%d]", i), `must be "patient" or "technique"`)
		}
	}
	if quality < 0 || quality > 100 {
		p.Add("quality", "must be between 1 and 100")
	}
	window.check(p)
}

func (w *Window) check(p *segur.Problems) {
	if w == nil {
		return
	}
	if !(w.Width >= 1) && w.Function != "linear-exact" && w.Function != "sigmoid" || !(w.Width > 0) { //nolint:staticcheck // NaN is refused
		p.Add("window.width", "must be positive, and 1 or more when linear")
	}
	if v := w.Function; v != "" && v != "linear" && v != "linear-exact" && v != "sigmoid" {
		p.Add("window.function", "is not known")
	}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// encode returns the query string, with its question mark.
func (r *RenderRequest) encode() string {
	var out []string
	add := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			out = append(out, name+"="+url.QueryEscape(strings.Join(values, ",")))
		}
	}
	add("annotation", r.Annotation...)
	if r.Quality > 0 {
		add("quality", strconv.Itoa(r.Quality))
	}
	if v := r.Viewport; v != nil {
		list := []string{strconv.Itoa(v.Width), strconv.Itoa(v.Height)}
		if v.Region != [4]float64{} {
			for _, x := range v.Region {
				list = append(list, decimal(x))
			}
		}
		add("viewport", list...)
	}
	if w := r.Window; w != nil {
		function := w.Function
		if function == "" {
			function = "linear" // some servers want all three
		}
		add("window", decimal(w.Center), decimal(w.Width), function)
	}
	add("iccprofile", r.ICCProfile)
	if len(out) == 0 {
		return ""
	}
	return "?" + strings.ReplaceAll(strings.Join(out, "&"), "%2C", ",")
}

func (r *RenderRequest) types() []string {
	if len(r.MediaTypes) > 0 {
		return r.MediaTypes
	}
	return defaultRendered
}

// render asks for images below the resource.
func (c *Client) render(ctx context.Context, r *RenderRequest, tail string) (*transport.Response, error) {
	if err := r.check(tail == "/thumbnail"); err != nil {
		return nil, err
	}
	address := c.place(r.Ref, &r.Options)
	if len(r.Frames) > 0 {
		address += framePath(r.Frames)
	}
	own := r.Options.Accept
	if len(own) == 0 {
		own = r.types()
	}
	return c.ask(ctx, asking{op: opRetrieve, url: address + tail + r.encode(), own: own, o: &r.Options})
}

// fits says which media types are an answer to r.
func (r *RenderRequest) fits() func(string) bool {
	if len(r.Options.Accept) > 0 {
		return func(t string) bool { return t != "text/html" }
	}
	return among(r.types())
}

// Rendered opens an image for the screen, or a video or document, of a study, a
// series, an instance or frames of it (WADO-RS, PS3.18 10.4.1.1.3). An answer of
// several images is refused at the end of the first: see [Client.RenderedAll].
// The caller closes it.
func (c *Client) Rendered(ctx context.Context, r RenderRequest) (*Media, error) {
	return c.rendered(ctx, &r, "/rendered")
}

// Thumbnail opens a small image that stands for a study, a series, an instance
// or a frame (PS3.18 10.4.1.1.4). Of the settings only Viewport counts. The caller
// closes it.
func (c *Client) Thumbnail(ctx context.Context, r RenderRequest) (*Media, error) {
	return c.rendered(ctx, &r, "/thumbnail")
}

func (c *Client) rendered(ctx context.Context, r *RenderRequest, tail string) (*Media, error) {
	resp, err := c.render(ctx, r, tail)
	if err != nil {
		return nil, err
	}
	return c.oneMedia(ctx, resp, r.fits())
}

// RenderedAll gives the images of an answer one by one; each is valid until the
// next one is asked for. Images that came whole are given before the error of a
// cut answer ([segur.ErrTruncated]).
func (c *Client) RenderedAll(ctx context.Context, r RenderRequest) iter.Seq2[*Media, error] {
	return func(yield func(*Media, error) bool) {
		resp, err := c.render(ctx, &r, "/rendered")
		if err != nil {
			yield(nil, err)
			return
		}
		defer resp.Body.Close()
		a, err := c.newAnswer(ctx, resp)
		if err != nil {
			yield(nil, err)
			return
		}
		for n := 0; ; n++ {
			m, err := a.nextMedia(r.fits())
			switch {
			case err == io.EOF && n > 0: //nolint:errorlint // nextMedia returns it bare
				if err = a.whole(); err != io.EOF { //nolint:errorlint // ours, bare
					yield(nil, err)
				}
				return
			case err == io.EOF: //nolint:errorlint // nextMedia returns it bare
				err = a.fail(segur.KindProtocol, "", "the answer holds no image", nil)
			}
			if !yield(m, err) || err != nil {
				return
			}
			if err := m.Close(); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}
