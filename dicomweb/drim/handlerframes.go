package drim

import (
	"io"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// frames sends the frames that were asked of an instance. Official requests of
// frames take application/dicom only, which no frame is: frames are sent as
// PS3.18 has it, each with the media type of its transfer syntax, and with the
// transfer syntaxes of Accept chosen as for whole images.
func (s *stream) frames(content io.Reader, w *wantedImage) error {
	f, err := dicomweb.ReadFrames(content)
	if err != nil {
		return s.noFrames(w, err)
	}
	base := s.x.h.cfg.Base + "/studies/" + w.ref.Study + "/series/" + w.ref.Series + "/instances/" + w.ref.Instance + "/frames/"
	for i, n := range s.x.access.Frames {
		frame, err := f.Frame(n)
		if err != nil && i == 0 {
			return s.noFrames(w, err)
		}
		if err == nil {
			w.done = false
			err = s.send(frame, f.MediaType, f.MediaType+"; transfer-syntax="+f.TransferSyntaxUID, base+strconv.Itoa(n), w)
		}
		if err == nil && !w.done {
			err = w.err
		}
		if err != nil {
			w.done, s.broken = false, s.started
			s.x.access.Sent = 0 // the instance did not leave
			if w.code == ServeGone {
				w.code, w.err = ServeImageFailed, err
			}
			return err
		}
	}
	s.x.access.Sent = 1
	return nil
}

// noFrames notes that the instance has not the frames that were asked, before
// anything was sent.
func (s *stream) noFrames(w *wantedImage, err error) error {
	w.err = err
	switch segur.KindOf(err) {
	case segur.KindRefused:
		w.code = ServeNotAcceptable
	case segur.KindNotFound:
		w.code = ServeNotFound
	default:
		w.code = ServeImageFailed
	}
	return nil
}

// frameSyntax is the transfer syntax in which the frames of a file are sent:
// those without compression are the same whatever the attributes are encoded in.
func frameSyntax(stored string) string {
	switch stored {
	case dicomweb.ImplicitVRLittleEndian, dicomweb.DeflatedExplicitVRLE:
		return dicomweb.ExplicitVRLittleEndian
	}
	return stored
}
