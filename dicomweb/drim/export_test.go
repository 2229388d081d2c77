package drim_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
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
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// localPACS is the archive of the consumer's site.
func localPACS(t testing.TB, opts ...dicomwebtest.Option) (*dicomwebtest.Server, *dicomweb.Client) {
	t.Helper()
	srv := dicomwebtest.NewServer(opts...)
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	cfg.Retry.MaxAttempts = 1
	c, err := dicomweb.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return srv, c
}

func localIdentity(t testing.TB) drim.LocalIdentity {
	return drim.LocalIdentity{INS: insOf(t), PatientID: "B-777", Issuer: "SITE-B", IssuerOID: "1.2.250.1.999.30", Name: "FICTIVE-DURAND^CAMILLE",
		BirthDate: segur.NewDate(1985, time.March, 14), Sex: segur.Female, System: "RIS FICTIF"}
}

func emptyDir(t testing.TB, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestExport(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	a, z := newSite(t, pki, 41, 2, 3), newSite(t, pki, 42, 1, 2)
	b := newBench(t, pki, func(c *drim.ConsumerConfig) {
		c.Clock = func() time.Time { return time.Date(2026, time.February, 3, 10, 0, 0, 0, time.UTC) }
	}, a, z)
	for name, change := range map[string]func(*drim.ExportRequest){
		"as they come": func(r *drim.ExportRequest) { r.Store.BatchInstances = 2 },
		"whole only":   func(r *drim.ExportRequest) { r.WholeOnly = true },
	} {
		srv, pacs := localPACS(t)
		req := drim.ExportRequest{Exams: b.open(t), Local: localIdentity(t), PACS: pacs}
		change(&req)
		report, err := b.Export(t.Context(), req)
		require.NoError(t, err, name)
		assert.True(t, report.Complete(), name)
		assert.Equal(t, 8, report.Held())
		assert.Equal(t, 8, srv.Len())
		emptyDir(t, b.cfg.SpoolDir)
		for _, i := range append(slices.Clone(a.study.Instances), z.study.Instances...) {
			file, ok := srv.File(i.Ref.Instance)
			require.True(t, ok)
			head, err := dicomweb.ReadHead(bytes.NewReader(file))
			require.NoError(t, err)
			assert.Equal(t, i.Ref, head.Ref(), "UIDs stay")
			ins := insOf(t)
			assert.Equal(t, []segur.Identifier{
				{Extension: "B-777", Assigner: "SITE-B", Root: "1.2.250.1.999.30"},
				{Extension: ins.Matricule(), Assigner: "ASIP-SANTE-INS-NIR", Root: ins.Authority()},
				{Extension: "IPP-0001", Assigner: "CENTRE D'IMAGERIE FICTIF"},
			}, head.PatientIDs)
			assert.Equal(t, "FICTIVE-DURAND^CAMILLE", head.PatientName)
			assert.Empty(t, head.AccessionNumber, "that of another site may be another exam here")
		}
		ds := metadata(t, pacs, a.study.UID)
		assert.Equal(t, "F", ds.Value(dicomweb.TagPatientSex))
		items := ds.Items(0x04000561)
		require.Len(t, items, 1)
		assert.Equal(t, "COERCE", items[0].Value(0x04000565))
		assert.Equal(t, "RIS FICTIF", items[0].Value(0x04000563))
		assert.Equal(t, "1990000019", items[0].Value(0x04000564))
		assert.Equal(t, "20260203100000+0000", items[0].Value(0x04000562))
		before := items[0].Items(0x04000550)
		require.Len(t, before, 1)
		assert.Equal(t, "IPP-0001", before[0].Value(dicomweb.TagPatientID))
		assert.Equal(t, "ACC-0001", before[0].Value(dicomweb.TagAccessionNumber))
		assert.Equal(t, "FICTIVE-DURAND^CAMILLE", before[0].Value(dicomweb.TagPatientName))
		assert.Equal(t, "19850314", before[0].Value(dicomweb.TagPatientBirthDate))
	}
}

func metadata(t testing.TB, c *dicomweb.Client, study string) *dicomweb.Dataset {
	t.Helper()
	for ds, err := range c.Metadata(t.Context(), dicomweb.Ref{Study: study}) {
		require.NoError(t, err)
		return ds
	}
	t.Fatal("no instance")
	return nil
}

// Other identities of other images: what they bear already is not repeated, and
// what the local site does not know stays.
func TestExportIdentities(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 43, 1, 4)
	ins := insOf(t)
	item := func(id string, authority segur.OID) *dicomweb.Dataset {
		return dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, id),
			dicomweb.Sequence(0x00100024, dicomweb.NewDataset(dicomweb.Element{Tag: 0x00400032, VR: dicomweb.UT, Values: []string{string(authority)}},
				dicomweb.Element{Tag: 0x00400033, VR: dicomweb.CS, Values: []string{"ISO"}})))
	}
	put := func(n int, changes ...dicomweb.Change) {
		i := s.study.Instances[n]
		s.box.Substitute(i.Ref.Instance, alter(t, i.File, changes...))
	}
	put(0, dicomweb.AppendItem(0x00101002, item(ins.Matricule(), ins.Authority())))
	put(1, dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, ins.Matricule())), dicomweb.Put(dicomweb.Sequence(0x00100024, item("", ins.Authority()).Items(0x00100024)[0])))
	put(2, dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "")), dicomweb.Put(dicomweb.Text(dicomweb.TagIssuerOfPatientID, "SITE-A")))
	put(3, dicomweb.Remove(dicomweb.TagIssuerOfPatientID))
	b := newBench(t, pki, nil, s)
	srv, pacs := localPACS(t)
	local := drim.LocalIdentity{INS: ins, PatientID: "B-777", Issuer: "SITE-B", KeepAccession: true}
	report, err := b.Export(t.Context(), drim.ExportRequest{Exams: b.open(t), Local: local, PACS: pacs})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	var got [][]string
	for _, i := range s.study.Instances {
		file, _ := srv.File(i.Ref.Instance)
		head, err := dicomweb.ReadHead(bytes.NewReader(file))
		require.NoError(t, err)
		var ids []string
		for _, id := range head.PatientIDs {
			ids = append(ids, strings.Replace(id.Extension, ins.Matricule(), "INS", 1)+"/"+id.Assigner+"/"+string(id.Root))
		}
		got = append(got, ids)
		assert.Equal(t, "ACC-0001", head.AccessionNumber)
		assert.NotEmpty(t, head.PatientName, "not given: it stays")
	}
	insItem := "INS/ASIP-SANTE-INS-NIR/" + string(ins.Authority())
	assert.Equal(t, [][]string{
		{"B-777/SITE-B/", "INS//" + string(ins.Authority()), "IPP-0001/CENTRE D'IMAGERIE FICTIF/"},
		{"B-777/SITE-B/", insItem},
		{"B-777/SITE-B/", insItem},
		{"B-777/SITE-B/", insItem, "IPP-0001/1990000019/"}, // whose number it is, the manifest tells
	}, got)
}

