package dicomwebtest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/xop"
)

// frameList reads "1,3"; false for anything else.
func frameList(s string) ([]int, bool) {
	var out []int
	for item := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(item)
		if err != nil || n < 1 || strconv.Itoa(n) != item {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// found returns the only instance of a resource, or answers.
func (s *Server) found(w http.ResponseWriter, ref dicomweb.Ref) *instance {
	list := s.archive.below(ref)
	if ref.Instance == "" || len(list) != 1 {
		http.Error(w, "nothing here", http.StatusNotFound)
		return nil
	}
	return list[0]
}

// frames is the retrieval of frames (PS3.18 10.4.1.1.6).
func (s *Server) frames(w http.ResponseWriter, r *http.Request, ref dicomweb.Ref, numbers []int) {
	inst := s.found(w, ref)
	if inst == nil {
		return
	}
	px, err := inst.pixels()
	if err != nil {
		http.Error(w, "no pixels", http.StatusNotFound)
		return
	}
	for _, n := range numbers {
		if n > len(px.frames) {
			http.Error(w, "no such frame", http.StatusNotFound)
			return
		}
	}
	quirks := s.quirk()
	mediaType, form := px.negotiate(r, len(numbers), quirks)
	if form == refuse {
		http.Error(w, "no acceptable representation", http.StatusNotAcceptable)
		return
	}
	var parts []xop.OutPart
	for _, n := range numbers {
		if quirks.ShortFrames && len(parts) == len(numbers)-1 && len(numbers) > 1 {
			break
		}
		parts = append(parts, xop.OutPart{
			ContentType: mediaType + "; transfer-syntax=" + px.syntax, Content: xop.Bytes(px.frames[n-1]),
			Location: baseURL(r) + ref.Path() + "/frames/" + strconv.Itoa(n),
		})
	}
	send(w, parts, mediaType, form, quirks)
}

// negotiate chooses the media type and the form of frames. Nothing is transcoded.
func (p *pixelData) negotiate(r *http.Request, count int, q Quirks) (mediaType string, f form) {
	stored := p.mediaType()
	for _, ct := range q.ranges(r) {
		asked, f := ct.Type, single
		if ct.Type == "multipart/related" {
			asked, f = ct.RootType(), multipart
			if q.RefuseMultipart {
				continue
			}
		}
		if f == single && count > 1 {
			continue
		}
		syntax := ct.Param("transfer-syntax")
		switch {
		case asked == "*/*":
			if q.RefuseMultipart {
				return stored, single
			}
			return stored, multipart
		case asked == "application/octet-stream" && (syntax == "*" || syntax == p.syntax || syntax == "" && p.syntax == dicomweb.ExplicitVRLittleEndian),
			asked == stored && asked != "application/octet-stream" && (syntax == "*" || syntax == p.syntax || syntax == ""):
			return stored, f
		}
	}
	return "", refuse
}

// send writes parts in a form.
func send(w http.ResponseWriter, parts []xop.OutPart, mediaType string, f form, q Quirks) {
	if f == single {
		w.Header().Set("Content-Type", parts[0].ContentType)
		if parts[0].Location != "" {
			w.Header().Set("Content-Location", parts[0].Location)
		}
		content := parts[0].Content.(xop.Bytes)
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content)
		return
	}
	boundary, err := xop.NewBoundary(rand.Reader)
	if err != nil {
		http.Error(w, "random", http.StatusInternalServerError)
		return
	}
	message, err := xop.Related{Boundary: boundary, Type: mediaType, Parts: parts}.Message()
	if err != nil {
		http.Error(w, "multipart", http.StatusInternalServerError)
		return
	}
	ct := message.ContentType()
	if q.UnquotedTypes {
		ct = "multipart/related; type=" + mediaType + "; boundary=" + boundary
	}
	w.Header().Set("Content-Type", ct)
	_, _ = message.WriteTo(w)
}

// bulk is the retrieval of bulk data (PS3.18 10.4.1.1.5), of pixel data only.
func (s *Server) bulk(w http.ResponseWriter, r *http.Request, ref dicomweb.Ref, name string) {
	inst := s.found(w, ref)
	if inst == nil {
		return
	}
	px, err := inst.pixels()
	if tag, bad := dicomweb.ParseTag(name); bad != nil || tag != dicomweb.TagPixelData || err != nil {
		http.Error(w, "no such bulk data", http.StatusNotFound)
		return
	}
	quirks := s.quirk()
	_, f := (&pixelData{syntax: dicomweb.ExplicitVRLittleEndian}).negotiate(r, 1, quirks)
	switch {
	case f == refuse:
		http.Error(w, "no acceptable representation", http.StatusNotAcceptable)
	case r.Header.Get("Range") != "" && !quirks.IgnoreRange:
		part := &ranged{ResponseWriter: w, f: f, q: quirks}
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(part, r, "", time.Time{}, bytes.NewReader(px.raw))
		part.end()
	default:
		send(w, []xop.OutPart{{ContentType: "application/octet-stream", Content: xop.Bytes(px.raw), Location: baseURL(r) + r.URL.Path[len(base):]}},
			"application/octet-stream", f, quirks)
	}
}

// ranged is what net/http makes of a range, in the form that was asked: with parts, the range is that of the one in it.
type ranged struct {
	http.ResponseWriter
	f       form
	q       Quirks
	status  int
	content bytes.Buffer
}

func (w *ranged) WriteHeader(status int)      { w.status = status }
func (w *ranged) Write(b []byte) (int, error) { return w.content.Write(b) }

func (w *ranged) end() {
	if w.f != multipart || w.status != http.StatusPartialContent {
		w.ResponseWriter.WriteHeader(w.status)
		_, _ = w.ResponseWriter.Write(w.content.Bytes())
		return
	}
	w.Header().Del("Content-Length")
	w.Header().Del("Accept-Ranges")
	send(&begun{w.ResponseWriter, w.status}, []xop.OutPart{{ContentType: "application/octet-stream", Content: xop.Bytes(w.content.Bytes())}},
		"application/octet-stream", w.f, w.q)
}

// begun answers with another status than 200.
type begun struct {
	http.ResponseWriter
	status int
}

func (w *begun) Write(b []byte) (int, error) {
	if w.status != 0 {
		w.WriteHeader(w.status)
		w.status = 0
	}
	return w.ResponseWriter.Write(b)
}

// bulkURI is where the pixel data of an instance are, relative to the host.
func bulkURI(ref dicomweb.Ref) string {
	return fmt.Sprintf("%s%s/bulk/%s", base, ref.Path(), dicomweb.TagPixelData)
}
