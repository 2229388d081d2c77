package drimtest

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/internal/xop"
)

// resource is what the path of an image says. Single frames are whole instances
// here: of one frame.
var resource = regexp.MustCompile(`^/studies/([0-9.]{1,64})(?:/series/([0-9.]{1,64})(?:/instances/([0-9.]{1,64})(?:/frames/([0-9,]+))?)?)?$`)

// element is an element of the Accept header in the form that every box reads.
var element = regexp.MustCompile(`^\s*multipart/related; ?type="application/dicom"; ?transfer-syntax=([0-9.]+);q=(0\.[1-9]|1\.0);boundary=([^,;]+)$`)

// checkAccept returns the transfer syntaxes of the header, or what is wrong.
func checkAccept(values []string) (syntaxes []string, wrong string) {
	for item := range strings.SplitSeq(strings.TrimSuffix(strings.Join(values, ","), ","), ",") {
		m := element.FindStringSubmatch(item)
		if m == nil {
			return nil, "Accept: an element is not in the form of the specification"
		}
		if slices.Contains(syntaxes, m[1]) {
			return nil, "Accept: a transfer syntax is listed twice"
		}
		syntaxes = append(syntaxes, m[1])
	}
	for _, want := range []string{"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80",
		"1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103"} {
		if !slices.Contains(syntaxes, want) {
			return nil, "Accept: one of the ten transfer syntaxes is missing"
		}
	}
	return syntaxes, ""
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	log := Request{Method: r.Method, Path: r.URL.Path, Token: token, ManifestUID: r.Header.Get(drim.HeaderManifest), Accept: r.Header.Values("Accept"),
		Situation: r.Header.Get("Situation")}
	path, below := strings.CutPrefix(r.URL.EscapedPath(), base)
	m := resource.FindStringSubmatch(path)
	if m != nil {
		log.Ref, log.Frames = dicomweb.Ref{Study: m[1], Series: m[2], Instance: m[3]}, m[4]
	}
	answer := func(status int, text string) {
		log.Status = status
		s.mu.Lock()
		s.requests = append(s.requests, log)
		s.mu.Unlock()
		if text != "" {
			http.Error(w, text, status)
		}
	}
	syntaxes, wrong := checkAccept(log.Accept)
	switch {
	case below && (path == "" || path == "/"):
		w.Header().Set("Content-Type", "application/json")
		answer(http.StatusOK, "")
		_, _ = w.Write([]byte(`{"status":"UP"}`))
		return
	case !bearer || len(r.Header.Values("Authorization")) != 1 || !s.takes(token):
		w.Header().Set("WWW-Authenticate", `Bearer realm="drimtest"`)
		answer(http.StatusUnauthorized, "token")
		return
	case !below || m == nil:
		answer(http.StatusNotFound, "no such resource")
		return
	case r.Method != http.MethodGet:
		answer(http.StatusMethodNotAllowed, "method")
		return
	case wrong != "":
		answer(http.StatusBadRequest, wrong)
		return
	case len(r.Header.Values(drim.HeaderManifest)) != 1:
		answer(http.StatusBadRequest, drim.HeaderManifest+" is missing")
		return
	case r.URL.RawQuery != "":
		answer(http.StatusBadRequest, "query")
		return
	}
	files, status := s.find(log.Ref, log.ManifestUID, syntaxes)
	if status != http.StatusOK {
		answer(status, http.StatusText(status))
		return
	}
	answer(status, "")
	send(w, files)
}

func (s *Server) takes(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.tokens, token)
}

// find returns the files of what was asked.
func (s *Server) find(ref dicomweb.Ref, manifest string, syntaxes []string) (files [][]byte, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	study := s.studies[ref.Study]
	if study == nil || study.manifest != manifest {
		return nil, http.StatusNotFound
	}
	listed := false
	for _, i := range study.instances {
		if ref.Series != "" && i.ref.Series != ref.Series || ref.Instance != "" && i.ref.Instance != ref.Instance {
			continue
		}
		if listed = true; !i.gone {
			files = append(files, i.file)
		}
	}
	switch {
	case !listed:
		return nil, http.StatusNotFound
	case len(files) == 0 && ref.Instance != "":
		return nil, http.StatusGone
	case len(files) == 0:
		return nil, http.StatusNotFound
	}
	for _, f := range files {
		if head, err := dicomweb.ReadHead(bytes.NewReader(f)); err == nil && !slices.Contains(syntaxes, head.TransferSyntaxUID) {
			return nil, http.StatusNotAcceptable
		}
	}
	return files, http.StatusOK
}

// send writes a multipart answer as the reference implementation does: chunked,
// with parameters in an order of its own.
func send(w http.ResponseWriter, files [][]byte) {
	boundary, err := xop.NewBoundary(rand.Reader)
	if err != nil {
		http.Error(w, "random", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", `multipart/related;start="<1@drimtest>";type="application/dicom"; boundary=`+boundary)
	for _, f := range files {
		_, _ = w.Write([]byte("--" + boundary + "\r\nContent-Type: application/dicom\r\n\r\n"))
		_, _ = w.Write(f)
		_, _ = w.Write([]byte("\r\n"))
		_ = http.NewResponseController(w).Flush() // the next part is on its way only later
	}
	_, _ = w.Write([]byte("--" + boundary + "--\r\n"))
}