// A name that the images cannot hold.
func TestExportName(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := &site{box: drimtest.NewServer(drimtest.WithPKI(pki))}
	t.Cleanup(s.box.Close)
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: 2, Latin1: true})
	require.NoError(t, err)
	s.study = study
	s.share(t, filesOf(study), nil)
	b := newBench(t, pki, nil, s)
	for _, c := range []struct {
		name string
		fold bool
		want string // empty: not exported
	}{{"FICTIVE-DURAND^ZOÉ", false, "FICTIVE-DURAND^ZOÉ"}, {"FICTIVE-DURAND^ŒDIPE", false, ""}, {"FICTIVE-DURAND^ŒDIPE", true, "FICTIVE-DURAND^OEDIPE"}} {
		srv, pacs := localPACS(t)
		local := localIdentity(t)
		local.Name, local.FoldName = c.name, c.fold
		report, err := b.Export(t.Context(), drim.ExportRequest{Exams: b.open(t), Local: local, PACS: pacs})
		if c.want == "" {
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Equal(t, 2, report.Retrieved.Count(drim.ImageNotTaken))
			assert.Zero(t, srv.Len())
			assert.NotContains(t, err.Error(), "DIPE")
			continue
		}
		require.NoError(t, err)
		file, _ := srv.File(study.Instances[0].Ref.Instance)
		head, err := dicomweb.ReadHead(bytes.NewReader(file))
		require.NoError(t, err)
		assert.Equal(t, c.want, head.PatientName)
	}
}

