package dicomwebtest

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/xop"
)

// metadata is the retrieval of metadata (PS3.18 10.4.1.1.2). Pixel data are
// references; other binary values are left out, as some servers do.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request, ref dicomweb.Ref) {
	inXML := accepts(r, "multipart/related") && slices.ContainsFunc(ranges(r), func(ct xop.ContentType) bool {
		return ct.Type == "*/*" || ct.RootType() == "application/dicom+xml"
	})
	inJSON := accepts(r, "application/dicom+json") && !s.quirk().XMLMetadata
	if !inJSON && !inXML {
		http.Error(w, "Accept must take application/dicom+json or multipart/related with application/dicom+xml", http.StatusNotAcceptable)
		return
	}
	list := s.archive.below(ref)
	if len(list) == 0 {
		http.Error(w, "nothing here", http.StatusNotFound)
		return
	}
	rows := make([]*dicomweb.Dataset, len(list))
	for i, inst := range list {
		rows[i] = dicomweb.NewDataset(slices.Collect(inst.dataset.All())...)
		if _, err := inst.pixels(); err == nil {
			rows[i].Set(dicomweb.Element{Tag: dicomweb.TagPixelData, VR: dicomweb.OW, Bulk: &dicomweb.Bulk{URI: bulkURI(inst.header.Ref())}})
		}
	}
	if inJSON {
		writeJSON(w, rows)
		return
	}
	parts := make([]xop.OutPart, len(rows))
	for i, row := range rows {
		parts[i] = xop.OutPart{ContentType: "application/dicom+xml", Content: xop.Bytes(row.AppendNativeXML(nil))}
	}
	send(w, parts, "application/dicom+xml", multipart, Quirks{})
}

// form is how instances are sent.
type form uint8

const (
	refuse form = iota
	multipart
	single
)

// negotiate chooses the form. Nothing is transcoded: without a transfer syntax
// the default one is asked, Explicit VR Little Endian (PS3.18 8.7.3).
func negotiate(r *http.Request, list []*instance, ref dicomweb.Ref, q Quirks) form {
	for _, ct := range q.ranges(r) {
		syntax := ct.Param("transfer-syntax")
		if syntax == "" {
			syntax = dicomweb.ExplicitVRLittleEndian
		}
		f := refuse
		switch {
		case ct.Type == "multipart/related" && ct.RootType() == "application/dicom" && !q.RefuseMultipart:
			f = multipart
		case ct.Type == "application/dicom" && ref.Instance != "":
			f = single
		case ct.Type == "*/*" && !q.RefuseMultipart:
			return multipart
		}
		for _, inst := range list {
			if syntax != "*" && syntax != inst.header.TransferSyntaxUID {
				f = refuse
			}
		}
		if f != refuse {
			return f
		}
	}
	return refuse
}

// retrieve is WADO-RS (PS3.18 10.4).
func (s *Server) retrieve(w http.ResponseWriter, r *http.Request, ref dicomweb.Ref) {
	quirks, _ := s.state()
	list := s.archive.below(ref)
	if len(list) == 0 {
		http.Error(w, "nothing here", http.StatusNotFound)
		return
	}
	if ref.Instance == "" {
		list = slices.DeleteFunc(slices.Clone(list), func(i *instance) bool { return slices.Contains(quirks.Withhold, i.header.SOPInstanceUID) })
	}
	switch negotiate(r, list, ref, quirks) {
	case refuse:
		http.Error(w, "no acceptable representation", http.StatusNotAcceptable)
	case single:
		w.Header().Set("Content-Type", "application/dicom; transfer-syntax="+list[0].header.TransferSyntaxUID)
		w.Header().Set("Content-Length", strconv.Itoa(len(list[0].file)))
		_, _ = w.Write(list[0].file)
	case multipart:
		boundary, err := xop.NewBoundary(rand.Reader)
		if err != nil {
			http.Error(w, "random", http.StatusInternalServerError)
			return
		}
		m := xop.Related{Boundary: boundary, Type: "application/dicom"}
		for _, inst := range list {
			m.Parts = append(m.Parts, xop.OutPart{
				ContentType: "application/dicom; transfer-syntax=" + inst.header.TransferSyntaxUID, Content: xop.Bytes(inst.file), Length: true,
			})
		}
		message, err := m.Message()
		if err != nil {
			http.Error(w, "multipart", http.StatusInternalServerError)
			return
		}
		ct := message.ContentType()
		if quirks.UnquotedTypes {
			ct = "multipart/related; type=application/dicom; boundary=" + boundary
		}
		w.Header().Set("Content-Type", ct)
		if ref.Instance != "" { // studies and series go chunked
			w.Header().Set("Content-Length", strconv.FormatInt(message.Size(), 10))
		}
		_, _ = message.WriteTo(w)
	}
}
