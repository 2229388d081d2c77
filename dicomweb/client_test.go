package dicomweb_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestNew(t *testing.T) {
	t.Parallel()
	fake := segur.ClientConfig{Environment: segur.Fake}
	for name, c := range map[string]struct {
		cfg    dicomweb.Config
		fields []string
	}{
		"zero":        {dicomweb.Config{}, []string{"environment", "endpoint"}},
		"http":        {dicomweb.Config{ClientConfig: fake, Endpoint: "http://127.0.0.1/x"}, []string{"endpoint"}},
		"query":       {dicomweb.Config{ClientConfig: fake, Endpoint: "https://127.0.0.1/x?a=b"}, []string{"endpoint"}},
		"http user":   {dicomweb.Config{ClientConfig: fake, Endpoint: "http://ris:secret@127.0.0.1/x", PlainHTTP: true}, []string{"endpoint"}},
		"scheme":      {dicomweb.Config{ClientConfig: fake, Endpoint: "ftp://127.0.0.1/x", PlainHTTP: true}, []string{"endpoint"}},
		"studies":     {dicomweb.Config{ClientConfig: fake, Endpoint: "https://127.0.0.1/dicom-web/studies/"}, []string{"endpoint"}},
		"clear token": {dicomweb.Config{ClientConfig: fake, Endpoint: "http://127.0.0.1/x", PlainHTTP: true, Tokens: tokens("x")}, []string{"tokens"}},
		"good":        {dicomweb.Config{ClientConfig: fake, Endpoint: "https://127.0.0.1:8042/a/b/"}, nil},
		"good http":   {dicomweb.Config{ClientConfig: fake, Endpoint: "http://127.0.0.1/x", PlainHTTP: true}, nil},
	} {
		_, err := dicomweb.New(c.cfg)
		if c.fields == nil {
			assert.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		assert.NotContains(t, err.Error(), "secret")
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		var fields []string
		for _, d := range e.Details {
			fields = append(fields, d.Field)
		}
		assert.Equal(t, c.fields, fields, name)
	}
	_, err := dicomweb.New(dicomweb.Config{ClientConfig: fake, Endpoint: "http://127.0.0.1/x"})
	require.ErrorContains(t, err, "PlainHTTP", "which setting accepts it")
}

// The explanation of an error says what to do about that error, not about its kind alone.
func TestExplanations(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	image := sample(t)
	require.NoError(t, srv.Add(image))
	h, err := dicomweb.Inspect(segur.BytesContent(image))
	require.NoError(t, err)
	explain := func(err error) string {
		t.Helper()
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.NotEqual(t, (&segur.Error{Kind: e.Kind}).Explain(segur.EN), e.Explain(segur.EN), "more than the kind says")
		assert.NotEqual(t, e.Explain(segur.EN), e.Explain(segur.FR))
		return e.Explain(segur.FR)
	}
	cfg := srv.Config()
	cfg.Endpoint = strings.TrimSuffix(cfg.Endpoint, "/dicom-web")
	_, err = collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{}))
	assert.Contains(t, explain(err), "Endpoint")
	srv.SetQuirks(dicomwebtest.Quirks{IgnoreFilters: true})
	_, err = collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientID: "IPP-9999"}))
	assert.Contains(t, explain(err), "critère")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, image[:700], 0o600))
	_, err = client.Download(t.Context(), h.Ref(), dicomweb.DownloadOptions{Dir: filepath.Join(file, "sub")})
	assert.Contains(t, explain(err), "dossier")
	_, err = dicomweb.OpenFile(file)
	assert.Contains(t, explain(err), "coupé")
	_, err = dicomweb.OpenFile(file + "x")
	assert.Contains(t, explain(err), "nom")
	_, err = dicomweb.Inspect(nil)
	assert.Contains(t, explain(err), "règle")
	_, err = dicomweb.ReadDataset(nil)
	assert.Contains(t, explain(err), "règle")
	_, _, err = dicomweb.OpenDir(file + "x")
	assert.Contains(t, explain(err), "nom")
}

// Both sides present certificates, and each refuses another authority's.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	srv, _ := setupTLS(t)
	cfg := srv.Config()
	cfg.Credentials = segur.StaticCredential(srv.PKI().Foreign().Organization())
	_, err := collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	cfg.Credentials = nil
	_, err = collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	cfg = srv.Config()
	cfg.RootCAs = srv.PKI().Foreign().Roots()
	_, err = collect(newClient(t, cfg).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrSignature)
	expired := newServer(dicomwebtest.WithServerCertificate(credentialtest.NewPKI().ServerWith(credentialtest.Expired())))
	t.Cleanup(expired.Close)
	_, err = collect(newClient(t, expired.Config()).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrSignature)
}

