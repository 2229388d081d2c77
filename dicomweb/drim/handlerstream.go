package drim

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// copyBuffers are shared by the answers under way.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// errClient is an error of writing to the client.
var errClient = errors.New("drim: the client went away, or took nothing for too long")

// images delivers what was asked.
func (x *exchange) images() {
	if x.acceptsNothing() {
		x.refuse(http.StatusNotAcceptable, ServeNotAcceptable, nil, "no acceptable transfer syntax")
		return
	}
	s := &stream{x: x, wanted: map[string]*wantedImage{}, control: http.NewResponseController(x.w)}
	for _, ref := range x.listed {
		s.wanted[ref.Instance] = &wantedImage{ref: ref, code: ServeGone}
	}
	boundary := make([]byte, 16)
	if _, err := io.ReadFull(x.h.cfg.Random, boundary); err != nil {
		x.refuse(http.StatusInternalServerError, ServeImages, err, "internal error")
		return
	}
	s.boundary = hex.EncodeToString(boundary)
	if x.r.Method == http.MethodHead {
		x.access.Status, x.access.Complete = http.StatusOK, true
		s.head("application/dicom")
		return
	}
	ctx, cancel := context.WithCancel(x.r.Context())
	defer cancel()
	s.run(ctx)
	s.finish(ctx)
}

// acceptsNothing reports whether the Accept header names nothing we could ever give.
func (x *exchange) acceptsNothing() bool { return len(x.accept) == 0 || x.accept[0].Weight == 0 }

// stream is a multipart answer on its way.
type stream struct {
	x        *exchange
	wanted   map[string]*wantedImage
	boundary string
	control  *http.ResponseController
	started  bool // the head of the answer left
	broken   bool // a part was left unfinished: nothing more can be sent
	failure  error
}

// wantedImage is a listed instance.
type wantedImage struct {
	ref  dicomweb.Ref
	done bool
	code string // why it is not
	err  error
}

// run sends the images as they come.
func (s *stream) run(ctx context.Context) {
	x := s.x
	request := ImageRequest{Ref: x.access.Ref, Instances: x.listed, Accept: x.accept, Suits: func(stored string) bool {
		if len(x.access.Frames) > 0 {
			stored = frameSyntax(stored)
		}
		_, ok := s.choose(stored)
		return ok
	}}
	left := len(x.listed)
	for file, err := range x.h.cfg.Images.Images(ctx, request) {
		if err != nil {
			if !gone(err) {
				s.failure = err
			}
			return
		}
		sent, err := s.image(ctx, file)
		if err != nil {
			s.failure = err
			return
		}
		if sent {
			left--
		}
		if left == 0 {
			return // what the source would give in addition is not shared
		}
	}
}

// image sends one image, if it is to be sent. The error says that nothing more
// can be.
func (s *stream) image(ctx context.Context, file io.Reader) (sent bool, err error) {
	x := s.x
	head, err := dicomweb.ReadHead(file)
	if err != nil {
		if ctx.Err() != nil {
			return false, err
		}
		s.unread(err)
		return false, nil
	}
	w := s.wanted[head.SOPInstanceUID]
	switch {
	case w == nil || w.ref != head.Ref():
		x.access.Withheld++ // not shared, or of another study
		return false, nil
	case x.published.Rejected[head.SOPInstanceUID]:
		return false, nil // gone, though the PACS still gives it
	case w.done:
		return false, nil // given twice
	}
	if err := x.h.cfg.SamePatient(ctx, x.published, x.manifest, head); err != nil {
		w.code, w.err = ServeOtherPatient, err
		return false, nil
	}
	stored := head.TransferSyntaxUID
	if len(x.access.Frames) > 0 {
		stored = frameSyntax(stored)
	}
	syntax, ok := s.choose(stored)
	if !ok {
		w.code = ServeNotAcceptable
		return false, nil
	}
	content := head.Content
	if syntax != stored {
		converted, err := s.transcode(ctx, head, syntax)
		if err != nil {
			w.code, w.err = ServeImageFailed, err
			return false, nil
		}
		defer converted.Close() //nolint:errcheck // what is wrong was told by reading
		content = converted
	}
	if len(x.access.Frames) > 0 {
		err = s.frames(content, w)
	} else {
		err = s.part(content, syntax, w, x.ins(head)...)
	}
	return w.done, err
}

// unread notes an image of which the head cannot be read: it is one of those
// that do not come.
func (s *stream) unread(err error) {
	if ref := s.x.access.Ref; ref.Instance != "" {
		s.wanted[ref.Instance].code, s.wanted[ref.Instance].err = ServeImageFailed, err
		return
	}
	s.x.access.Withheld++
	s.x.access.Err = err
}

// choose selects the transfer syntax of an image: the stored one when the
// consumer takes it, else the most wanted one that can be made.
func (s *stream) choose(stored string) (string, bool) {
	if s.x.accept.Weight(stored) > 0 {
		return stored, true
	}
	for _, p := range s.x.accept {
		if p.Weight > 0 && p.Syntax != AnySyntax && s.canTranscode(stored, p.Syntax) {
			return p.Syntax, true
		}
	}
	return "", false
}

func (s *stream) canTranscode(from, to string) bool {
	t := s.x.h.cfg.Transcoder
	return t != nil && t.CanTranscode(from, to) || dicomweb.CanConvert(from, to)
}

