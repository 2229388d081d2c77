package drim_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

const goodToken = "a-token.of_the~test"

// serving is a source under test with one exam.
type serving struct {
	pki      *credentialtest.PKI
	study    *dicomwebtest.Study
	manifest *kos.Manifest
	current  drim.CurrentManifest

	mu        sync.Mutex
	withdrawn bool
	accesses  []drim.Access
	checked   []string // tokens
	looked    int      // times the archive was asked
	images    drim.ImageSource
}

func insOf(t testing.TB) segur.INS {
	t.Helper()
	ins, err := segur.ParseINS("2850369123456"+segur.MatriculeKey("2850369123456"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	return ins
}

func newServing(t testing.TB, o dicomwebtest.SampleOptions) *serving {
	t.Helper()
	o.IDs = segur.NewIDSource(fixed.Rand(7))
	study, err := dicomwebtest.SampleStudy(o)
	require.NoError(t, err)
	s := &serving{pki: credentialtest.NewPKI(), study: study}
	s.publish(t, study.Contents())
	s.images = s
	return s
}

// publish makes the manifest of files.
func (s *serving) publish(t testing.TB, files []segur.Content) {
	t.Helper()
	rows, err := kos.FromFiles(files...)
	require.NoError(t, err)
	author := segur.DocumentActor{Professional: segur.Professional{ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude",
		Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF"}}}
	ins := insOf(t)
	m, err := kos.Build(kos.Context{
		Environment: segur.Fake, Manufacturer: "SEGUR SDK", RetrieveBase: "https://db.source.example/drim/rs", UIDRoot: "1.2.250.1.999.8",
		Clock: func() time.Time { return time.Date(2026, time.January, 5, 11, 20, 30, 0, time.UTC) }, IDs: segur.NewIDSource(fixed.Rand(9)),
		Report: segur.DocumentHeader{
			ID:         segur.Identifier{Root: "1.2.250.1.999.4.1"},
			PatientIDs: []segur.Identifier{{Root: ins.Authority(), Extension: ins.Matricule()}, {Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
			Patient: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
				BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123"},
			Authors: []segur.DocumentActor{author}, LegalAuthenticator: author,
			Services: []segur.DocumentService{{StudyUID: segur.OID(s.study.UID), Code: segur.Code{Code: "36813-4", System: "2.16.840.1.113883.6.1", Display: "TDM thorax"}}},
			Orders:   []segur.DocumentOrder{{Placer: segur.Identifier{Root: "1.2.250.1.999.6", Extension: "OPN1"}, Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: "ACC-0001"}}},
		},
	}, rows)
	require.NoError(t, err)
	file, err := m.Encode()
	require.NoError(t, err)
	s.manifest = m
	s.current = drim.CurrentManifest{StudyUID: s.study.UID, UID: m.UID, KOS: file, INS: ins}
}

// Manifest makes the site its own archive.
func (s *serving) Manifest(_ context.Context, study, uid string) (*drim.CurrentManifest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked++
	if s.withdrawn || study != s.current.StudyUID || uid != "" && uid != s.current.UID {
		return nil, &segur.Error{Op: "test", Kind: segur.KindNotFound}
	}
	c := s.current
	return &c, nil
}

// Images gives the images that the study has, from memory.
func (s *serving) Images(_ context.Context, r drim.ImageRequest) iter.Seq2[io.Reader, error] {
	return func(yield func(io.Reader, error) bool) {
		s.mu.Lock()
		instances := slices.Clone(s.study.Instances)
		s.mu.Unlock()
		for _, i := range instances {
			in := (r.Ref.Series == "" || i.Ref.Series == r.Ref.Series) && (r.Ref.Instance == "" || i.Ref.Instance == r.Ref.Instance)
			if in && !yield(bytes.NewReader(i.File), nil) {
				return
			}
		}
	}
}

func (s *serving) check(_ context.Context, token string) (drim.TokenState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checked = append(s.checked, token)
	switch token {
	case goodToken:
		return drim.TokenState{Active: true, User: "899900000015", Client: "drimbox-b"}, nil
	case "broken":
		return drim.TokenState{}, &segur.Error{Op: "test", Kind: segur.KindUnavailable}
	}
	return drim.TokenState{}, nil
}

func (s *serving) config() drim.HandlerConfig {
	return drim.HandlerConfig{
		Base: "/drim/rs", Manifests: s, Images: s.images, Tokens: drim.TokenCheckerFunc(s.check),
		Observe: func(_ context.Context, a drim.Access) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.accesses = append(s.accesses, a)
		},
	}
}

func (s *serving) last(t testing.TB) drim.Access {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(t, s.accesses)
	return s.accesses[len(s.accesses)-1]
}

func (s *serving) handler(t testing.TB, change func(*drim.HandlerConfig)) *drim.Handler {
	t.Helper()
	cfg := s.config()
	if change != nil {
		change(&cfg)
	}
	h, err := drim.NewHandler(cfg)
	require.NoError(t, err)
	return h
}

// serve listens with TLS.
func (s *serving) serve(t testing.TB, change func(*drim.HandlerConfig)) (base string, client *http.Client) {
	t.Helper()
	srv := httptest.NewUnstartedServer(s.handler(t, change))
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.pki.Server()}}
	srv.Config.ErrorLog = discardLog
	srv.StartTLS()
	t.Cleanup(srv.Close)
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.pki.Roots()}}
	t.Cleanup(transport.CloseIdleConnections)
	return srv.URL + "/drim/rs", &http.Client{Transport: transport}
}

