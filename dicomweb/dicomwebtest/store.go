package dicomwebtest

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/xop"
)

// maxStore bounds a store request, in bytes: everything is kept in memory.
const maxStore = 1 << 30

// store is STOW-RS (PS3.18 10.5): DICOM files in parts or one alone, or metadata
// with bulk data.
func (s *Server) store(w http.ResponseWriter, r *http.Request, study string) {
	quirks, refusals := s.state()
	ct, err := xop.ParseContentType(r.Header.Get("Content-Type"))
	related := err == nil && ct.Type == "multipart/related"
	metadata := related && ct.RootType() == "application/dicom+json" && !quirks.DICOMOnly
	alone := err == nil && ct.Type == "application/dicom"
	if !alone && !metadata && (!related || ct.RootType() != "application/dicom") {
		http.Error(w, `Content-Type must be multipart/related; type="application/dicom"`, http.StatusUnsupportedMediaType)
		return
	}
	if !accepts(r, "application/dicom+json") && !accepts(r, "application/dicom+xml") {
		http.Error(w, "Accept must take application/dicom+json", http.StatusNotAcceptable)
		return
	}
	most := int64(maxStore)
	if quirks.MaxStore > 0 {
		most = quirks.MaxStore
	}
	if r.ContentLength > most {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	answer := storeAnswer{base: baseURL(r), quirks: quirks}
	answer.quirks.XMLStoreResponse = quirks.XMLStoreResponse || !accepts(r, "application/dicom+json")
	body := http.MaxBytesReader(w, r.Body, most)
	var problem string
	switch {
	case alone:
		file, err := io.ReadAll(body)
		if err != nil {
			problem = "the body is not complete"
		}
		answer.add(s.take(file, study, refusals))
	case metadata:
		problem = s.storeMetadata(body, r.Header.Get("Content-Type"), study, refusals, &answer)
	default:
		problem = s.storeParts(body, r.Header.Get("Content-Type"), study, refusals, &answer)
	}
	switch {
	case problem != "":
		http.Error(w, problem, http.StatusBadRequest)
	case answer.parts == 0:
		http.Error(w, "the request holds no instance", http.StatusBadRequest)
	default:
		answer.write(w)
	}
}

// storeParts takes parts that are DICOM files. It returns what is wrong with the
// request.
func (s *Server) storeParts(body io.Reader, contentType, study string, refusals map[string]dicomweb.Reason, answer *storeAnswer) string {
	parts, err := xop.NewReader(body, contentType, xop.Options{Limits: xop.Limits{TotalBytes: maxStore}})
	if err != nil {
		return "boundary"
	}
	for {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			return ""
		}
		var file []byte
		if err == nil {
			file, err = io.ReadAll(part)
		}
		if err != nil { // cut, too large, malformed
			return "the multipart body is not complete"
		}
		if part.MediaType() != "application/dicom" {
			return "every part must be application/dicom"
		}
		answer.add(s.take(file, study, refusals))
	}
}

// taken is what became of a part.
type taken struct {
	header dicomweb.Header
	reason dicomweb.Reason // 0: stored
	known  bool            // the part is an instance
}

func (s *Server) take(file []byte, study string, refusals map[string]dicomweb.Reason) taken {
	inst, err := newInstance(file)
	if err != nil {
		return taken{reason: dicomweb.ReasonCannotUnderstand}
	}
	return s.keep(inst, study, refusals)
}

func (s *Server) keep(inst *instance, study string, refusals map[string]dicomweb.Reason) taken {
	t := taken{header: inst.header, known: true}
	switch reason, refused := refusals[inst.header.SOPInstanceUID]; {
	case refused && isWarning(reason):
		t.reason = reason
		if s.archive.add(inst) != nil {
			t.reason = dicomweb.ReasonProcessingFailure
		}
	case refused:
		t.reason = reason
	case study != "" && inst.header.StudyInstanceUID != study:
		t.reason = dicomweb.ReasonProcessingFailure
	case s.archive.add(inst) != nil:
		t.reason = dicomweb.ReasonProcessingFailure
	}
	return t
}

func isWarning(r dicomweb.Reason) bool {
	return r&0xFF00 == 0xB000 && r < dicomweb.ReasonAlreadyStored
}

// storeAnswer gathers the response.
type storeAnswer struct {
	base                       string
	quirks                     Quirks
	parts                      int
	studies                    []string
	referenced, failed, others []*dicomweb.Dataset
	warned, garbage            bool
}

func (a *storeAnswer) add(t taken) {
	a.parts++
	reason := dicomweb.Element{VR: dicomweb.US, Values: []string{strconv.Itoa(int(t.reason))}}
	if !t.known {
		a.garbage = true
		if !a.quirks.MixedStoreIs400 {
			reason.Tag = dicomweb.TagFailureReason
			a.others = append(a.others, dicomweb.NewDataset(reason))
		}
		return
	}
	if slices.Contains(a.quirks.Forget, t.header.SOPInstanceUID) {
		return
	}
	item := dicomweb.NewDataset(
		dicomweb.Text(dicomweb.TagReferencedSOPClass, t.header.SOPClassUID),
		dicomweb.Text(dicomweb.TagReferencedSOPInstance, t.header.SOPInstanceUID),
	)
	if t.reason != 0 && !isWarning(t.reason) {
		reason.Tag = dicomweb.TagFailureReason
		item.Set(reason)
		a.failed = append(a.failed, item)
		return
	}
	if t.reason != 0 {
		reason.Tag = dicomweb.TagWarningReason
		item.Set(reason)
		a.warned = true
	}
	item.Set(dicomweb.Text(dicomweb.TagRetrieveURL, a.base+t.header.Ref().Path()))
	a.referenced = append(a.referenced, item)
	if !slices.Contains(a.studies, t.header.StudyInstanceUID) {
		a.studies = append(a.studies, t.header.StudyInstanceUID)
	}
}

func (a *storeAnswer) write(w http.ResponseWriter) {
	status := http.StatusOK
	switch {
	case a.garbage && a.quirks.MixedStoreIs400:
		status = http.StatusBadRequest
	case len(a.referenced) == 0 && len(a.quirks.Forget) == 0:
		status = http.StatusConflict
	case len(a.failed)+len(a.others) > 0 || a.warned:
		status = http.StatusAccepted
	}
	ds := &dicomweb.Dataset{}
	if len(a.studies) == 1 {
		ds.Set(dicomweb.Text(dicomweb.TagRetrieveURL, a.base+"/studies/"+a.studies[0]))
	}
	ds.Set(dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, a.referenced...))
	if len(a.failed) > 0 {
		ds.Set(dicomweb.Sequence(dicomweb.TagFailedSOPSequence, a.failed...))
	}
	if len(a.others) > 0 {
		ds.Set(dicomweb.Sequence(dicomweb.TagOtherFailures, a.others...))
	}
	if a.quirks.XMLStoreResponse {
		w.Header().Set("Content-Type", "application/dicom+xml")
		w.WriteHeader(status)
		_, _ = w.Write(ds.AppendNativeXML(nil))
		return
	}
	w.Header().Set("Content-Type", "application/dicom+json")
	w.WriteHeader(status)
	_, _ = w.Write(ds.AppendJSON(nil))
}