func (s *stream) transcode(ctx context.Context, head *dicomweb.Head, to string) (io.ReadCloser, error) {
	var out io.ReadCloser
	var err error
	if t := s.x.h.cfg.Transcoder; t != nil && t.CanTranscode(head.TransferSyntaxUID, to) {
		out, err = t.Transcode(ctx, head.Content, to)
	} else {
		out = io.NopCloser(dicomweb.Convert(head.Content, to))
	}
	if err != nil {
		return nil, err
	}
	again, err := dicomweb.ReadHead(out)
	if err == nil && (again.Ref() != head.Ref() || again.TransferSyntaxUID != to) {
		err = &segur.Error{Op: opServe, Kind: segur.KindProtocol, Message: "the transcoder gave another instance or transfer syntax"}
	}
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{again.Content, out}, nil
}

// head sends the head of the answer.
func (s *stream) head(mediaType string) {
	s.started = true
	s.x.access.Status = http.StatusOK
	s.x.w.Header().Set("Content-Type", `multipart/related; type="`+mediaType+`"; boundary=`+s.boundary)
	s.x.w.WriteHeader(http.StatusOK)
}

// begin sends what stands before the content of a part.
func (s *stream) begin(rootType, contentType, location string) error {
	text := "--" + s.boundary + "\r\nContent-Type: " + contentType + "\r\n"
	if location != "" {
		text += "Content-Location: " + location + "\r\n"
	}
	if !s.started {
		s.head(rootType)
	} else {
		text = "\r\n" + text
	}
	return s.write([]byte(text + "\r\n"))
}

// write sends bytes, within the time that a client has to take them.
func (s *stream) write(b []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.x.h.cfg.StallTimeout)) // not every server can
	if _, err := s.x.w.Write(b); err != nil {
		return fmt.Errorf("%w: %w", errClient, err)
	}
	return nil
}

// part sends a file as a part. It begins only once its first bytes are there, so
// that a file that fails at once is one that is missing, and not a broken answer.
func (s *stream) part(content io.Reader, syntax string, w *wantedImage, changes ...dicomweb.Change) error {
	return s.send(dicomweb.Edit(content, changes...), "application/dicom", "application/dicom; transfer-syntax="+syntax, "", w)
}

// send sends content as a part, and notes w as done.
func (s *stream) send(content io.Reader, rootType, contentType, location string, w *wantedImage) error {
	buf := copyBuffers.Get().(*[]byte) //nolint:forcetypeassert // ours
	defer copyBuffers.Put(buf)
	begun := false
	for {
		n, err := content.Read(*buf)
		if n > 0 {
			if !begun {
				if err := s.begin(rootType, contentType, location); err != nil {
					return err
				}
				begun = true
			}
			if err := s.write((*buf)[:n]); err != nil {
				return err
			}
			s.x.access.Bytes += int64(n)
		}
		switch {
		case err == nil:
			continue
		case err == io.EOF && begun: //nolint:errorlint // the io.Reader contract says bare
			w.done = true
			s.x.access.Sent++
			if err := s.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return fmt.Errorf("%w: %w", errClient, err)
			}
			return nil
		}
		w.code, w.err = ServeImageFailed, err
		if !begun {
			return nil
		}
		s.broken = true
		return err
	}
}

// finish ends the answer: well only when all that was asked left.
func (s *stream) finish(ctx context.Context) {
	x := s.x
	for _, ref := range x.listed {
		if w := s.wanted[ref.Instance]; !w.done {
			if s.failure != nil && w.code == ServeGone {
				w.code = ServeImages
			}
			x.access.Missing = append(x.access.Missing, MissingImage{ref, w.code})
			if x.access.Err == nil {
				x.access.Err = w.err
			}
		}
	}
	if s.failure != nil {
		x.access.Err = s.failure
	}
	missing := len(x.access.Missing) > 0
	if missing {
		x.access.Code = x.access.Missing[0].Code
	}
	clientGone := errors.Is(s.failure, errClient) || x.r.Context().Err() != nil
	switch {
	case !missing && !s.broken && s.started && !clientGone:
		if err := s.write([]byte("\r\n--" + s.boundary + "--\r\n")); err != nil {
			x.access.Code, x.access.Err, x.abort = ServeClientGone, err, true
			return
		}
		x.access.Complete = true
	case clientGone:
		x.access.Code = ServeClientGone
		x.abort = true
	case s.started:
		// No closing delimiter, and no end of the message either. What was sent whole
		// is to arrive, so it leaves first.
		_ = s.control.Flush()
		x.abort = true
	default:
		s.refuse()
	}
}

// refuse answers when nothing could be sent.
func (s *stream) refuse() {
	x := s.x
	code, err := x.access.Code, x.access.Err
	switch code {
	case ServeGone:
		if x.access.Ref.Instance != "" {
			x.refuse(http.StatusGone, code, err, "the image is no longer there")
			return
		}
		x.refuse(http.StatusNotFound, code, err, "not found")
	case ServeNotFound:
		x.notFound(err)
	case ServeNotAcceptable:
		x.refuse(http.StatusNotAcceptable, code, err, "no acceptable transfer syntax")
	case ServeImages, ServeImageFailed:
		if later(err) {
			x.refuse(http.StatusServiceUnavailable, ServeImages, err, "the images cannot be read now")
			return
		}
		x.refuse(http.StatusInternalServerError, code, err, "the images cannot be read")
	default:
		x.refuse(http.StatusInternalServerError, code, err, "internal error")
	}
}