// path is that of a place.
func path(ref dicomweb.Ref) string {
	p := "/studies/" + ref.Study
	if ref.Series != "" {
		p += "/series/" + ref.Series
	}
	if ref.Instance != "" {
		p += "/instances/" + ref.Instance
	}
	return p
}

func (s *serving) request(t testing.TB, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+goodToken)
	r.Header.Set(drim.HeaderManifest, s.current.UID)
	r.Header.Set("Accept", drim.FormatAccept(drim.Lossless))
	return r
}

// ask answers without a network.
func (s *serving) ask(t testing.TB, h http.Handler, p string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := s.request(t, "https://db.source.example/drim/rs"+p)
	if change != nil {
		change(r)
	}
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = "192.0.2.1:1234"
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if v := recover(); v != nil {
				assert.Equal(t, http.ErrAbortHandler, v)
				w.Header().Set("X-Aborted", "yes")
			}
		}()
		h.ServeHTTP(w, r)
	}()
	return w
}

// parts reads a multipart answer; the error is that of its end.
func parts(t testing.TB, contentType string, body io.Reader) (files [][]byte, headers []map[string][]string, err error) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	require.NoError(t, err)
	require.Equal(t, "multipart/related", kind)
	raw, readErr := io.ReadAll(body)
	closed := bytes.HasSuffix(raw, []byte("\r\n--"+params["boundary"]+"--\r\n"))
	r := multipart.NewReader(bytes.NewReader(raw), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err != nil {
			break
		}
		b, err := io.ReadAll(p)
		if err != nil {
			break
		}
		files = append(files, b)
		headers = append(headers, p.Header)
	}
	switch {
	case readErr != nil:
		return files, headers, readErr
	case !closed:
		return files, headers, io.ErrUnexpectedEOF
	}
	return files, headers, nil
}

// uidsOf are the instances of files.
func uidsOf(t testing.TB, files [][]byte) []string {
	t.Helper()
	var out []string
	for _, f := range files {
		h, err := dicomweb.Inspect(segur.BytesContent(f))
		require.NoError(t, err)
		out = append(out, h.SOPInstanceUID)
	}
	return out
}

// withSyntax rewrites the transfer syntax that a file of Explicit VR Little
// Endian claims; its pixels are not converted.
func withSyntax(t testing.TB, file []byte, syntax string) []byte {
	t.Helper()
	old := "\x02\x00\x10\x00UI\x14\x00" + dicomweb.ExplicitVRLittleEndian + "\x00"
	i := strings.Index(string(file), old)
	require.Positive(t, i)
	if len(syntax)%2 == 1 {
		syntax += "\x00"
	}
	out := append([]byte(nil), file[:i]...)
	out = append(out, "\x02\x00\x10\x00UI"...)
	out = append(out, byte(len(syntax)), 0)
	out = append(out, syntax...)
	out = append(out, file[i+len(old):]...)
	out[140] += byte(len(syntax) - 20) // the length of group 0002
	return out
}
