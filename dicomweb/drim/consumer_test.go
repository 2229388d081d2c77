package drim_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"

	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit/loopback"
)

var (
	_ drim.ConsumerRecord = (*dmp.Manifests)(nil)
	_ drim.Storer         = (*dicomweb.Client)(nil)
)

func TestNewConsumerChecks(t *testing.T) {
	t.Parallel()
	_, err := drim.NewConsumer(drim.ConsumerConfig{Profile: 9, Parallel: -1, SourceTimeout: -1, MaxManifestBytes: -1, Situation: "a\r\nb",
		Accept: drim.Accept{{Syntax: "*", Weight: 1000}, {Syntax: dicomweb.ExplicitVRLittleEndian}}})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.ElementsMatch(t, []string{"environment", "record", "boxes", "tokens", "profile", "parallel", "sourceTimeout", "maxManifestBytes",
		"situation", "accept[0].syntax", "accept[1].weight"}, fields)
}

// The preferences of the caller are what is sent, in the one form that every box
// reads.
func TestConsumerAccept(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 31, 1, 1)
	var own drim.Accept
	for i, uid := range drim.TransferSyntaxes() {
		own = append(own, drim.Preference{Syntax: uid, Weight: 1000 - 105*i})
	}
	for name, c := range map[string]struct {
		change func(*drim.ConsumerConfig)
		want   string
	}{
		"lossy": {func(c *drim.ConsumerConfig) { c.Profile = drim.Lossy }, drim.FormatAccept(drim.Lossy)},
		"own":   {func(c *drim.ConsumerConfig) { c.Accept, c.Situation = own, "S-1" }, ""},
	} {
		b := newBench(t, pki, c.change, s)
		report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &basket{}})
		require.NoError(t, err, name)
		assert.True(t, report.Complete())
		all := s.box.Requests()
		sent := all[len(all)-1].Accept
		if c.want != "" {
			assert.Equal(t, []string{c.want}, sent)
			assert.Empty(t, all[len(all)-1].Situation)
			continue
		}
		assert.Equal(t, "S-1", all[len(all)-1].Situation)
		assert.Contains(t, sent[0], "transfer-syntax="+own[0].Syntax+";q=1.0;boundary=**")
		assert.Contains(t, sent[0], "transfer-syntax="+own[9].Syntax+";q=0.1;boundary=**")
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 32, 2, 1)
	old := s.manifest.UID
	s.share(t, filesOf(s.study), func(m *kos.Manifest) {
		m.Series[0].RetrieveURL = strings.Replace(m.Series[0].RetrieveURL, s.box.Host(), "elsewhere.example", 1)
	})
	b := newBench(t, pki, nil, s)
	require.NotEqual(t, old, s.manifest.UID)
	o := b.open(t)[0]
	got := b.Addresses(o)
	require.Len(t, got, 2)
	require.ErrorIs(t, got[o.Manifest.Series[0].UID], segur.ErrAuthorization)
	require.NoError(t, got[o.Manifest.Series[1].UID])
	assert.Zero(t, b.tokens.count())

	// The listed part comes, and is not said to be the whole.
	var kept basket
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: &kept})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.False(t, report.Complete())
	assert.Len(t, kept.files, 1)
	assert.Equal(t, 1, report.Count(drim.ImageRefused))
	assert.Len(t, report.Sources, 1)
}

// A manifest that names its source by OID.
func TestConsumerLocations(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 33, 1, 2)
	s.share(t, filesOf(s.study), nil)
	b := newBench(t, pki, func(c *drim.ConsumerConfig) {
		c.Locations = func(oid string) (string, bool) { return s.box.URL + "/", oid == "1.2.250.1.999.9" }
	}, s)
	o := b.open(t)[0]
	o.Manifest.Series[0].RetrieveURL, o.Manifest.Series[0].RetrieveLocationUID = "", "1.2.250.1.999.9"
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: &basket{}})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	o.Manifest.Series[0].RetrieveLocationUID = "1.2.250.1.999.10"
	_, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: &basket{}})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, drim.CodeBadAddress, e.Code)
}

// The consumer reads from the handler of the source, which adds the INS.
func TestConsumerWithHandler(t *testing.T) {
	t.Parallel()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 2, Instances: 2})
	h, err := drim.NewHandler(s.config())
	require.NoError(t, err)
	server := loopback.Start(h, s.pki.MutualTLS())
	t.Cleanup(server.Close)
	b := newBench(t, s.pki, func(c *drim.ConsumerConfig) {
		c.RequireINS = true
		c.Credentials = segur.StaticCredential(s.pki.Organization())
		c.Tokens = fixedToken(goodToken)
	})
	b.listed = []string{strings.TrimPrefix(server.URL, "https://")}
	for i := range s.manifest.Series {
		s.manifest.Series[i].RetrieveURL = server.URL + "/drim/rs" + dicomweb.Ref{Study: s.study.UID, Series: s.manifest.Series[i].UID}.Path()
	}
	file, err := s.manifest.Encode()
	require.NoError(t, err)
	s.current.KOS = file
	b.record.put(manifestEntry(s.manifest, file), file, "")
	opened := b.open(t)
	var kept basket
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	require.Len(t, kept.files, 4)
	for _, x := range report.Exams[0].Series {
		for _, im := range x.Images {
			assert.True(t, im.INS)
		}
	}
	s.withdrawn = true
	b.record.remove(s.manifest.UID)
	report, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.True(t, report.Exams[0].Withdrawn)
	for _, a := range s.accesses {
		assert.Contains(t, []int{http.StatusOK, http.StatusNotFound}, a.Status)
	}
}