// The evidence holds the exact messages under the names of the operations; the observer is told each end once.
func TestEvidenceAndObserver(t *testing.T) {
	t.Parallel()
	srv, _ := setupTLS(t, dicomwebtest.WithToken("jeton-secret"))
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := srv.Config()
	seen := &observed{}
	cfg.Evidence, cfg.Observer, cfg.Tokens = evidence, seen, tokens("jeton-secret")
	client := newClient(t, cfg)
	s := study(t, 80, dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	srv.Refuse(s.Instances[1].Ref.Instance, dicomweb.ReasonCannotUnderstand)
	_, err = client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
	require.ErrorIs(t, err, segur.ErrPartial)
	_, err = collect(client.SearchStudies(t.Context(), dicomweb.Query{PatientID: "IPP-0001"}))
	require.NoError(t, err)
	_, err = fetchAll(t.Context(), client, dicomweb.Ref{Study: s.UID})
	require.NoError(t, err)

	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.NotContains(t, string(b), "jeton-secret")
		return string(b)
	}
	assert.Contains(t, read("001-dicomweb.store.request"), string(s.Instances[1].File))
	assert.Contains(t, read("001-dicomweb.store.response"), `"00081198"`)
	assert.Contains(t, read("002-dicomweb.search.request"), "00100020=IPP-0001")
	assert.Contains(t, read("003-dicomweb.retrieve.response"), string(s.Instances[0].File))
	assert.Equal(t, []string{"dicomweb.store partial 202", "dicomweb.search unknown 200", "dicomweb.retrieve unknown 200"}, seen.all())
}

type observed struct {
	mu   sync.Mutex
	list []string
}

func (o *observed) all() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.list
}

// sequenceIDs gives the identifiers of a list in order.
type sequenceIDs struct {
	segur.IDSource
	list []segur.OID
}

func (s *sequenceIDs) OID(segur.OID) (segur.OID, error) {
	id := s.list[0]
	s.list = s.list[1:]
	return id, nil
}

// The answers of Orthanc, as they were captured.
func TestStoreCaptures(t *testing.T) {
	t.Parallel()
	const uid = "1.2.826.0.1.3680043.8.498.1001"
	sample := func(instances ...segur.OID) *dicomwebtest.Study {
		s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: len(instances),
			IDs: &sequenceIDs{list: append([]segur.OID{uid, uid + ".9", uid + ".1"}, instances...)}})
		require.NoError(t, err)
		return s
	}
	three := sample(uid+".1.1", uid+".1.2", uid+".1.3")
	for name, c := range map[string]struct {
		study *dicomwebtest.Study
		want  error
		out   []dicomweb.StoreOutcome
	}{
		"stow-ok-json.http":        {three, nil, []dicomweb.StoreOutcome{dicomweb.Stored, dicomweb.Stored, dicomweb.Stored}},
		"stow-ok-xml.http":         {three, nil, []dicomweb.StoreOutcome{dicomweb.Stored, dicomweb.Stored, dicomweb.Stored}},
		"stow-duplicate-json.http": {three, nil, []dicomweb.StoreOutcome{dicomweb.Stored, dicomweb.Stored, dicomweb.Stored}},
		"stow-wrong-study.http":    {three, segur.ErrRefused, []dicomweb.StoreOutcome{dicomweb.Failed, dicomweb.Failed, dicomweb.Failed}},
		"stow-garbage.http":        {three, segur.ErrRefused, []dicomweb.StoreOutcome{dicomweb.Unaccounted, dicomweb.Unaccounted, dicomweb.Unaccounted}},
		"stow-mixed.http":          {sample(uid+".1.4", uid+".1.5"), segur.ErrPartial, []dicomweb.StoreOutcome{dicomweb.Stored, dicomweb.Unaccounted}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := testkit.ReadShared(t, "dicomweb/captures/"+name)
			raw = raw[bytes.Index(raw, []byte("HTTP/1.1")):]
			resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			if err != nil { // the captures end with one line end more or less
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			}
			require.NoError(t, resp.Body.Close())
			srv, client := setupTLS(t)
			srv.Fail(dicomwebtest.Fault{Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Body: bytes.TrimSpace(body)})
			result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: c.study.Contents()})
			if c.want == nil {
				require.NoError(t, err)
				assert.True(t, strings.HasSuffix(result.RetrieveURL, uid))
			} else {
				require.ErrorIs(t, err, c.want)
			}
			require.NotNil(t, result)
			var got []dicomweb.StoreOutcome
			for _, i := range result.Instances {
				got = append(got, i.Outcome)
			}
			assert.Equal(t, c.out, got)
		})
	}
}

func (o *observed) OperationStart(ctx context.Context, _ string) context.Context { return ctx }

func (o *observed) OperationEnd(_ context.Context, out segur.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, fmt.Sprintf("%s %s %d", out.Op, out.Kind, out.Status))
}
