package drim_test

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the hash that XDS entries hold
	"encoding/hex"
	"io"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// site is another establishment: its box, and one exam that it shares.
type site struct {
	box      *drimtest.Server
	study    *dicomwebtest.Study
	manifest *kos.Manifest
	kos      []byte
}

func sampleOf(t testing.TB, seed uint64, series, instances int) *dicomwebtest.Study {
	t.Helper()
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: series, Instances: instances, IDs: segur.NewIDSource(fixed.Rand(seed))})
	require.NoError(t, err)
	return s
}

func filesOf(s *dicomwebtest.Study) (out [][]byte) {
	for _, i := range s.Instances {
		out = append(out, i.File)
	}
	return out
}

// newSite starts a box that shares a study of so many series and images.
func newSite(t testing.TB, pki *credentialtest.PKI, seed uint64, series, instances int) *site {
	t.Helper()
	s := &site{box: drimtest.NewServer(drimtest.WithPKI(pki)), study: sampleOf(t, seed, series, instances)}
	t.Cleanup(s.box.Close)
	s.share(t, filesOf(s.study), nil)
	return s
}

// share publishes files under a manifest, the next version of the one before.
func (s *site) share(t testing.TB, files [][]byte, change func(*kos.Manifest)) {
	t.Helper()
	c := contextOf(t, s.study.UID, s.box.URL)
	var contents []segur.Content
	for _, f := range files {
		contents = append(contents, segur.BytesContent(f))
	}
	rows, err := kos.FromFiles(contents...)
	require.NoError(t, err)
	if s.manifest == nil {
		s.manifest, err = kos.Build(c, rows)
	} else {
		s.manifest, err = s.manifest.Next(c, rows)
	}
	require.NoError(t, err)
	if change != nil {
		change(s.manifest)
	}
	s.kos, err = s.manifest.Encode()
	require.NoError(t, err)
	require.NoError(t, s.box.Share(s.manifest.UID, files...))
}

