package dicomwebtest

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// view is how an image is shown.
type view struct {
	quality       int
	width, height int
	center, span  float64
	windowed      bool
}

// renderKeys are the parameters of rendered images (PS3.18 8.3.5).
var renderKeys = []string{"annotation", "quality", "viewport", "window", "iccprofile"}

// parseView refuses what a strict server refuses.
func parseView(raw string, thumbnail bool) (view, bool) {
	v := view{quality: 90}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return v, false
	}
	for name, list := range values {
		if len(list) != 1 || !slices.Contains(renderKeys, name) || thumbnail && name != "viewport" {
			return v, false
		}
		parts := strings.Split(list[0], ",")
		numbers := make([]float64, len(parts))
		for i, p := range parts {
			numbers[i], err = strconv.ParseFloat(p, 64)
			if err != nil && (name == "viewport" || name == "quality" || name == "window" && i < 2) {
				return v, false
			}
		}
		switch name {
		case "quality":
			v.quality = int(numbers[0])
			if len(numbers) != 1 || v.quality < 1 || v.quality > 100 {
				return v, false
			}
		case "viewport":
			if len(numbers) != 2 && len(numbers) != 6 || numbers[0] < 1 || numbers[1] < 1 || numbers[0] > 4096 || numbers[1] > 4096 {
				return v, false
			}
			v.width, v.height = int(numbers[0]), int(numbers[1])
		case "window":
			if len(parts) != 3 || numbers[1] <= 0 || !slices.Contains([]string{"linear", "linear-exact", "sigmoid"}, parts[2]) {
				return v, false
			}
			v.center, v.span, v.windowed = numbers[0], numbers[1], true
		}
	}
	return v, true
}

// rendered is the retrieval of images for the screen, and of thumbnails.
func (s *Server) rendered(w http.ResponseWriter, r *http.Request, res resource) {
	list := s.archive.below(res.ref)
	if len(list) == 0 {
		http.Error(w, "nothing here", http.StatusNotFound)
		return
	}
	if s.quirk().NoThumbnail && res.tail == tailThumbnail {
		http.Error(w, "no thumbnails", http.StatusNotFound)
		return
	}
	v, ok := parseView(r.URL.RawQuery, res.tail == tailThumbnail)
	if !ok {
		http.Error(w, "unknown or malformed parameter", http.StatusBadRequest)
		return
	}
	if res.tail == tailThumbnail && v.width == 0 {
		v.width, v.height = 64, 64
	}
	frame := 1
	if len(res.frames) > 0 {
		frame = res.frames[0]
	}
	s.show(w, list[0], frame, v, func(t string) bool { return accepts(r, t) })
}

// show draws a frame of an instance as the first media type that is taken.
func (s *Server) show(w http.ResponseWriter, inst *instance, frame int, v view, takes func(string) bool) {
	px, err := inst.pixels()
	if err != nil || frame > len(px.frames) {
		http.Error(w, "no such image", http.StatusNotFound)
		return
	}
	intercept, _ := inst.dataset.Float(0x00281052)
	img := px.draw(frame, v, intercept)
	var b bytes.Buffer
	for _, t := range []string{"image/jpeg", "image/png", "image/gif"} {
		if !takes(t) {
			continue
		}
		switch t {
		case "image/jpeg":
			err = jpeg.Encode(&b, img, &jpeg.Options{Quality: v.quality})
		case "image/png":
			err = png.Encode(&b, img)
		default:
			err = gif.Encode(&b, img, nil)
		}
		if err != nil {
			http.Error(w, "cannot draw", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", t)
		w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
		_, _ = w.Write(b.Bytes())
		return
	}
	http.Error(w, "no acceptable representation", http.StatusNotAcceptable)
}

// draw shows one frame in grey. Compressed pixels are not decoded: they are an
// even grey of the right size.
func (p *pixelData) draw(frame int, v view, intercept float64) image.Image {
	width, height := p.columns, p.rows
	if v.width > 0 {
		width, height = v.width, v.height
	}
	img := image.NewGray(image.Rect(0, 0, width, height))
	b := p.frames[frame-1]
	at := func(x, y int) float64 {
		i := y*p.columns + x
		switch {
		case p.mediaType() != "application/octet-stream" || p.samples != 1:
			return math.NaN()
		case p.bits == 16:
			return float64(uint16(b[2*i])|uint16(b[2*i+1])<<8) + intercept
		case p.bits == 8:
			return float64(b[i]) + intercept
		}
		return math.NaN()
	}
	if !v.windowed {
		v.center, v.span = 40, 400
	}
	for y := range height {
		for x := range width {
			grey := (at(x*p.columns/width, y*p.rows/height)-v.center)/v.span + 0.5
			if math.IsNaN(grey) {
				grey = 0.5
			}
			img.SetGray(x, y, color.Gray{Y: uint8(255 * min(max(grey, 0), 1))})
		}
	}
	return img
}

// wadoURI is the older service (PS3.18 9), at /wado beside the others.
func (s *Server) wadoURI(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	ref := dicomweb.Ref{Study: values.Get("studyUID"), Series: values.Get("seriesUID"), Instance: values.Get("objectUID")}
	bad := err != nil || values.Get("requestType") != "WADO" || !dicomweb.ValidUID(ref.Study) || !dicomweb.ValidUID(ref.Series) || !dicomweb.ValidUID(ref.Instance) ||
		values.Has("windowCenter") != values.Has("windowWidth")
	known := []string{"requestType", "studyUID", "seriesUID", "objectUID", "contentType", "charset", "anonymize", "transferSyntax", "rows", "columns",
		"region", "windowCenter", "windowWidth", "frameNumber", "imageQuality", "annotation"}
	for name, list := range values {
		bad = bad || len(list) != 1 || !slices.Contains(known, name)
	}
	types := strings.Split(values.Get("contentType"), ",")
	isDICOM := slices.Contains(types, "application/dicom")
	bad = bad || !isDICOM && (values.Has("transferSyntax") || values.Has("anonymize"))
	if bad {
		http.Error(w, "unknown or malformed parameter", http.StatusBadRequest)
		return
	}
	inst := s.found(w, ref)
	if inst == nil {
		return
	}
	if isDICOM {
		if t := values.Get("transferSyntax"); t != "" && t != "*" && t != inst.header.TransferSyntaxUID || values.Get("anonymize") == "yes" {
			http.Error(w, "no conversion here", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Type", "application/dicom")
		w.Header().Set("Content-Length", strconv.Itoa(len(inst.file)))
		_, _ = w.Write(inst.file)
		return
	}
	v := view{quality: 90}
	number := func(name string, missing int) int {
		n, err := strconv.Atoi(values.Get(name))
		if err != nil || n < 1 || n > 4096 {
			return missing
		}
		return n
	}
	v.width, v.height = number("columns", 0), number("rows", 0)
	if v.width == 0 || v.height == 0 {
		v.width, v.height = 0, 0
	}
	v.quality = min(number("imageQuality", 90), 100)
	if values.Has("windowCenter") {
		v.center, _ = strconv.ParseFloat(values.Get("windowCenter"), 64)
		v.span, _ = strconv.ParseFloat(values.Get("windowWidth"), 64)
		v.windowed = v.span > 0
	}
	s.show(w, inst, number("frameNumber", 1), v, func(t string) bool { return slices.Contains(types, t) })
}
