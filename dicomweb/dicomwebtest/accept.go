package dicomwebtest

import (
	"net/http"
	"strings"

	"github.com/segur-sdk/segur/internal/xop"
)

// ranges returns the media ranges of the Accept header, "*/*" when there is
// none. Quotation marks hold no comma in the types of DICOMweb.
func ranges(r *http.Request) []xop.ContentType {
	value := strings.Join(r.Header.Values("Accept"), ",")
	if value == "" {
		value = "*/*"
	}
	var out []xop.ContentType
	for item := range strings.SplitSeq(value, ",") {
		if ct, err := xop.ParseContentType(strings.TrimSpace(item)); err == nil {
			out = append(out, ct)
		}
	}
	return out
}

// ranges returns the media ranges of the Accept header. There are none when the
// server refuses the header.
func (q Quirks) ranges(r *http.Request) []xop.ContentType {
	value := strings.Join(r.Header.Values("Accept"), ",")
	for _, text := range q.RefuseAccept {
		if strings.Contains(value, text) {
			return nil
		}
	}
	return ranges(r)
}

// accepts reports whether one of the ranges takes the media type.
func accepts(r *http.Request, mediaType string) bool {
	major, _, _ := strings.Cut(mediaType, "/")
	for _, ct := range ranges(r) {
		if ct.Type == mediaType || ct.Type == "*/*" || ct.Type == major+"/*" || mediaType == "application/dicom+json" && ct.Type == "application/json" {
			return true
		}
	}
	return false
}