type fixedToken string

func (f fixedToken) Token(context.Context) (string, error) { return string(f), nil }

// The record is that of the fake service, read by the client of package dmp.
func TestConsumerWithRecord(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	t.Cleanup(srv.Close)
	m := dmpClient(t, srv).Manifests(manifestsOfDMP)
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 34, 1, 2)
	publishInRecord(t, m, s, "")
	cfg := srv.Config()
	cfg.Mode = dmp.IndirecteRenforcee
	reader, err := dmp.New(cfg)
	require.NoError(t, err)
	t.Cleanup(reader.CloseIdleConnections)
	b := newBench(t, pki, func(c *drim.ConsumerConfig) { c.Record = reader.Manifests(dmp.ManifestOptions{}) })
	b.listed = []string{s.box.Host()}
	exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: dmptest.Patient().INS, StudyUID: segur.OID(s.study.UID)})
	require.NoError(t, err)
	require.Len(t, exams, 1)
	assert.Equal(t, s.manifest.UID, exams[0].Manifest.UniqueID)
	o, err := b.Open(t.Context(), exams[0])
	require.NoError(t, err)
	var kept basket
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: &kept})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	kept.requireFiles(t, s.study.Instances...)

	old := s.manifest.UID
	s.share(t, filesOf(s.study)[:1], nil)
	publishInRecord(t, m, s, old)
	report, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: &basket{}})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	assert.Equal(t, old, report.Exams[0].ReplacedUID)
	assert.Len(t, report.Exams[0].Dropped, 1)

	require.NoError(t, m.Remove(t.Context(), dmptest.Patient().INS, s.manifest.UID))
	s.box.Withdraw(s.study.UID)
	report, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: &basket{}})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.True(t, report.Exams[0].Withdrawn)
	exams, err = b.Exams(t.Context(), drim.ExamQuery{Patient: dmptest.Patient().INS})
	require.NoError(t, err)
	assert.Empty(t, exams)
}

func publishInRecord(t *testing.T, m *dmp.Manifests, s *site, replaces string) {
	t.Helper()
	report := write(t, about(s.study.UID))
	entry := xds.DeriveKOSEntry(xds.KOS{UniqueID: segur.OID(s.manifest.UID), Created: s.manifest.Created, StudyUID: segur.OID(s.study.UID), Modalities: []string{"CT"}},
		report.header, xds.EntryOptions{})
	content := segur.BytesContent(s.kos)
	require.NoError(t, entry.Digest(content))
	sealed, err := m.Seal(t.Context(), xds.ManifestLot{Patient: dmptest.Patient(), Entry: entry, Content: content, Replaces: replaces})
	require.NoError(t, err)
	_, err = m.Send(t.Context(), sealed.Stored, false)
	require.NoError(t, err)
}

func TestListedOperators(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	srv := whitelisttest.NewServer(whitelisttest.WithPKI(pki))
	t.Cleanup(srv.Close)
	client, err := whitelist.New(srv.Config())
	require.NoError(t, err)
	chains := func(host string) segur.Chains {
		leaf, err := x509.ParseCertificate(pki.Server(host).Certificate[0])
		require.NoError(t, err)
		return segur.Chains{Verified: [][]*x509.Certificate{{leaf}}}
	}
	own := chains("db1.site-fictif.example")
	check := drim.ListedOperators(client.List)
	require.ErrorIs(t, check(t.Context(), own), segur.ErrAuthorization, "there is no list")
	subject := own.Leaf().Subject.String()
	srv.Publish(whitelisttest.Document(time.Now(), whitelisttest.Box{Host: "db1.site-fictif.example", OperatorDN: subject},
		whitelisttest.Box{Host: "db2.site-fictif.example:8443", OperatorDN: subject}, whitelisttest.Box{Host: "db3.site-fictif.example"}))
	_, err = client.Refresh(t.Context())
	require.NoError(t, err)
	require.NoError(t, check(t.Context(), own))
	require.NoError(t, check(t.Context(), chains("db2.site-fictif.example")))
	require.ErrorIs(t, check(t.Context(), chains("db3.site-fictif.example")), segur.ErrAuthorization, "of another operator")
	require.ErrorIs(t, check(t.Context(), chains("db4.site-fictif.example")), segur.ErrAuthorization, "of no box")
	require.ErrorIs(t, check(t.Context(), segur.Chains{}), segur.ErrAuthorization)
}