func TestExportRefuses(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 44, 1, 1)
	b := newBench(t, pki, nil, s)
	srv, pacs := localPACS(t)
	opened := b.open(t)
	other, err := segur.ParseINS("2850369123457"+segur.MatriculeKey("2850369123457"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*drim.ExportRequest)
		kind   error
	}{
		"another patient":    {func(r *drim.ExportRequest) { r.Local.INS = other }, segur.ErrRefused},
		"another birth date": {func(r *drim.ExportRequest) { r.Local.BirthDate = segur.NewDate(1985, time.March, 15) }, segur.ErrRefused},
		"nobody":             {func(r *drim.ExportRequest) { r.Local = drim.LocalIdentity{} }, segur.ErrInvalidInput},
		"number of nobody":   {func(r *drim.ExportRequest) { r.Local.Issuer, r.Local.IssuerOID = "", "" }, segur.ErrInvalidInput},
		"no archive":         {func(r *drim.ExportRequest) { r.PACS = nil }, segur.ErrInvalidInput},
		"no exam":            {func(r *drim.ExportRequest) { r.Exams = nil }, segur.ErrInvalidInput},
	} {
		req := drim.ExportRequest{Exams: opened, Local: localIdentity(t), PACS: pacs}
		c.change(&req)
		report, err := b.Export(t.Context(), req)
		require.ErrorIs(t, err, c.kind, name)
		assert.Nil(t, report, name)
	}
	assert.Zero(t, b.tokens.count())
	assert.Zero(t, srv.Len())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, localIdentity(t)), "B-777")
	}
}

// Nothing that did not come whole reaches the archive, and with WholeOnly nothing
// of an exam of which a part is missing.
func TestExportIncomplete(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 45, 1, 3)
	s.box.Substitute(s.study.Instances[1].Ref.Instance, s.study.Instances[1].File[:900])
	b := newBench(t, pki, nil, s)
	for _, whole := range []bool{false, true} {
		srv, pacs := localPACS(t)
		report, err := b.Export(t.Context(), drim.ExportRequest{Exams: b.open(t), Local: localIdentity(t), PACS: pacs, WholeOnly: whole})
		require.ErrorIs(t, err, segur.ErrPartial)
		assert.False(t, report.Complete())
		if whole {
			assert.Zero(t, srv.Len())
			assert.Empty(t, report.Stored)
		} else {
			assert.Equal(t, 2, srv.Len())
			assert.Equal(t, 2, report.Held())
		}
		_, there := srv.File(s.study.Instances[1].Ref.Instance)
		assert.False(t, there)
		emptyDir(t, b.cfg.SpoolDir)
	}
}

func TestExportArchiveFails(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 46, 1, 4)
	b := newBench(t, pki, nil, s)
	opened := b.open(t)

	srv, pacs := localPACS(t)
	srv.Refuse(s.study.Instances[2].Ref.Instance, 0xA700)
	report, err := b.Export(t.Context(), drim.ExportRequest{Exams: opened, Local: localIdentity(t), PACS: pacs})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.True(t, report.Retrieved.Complete())
	assert.False(t, report.Complete())
	assert.Equal(t, 3, report.Held())
	emptyDir(t, b.cfg.SpoolDir)

	for _, whole := range []bool{false, true} {
		srv, pacs = localPACS(t)
		srv.Close()
		testkit.Refused(t, srv.URL)
		report, err = b.Export(t.Context(), drim.ExportRequest{Exams: opened, Local: localIdentity(t), PACS: pacs, WholeOnly: whole, Store: dicomweb.StoreOptions{BatchInstances: 1}})
		require.ErrorIs(t, err, segur.ErrUnavailable)
		assert.False(t, report.Complete())
		assert.Zero(t, report.Held())
		emptyDir(t, b.cfg.SpoolDir)
	}

	// An archive that stops in the middle, and a caller who leaves.
	ctx, cancel := context.WithCancel(t.Context())
	report, err = b.Export(ctx, drim.ExportRequest{Exams: opened, Local: localIdentity(t), PACS: stopping{cancel}})
	require.Error(t, err)
	assert.False(t, report.Complete())
	emptyDir(t, b.cfg.SpoolDir)
}

// stopping is an archive that takes one image and leads the caller to leave.
type stopping struct{ leave func() }

func (s stopping) StoreAll(_ context.Context, contents iter.Seq[segur.Content], _ dicomweb.StoreOptions) iter.Seq2[dicomweb.InstanceResult, error] {
	return func(yield func(dicomweb.InstanceResult, error) bool) {
		for c := range contents {
			r, err := c.Open()
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				_ = r.Close()
			}
			if err != nil || !yield(dicomweb.InstanceResult{Outcome: dicomweb.Stored}, nil) {
				return
			}
			break
		}
		s.leave()
		yield(dicomweb.InstanceResult{}, &segur.Error{Op: "test", Kind: segur.KindCanceled})
	}
}