func contextOf(t testing.TB, study, base string) kos.Context {
	author := segur.DocumentActor{Professional: segur.Professional{ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude",
		Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF"}}}
	ins := insOf(t)
	return kos.Context{
		Environment: segur.Fake, Manufacturer: "SEGUR SDK", RetrieveBase: base, UIDRoot: "1.2.250.1.999.8",
		Clock: func() time.Time { return time.Date(2026, time.January, 15, 11, 20, 30, 0, time.UTC) },
		Report: segur.DocumentHeader{
			ID:         segur.Identifier{Root: "1.2.250.1.999.4.1"},
			PatientIDs: []segur.Identifier{{Root: ins.Authority(), Extension: ins.Matricule()}, {Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
			Patient: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
				BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123"},
			Authors: []segur.DocumentActor{author}, LegalAuthenticator: author,
			Services: []segur.DocumentService{{StudyUID: segur.OID(study), Code: segur.Code{Code: "36813-4", System: "2.16.840.1.113883.6.1", Display: "TDM thorax"}}},
			Orders: []segur.DocumentOrder{{Placer: segur.Identifier{Root: "1.2.250.1.999.6", Extension: "OPN1"},
				Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: "ACC-0001"}}},
		},
	}
}

// shelf is a record in memory.
type shelf struct {
	mu      sync.Mutex
	entries []*xds.DocumentEntry
	content map[string][]byte
	queries []xds.ManifestQuery
	fail    error
}

func newShelf() *shelf { return &shelf{content: map[string][]byte{}} }

// put files a document; the one that it replaces is no longer active.
func (r *shelf) put(e *xds.DocumentEntry, content []byte, replaces string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = slices.DeleteFunc(r.entries, func(o *xds.DocumentEntry) bool { return o.UniqueID == replaces })
	r.entries = append(r.entries, e)
	r.content[e.UniqueID] = content
}

func (r *shelf) remove(uid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = slices.DeleteFunc(r.entries, func(o *xds.DocumentEntry) bool { return o.UniqueID == uid })
}

// publish files the manifest of a site.
func (r *shelf) publish(t testing.TB, s *site, replaces string) *xds.DocumentEntry {
	t.Helper()
	e := manifestEntry(s.manifest, s.kos)
	r.put(e, s.kos, replaces)
	return e
}

func manifestEntry(m *kos.Manifest, file []byte) *xds.DocumentEntry {
	sum := sha1.Sum(file) //nolint:gosec // as above
	return &xds.DocumentEntry{
		UniqueID: m.UID, PatientID: xds.INSPatientID(m.INS), MimeType: "application/dicom", Status: xds.Approved,
		FormatCode: segur.Code{Code: kos.SOPClass, System: "1.2.840.10008.2.6.1"}, TypeCode: segur.Code{Code: "IMG-KOS", System: "1.2.250.1.213.1.1.4.12"},
		Hash: hex.EncodeToString(sum[:]), Size: int64(len(file)), Created: m.Created, ServiceStart: segur.At(examAt),
		References: []xds.Reference{{ID: m.Study.UID, Type: xds.ReferenceStudy}, {ID: "ACC-0001", Authority: "1.2.250.1.999.5", Type: xds.ReferenceAccession},
			{ID: "OPN1", Authority: "1.2.250.1.999.6", Type: xds.ReferenceOrder}},
	}
}

func reportEntry(t testing.TB, id string, references ...xds.Reference) *xds.DocumentEntry {
	return &xds.DocumentEntry{UniqueID: id, PatientID: xds.INSPatientID(insOf(t)), MimeType: "text/xml", Status: xds.Approved,
		TypeCode: segur.Code{Code: "18748-4"}, ServiceStart: segur.At(examAt), References: references}
}

// Find searches as a registry does: references are alternatives.
func (r *shelf) Find(_ context.Context, _ segur.INS, q xds.ManifestQuery) iter.Seq2[*xds.DocumentEntry, error] {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queries = append(r.queries, q)
	list, fail := slices.Clone(r.entries), r.fail
	return func(yield func(*xds.DocumentEntry, error) bool) {
		for _, e := range list {
			kind := e.IsKOS() && !q.ReportsOnly || !e.IsKOS() && (q.ReportsOnly || q.WithReports)
			named := len(q.References) == 0 || slices.ContainsFunc(q.References, func(a xds.Reference) bool { return slices.Contains(e.References, a) })
			if kind && named && !yield(e, nil) {
				return
			}
		}
		if fail != nil {
			yield(nil, fail)
		}
	}
}

// Open gives a document.
func (r *shelf) Open(_ context.Context, _ segur.INS, e *xds.DocumentEntry) (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.content[e.UniqueID]
	if !ok {
		return nil, &segur.Error{Op: "test", Kind: segur.KindNotFound}
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// tokens counts how often it is asked.
type tokens struct {
	mu    sync.Mutex
	give  []string // the last one stays
	asked int
}

func (k *tokens) Token(context.Context) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	if len(k.give) == 0 {
		return drimtest.Token, nil
	}
	t := k.give[0]
	if len(k.give) > 1 {
		k.give = k.give[1:]
	}
	return t, nil
}

func (k *tokens) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked
}

// bench is a consumer with what it talks to.
type bench struct {
	*drim.Consumer
	record *shelf
	tokens *tokens
	listed []string
	cfg    drim.ConsumerConfig
}

func (b *bench) guard(host string) error {
	if slices.Contains(b.listed, host) {
		return nil
	}
	return &segur.Error{Op: "whitelist", Kind: segur.KindAuthorization, Code: whitelist.CodeNotListed}
}

// newBench makes a consumer for whom sites are listed.
func newBench(t testing.TB, pki *credentialtest.PKI, change func(*drim.ConsumerConfig), sites ...*site) *bench {
	t.Helper()
	b := &bench{record: newShelf(), tokens: &tokens{}}
	for _, s := range sites {
		b.listed = append(b.listed, s.box.Host())
		b.record.publish(t, s, "")
	}
	b.cfg = drim.ConsumerConfig{
		ClientConfig: segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), Retry: segur.RetryPolicy{MaxAttempts: 1}},
		Record:       b.record, Boxes: b.guard, Tokens: b.tokens, SpoolDir: t.TempDir(),
	}
	if change != nil {
		change(&b.cfg)
	}
	c, err := drim.NewConsumer(b.cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	b.Consumer = c
	return b
}

// open searches and opens every exam that has images.
func (b *bench) open(t testing.TB) []*drim.OpenedExam {
	t.Helper()
	exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t)})
	require.NoError(t, err)
	var out []*drim.OpenedExam
	for _, e := range exams {
		if e.Manifest == nil {
			continue
		}
		o, err := b.Open(t.Context(), e)
		require.NoError(t, err)
		out = append(out, o)
	}
	return out
}

// basket is a sink in memory.
type basket struct {
	mu    sync.Mutex
	files map[string][]byte
	puts  int
}

func (k *basket) Put(_ context.Context, image *drim.ReceivedImage) error {
	b, err := readContent(image.Content)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.files == nil {
		k.files = map[string][]byte{}
	}
	k.puts++
	k.files[image.SOPInstanceUID] = b
	return nil
}

func readContent(c segur.Content) ([]byte, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	return io.ReadAll(r)
}

// requireFiles compares what came with files of the source, byte by byte.
func (k *basket) requireFiles(t testing.TB, want ...dicomwebtest.Instance) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	require.Len(t, k.files, len(want))
	require.Equal(t, len(want), k.puts, "each once")
	for _, i := range want {
		require.True(t, bytes.Equal(i.File, k.files[i.Ref.Instance]), i.Ref.Instance)
	}
}

// seriesOf are the images of the n-th series of a study.
func seriesOf(s *dicomwebtest.Study, n int) []dicomwebtest.Instance {
	var order []string
	var out []dicomwebtest.Instance
	for _, i := range s.Instances {
		if !slices.Contains(order, i.Ref.Series) {
			order = append(order, i.Ref.Series)
		}
		if order[len(order)-1] == i.Ref.Series && len(order) == n+1 {
			out = append(out, i)
		}
	}
	return out
}

// alter makes another file of one.
func alter(t testing.TB, file []byte, changes ...dicomweb.Change) []byte {
	t.Helper()
	b, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(file), changes...))
	require.NoError(t, err)
	return b
}
