package drim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// Everybody here is fictional; see package dmptest.

const (
	accession = "ACC-2026-0042"
	studyA    = "1.2.250.1.999.4.1001"
	studyB    = "1.2.250.1.999.4.1002"
)

var (
	examAt  = time.Date(2026, 1, 20, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	yes     = drim.Flags{ToDMP: drim.Yes}
	ipp     = segur.Identifier{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}
	reports = sync.OnceValue(func() *cda.Writer {
		w, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.5"})
		if err != nil {
			panic(err)
		}
		return w
	})
	reportPDF = sync.OnceValue(func() []byte {
		b, err := pdfa.Build(pdfa.Report{ID: "1.2.250.1.999.7.1", Created: examAt, Title: "Compte rendu de scanner",
			Sections: []pdfa.Section{{Heading: "Conclusion", Paragraphs: []string{"Examen sans particularité."}}}})
		if err != nil {
			panic(err)
		}
		return b
	})
)

// version is one version of a report.
type version struct {
	cda    []byte
	header segur.DocumentHeader
}

// write makes a version of a report; of the default patient and of studyA.
func write(tb testing.TB, change ...func(*cda.Report)) version {
	tb.Helper()
	r := cda.Report{
		Patient:            dmptest.Patient(),
		Authors:            []cda.Author{{Professional: dmptest.Radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: dmptest.Radiologist()},
		Orders:             []cda.Order{{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: accession}}},
		Acts:               []cda.Act{act(studyA)},
		PracticeSetting:    segur.Code{Code: "AMBULATOIRE"},
		PDF:                segur.BytesContent(reportPDF()),
	}
	for _, f := range change {
		f(&r)
	}
	d, err := reports().Level1(r)
	require.NoError(tb, err)
	var buffer bytes.Buffer
	_, err = d.WriteTo(&buffer)
	require.NoError(tb, err)
	return version{buffer.Bytes(), d.Header()}
}

func act(study string) cda.Act {
	return cda.Act{StudyUID: segur.OID(study), Code: segur.Code{Code: "26257-6", Display: "RM genou - gauche"},
		Modalities: []segur.Code{{Code: "MR"}}, Start: examAt, End: examAt.Add(25 * time.Minute)}
}

// correcting makes the version that replaces v.
func correcting(v version) func(*cda.Report) {
	return func(r *cda.Report) { *r = r.Replacing(v.header) }
}

func about(studies ...string) func(*cda.Report) {
	return func(r *cda.Report) {
		r.Acts = nil
		for _, s := range studies {
			r.Acts = append(r.Acts, act(s))
		}
	}
}

// message is the message of a version, sent so many minutes after the exam.
func message(v version, action drim.Action, minutes int, f drim.Flags) *drim.ReportMessage {
	p := dmptest.Patient()
	return &drim.ReportMessage{
		MessageHeader: drim.MessageHeader{Type: "ORU^R01^ORU_R01", Event: "R01", Sent: segur.At(examAt.Add(time.Duration(minutes) * time.Minute))},
		Action:        action, CDA: v.cda, Flags: f, Patient: p,
		PatientIDs: []segur.Identifier{{Root: p.INS.Authority(), Extension: p.INS.Matricule()}, ipp},
		Sender:     drim.Sender{Professional: dmptest.Radiologist(), Structure: dmptest.Structure()},
	}
}

// pacs is an image archive in memory.
type pacs struct {
	mu      sync.Mutex
	studies map[string][]image
	down    error
	asked   int
	before  func(step string)
}

type image struct {
	uid, patient, accession string
	name                    string
	number                  int
}

func images(study string, n int) []image {
	var out []image
	for i := range n {
		out = append(out, image{uid: fmt.Sprintf("%s.1.%d", study, i+1), patient: ipp.Extension, accession: accession, number: i + 1})
	}
	return out
}

func newPACS(studies ...string) *pacs {
	p := &pacs{studies: map[string][]image{}}
	for _, s := range studies {
		p.studies[s] = images(s, 3)
	}
	return p
}

func (p *pacs) set(study string, i []image) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.studies[study] = i
}

func (p *pacs) get(study string) ([]image, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return slices.Clone(p.studies[study]), p.down
}

func (p *pacs) SearchStudies(_ context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.Study, error] {
	return func(yield func(*dicomweb.Study, error) bool) {
		if p.before != nil {
			p.before("pacs")
		}
		all, err := p.get(q.Study)
		if err != nil {
			yield(nil, err)
			return
		}
		if len(all) > 0 {
			yield(&dicomweb.Study{UID: q.Study, Attributes: dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, q.Study),
				dicomweb.Text(dicomweb.TagStudyDate, "20260120"), dicomweb.Text(dicomweb.TagStudyTime, "093000"), dicomweb.Text(dicomweb.TagStudyDescription, "IRM du genou"))}, nil)
		}
	}
}

func (p *pacs) SearchSeries(_ context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.Series, error] {
	return func(yield func(*dicomweb.Series, error) bool) {
		yield(&dicomweb.Series{Attributes: dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, q.Study),
			dicomweb.Text(dicomweb.TagSeriesInstanceUID, q.Study+".1"), dicomweb.Text(dicomweb.TagModality, "MR"), dicomweb.Text(dicomweb.TagSeriesNumber, "1"))}, nil)
	}
}

func (p *pacs) SearchInstances(_ context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.InstanceRow, error] {
	return func(yield func(*dicomweb.InstanceRow, error) bool) {
		all, err := p.get(q.Study)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, i := range all {
			row := &dicomweb.InstanceRow{StudyUID: q.Study, SeriesUID: q.Study + ".1", UID: i.uid, SOPClass: "1.2.840.10008.5.1.4.1.1.4",
				Attributes: dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, i.patient), dicomweb.Text(dicomweb.TagPatientName, i.name), dicomweb.Text(dicomweb.TagAccessionNumber, i.accession),
					dicomweb.Text(dicomweb.TagInstanceNumber, fmt.Sprint(i.number)))}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// origin is a source with what it talks to.
type origin struct {
	*drim.Source
	pacs    *pacs
	record  *record
	archive drim.Archive
	now     time.Time
	cfg     drim.SourceConfig
}

func (s *origin) clock() time.Time { return s.now }

func newOrigin(tb testing.TB, change ...func(*drim.SourceConfig)) *origin {
	tb.Helper()
	a, err := drim.OpenArchive(tb.TempDir())
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = a.Close() })
	s := &origin{pacs: newPACS(studyA, studyB), record: newRecord(), archive: a, now: examAt.Add(24 * time.Hour)}
	s.cfg = sourceConfig(s)
	for _, f := range change {
		f(&s.cfg)
	}
	s.start(tb)
	return s
}

func sourceConfig(s *origin) drim.SourceConfig {
	return drim.SourceConfig{Environment: segur.Fake, PACS: s.pacs, Records: s.record.opened, ReadReport: cda.ReadHeader, Archive: s.archive,
		RetrieveBase: "https://db.site-a.example/rs", Manufacturer: "SEGUR TEST", UIDRoot: "1.2.250.1.999.6", Clock: s.clock}
}

// start starts the source anew on what it left.
func (s *origin) start(tb testing.TB) {
	tb.Helper()
	var err error
	s.Source, err = drim.NewSource(s.cfg)
	require.NoError(tb, err)
}

// receive takes a message about studyA, and tells where that stands.
func (s *origin) receive(tb testing.TB, m *drim.ReportMessage) drim.StudyOutcome {
	tb.Helper()
	o, err := s.Receive(context.Background(), m)
	require.NoError(tb, err)
	return of(tb, o, studyA)
}

func of(tb testing.TB, o *drim.Outcome, study string) drim.StudyOutcome {
	tb.Helper()
	for _, s := range o.Studies {
		if s.StudyUID == study {
			return s
		}
	}
	require.Fail(tb, "no outcome of the study")
	return drim.StudyOutcome{}
}

// later resumes after so long.
func (s *origin) later(tb testing.TB, d time.Duration) *drim.Outcome {
	tb.Helper()
	s.now = s.now.Add(d)
	o, err := s.Resume(context.Background())
	require.NoError(tb, err)
	return o
}

func (s *origin) stored(tb testing.TB, study string) *drim.ArchivedStudy {
	tb.Helper()
	a, err := s.archive.Load(context.Background(), study)
	require.NoError(tb, err)
	return a
}

func instanceUIDs(m *kos.Manifest) []string {
	var out []string
	for ref := range m.All() {
		out = append(out, strings.TrimPrefix(ref.Instance, m.Study.UID))
	}
	return out
}

func codeOf(err error) string {
	var e *segur.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// fmtAll is what any verb prints.
func fmtAll(v any) string { return fmt.Sprintf("%v %+v %#v %s", v, v, v, v) }

// exampleReport is a report of a sample study.
func exampleReport(study *dicomwebtest.Study) (file []byte, id segur.OID) {
	d, err := reports().Level1(cda.Report{
		Patient: dmptest.Patient(), Authors: []cda.Author{{Professional: dmptest.Radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: dmptest.Radiologist()},
		Orders:             []cda.Order{{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: study.AccessionNumber}}},
		Acts: []cda.Act{{StudyUID: segur.OID(study.UID), Code: segur.Code{Code: "24627-2", Display: "TDM thorax"},
			Modalities: []segur.Code{{Code: "CT"}}, Start: examAt, End: examAt.Add(10 * time.Minute)}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"}, PDF: segur.BytesContent(reportPDF()),
	})
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if _, err := d.WriteTo(&b); err != nil {
		panic(err)
	}
	return b.Bytes(), d.ID()
}
