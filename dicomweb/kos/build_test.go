package kos_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

func TestBuild(t *testing.T) {
	t.Parallel()
	m := build(t, nil)
	assert.Equal(t, testRoot+".8.1", m.UID)
	assert.Equal(t, testRoot+".8.2", m.SeriesUID)
	assert.Equal(t, 59, m.SeriesNumber)
	assert.Equal(t, 1, m.Number)
	assert.Equal(t, "2026-01-05T12:20:30+01:00", m.Created.Time.Format(time.RFC3339), "legal time in France")
	assert.Equal(t, kos.Institution{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF"}, m.Institution)
	assert.Equal(t, matricule(), m.INS.Matricule())
	assert.Equal(t, report().Patient, m.Patient)
	assert.Equal(t, report().Orders, m.Orders)
	assert.Equal(t, "TDM abdomen et pelvis sans et avec contraste IV", m.Act)
	assert.Equal(t, kos.Archive{PatientID: "IPP-0001", Issuer: "CENTRE FICTIF", Accessions: []string{"ACN1"}, BirthDate: segur.NewDate(1985, 3, 14)}, m.Archive)
	require.Len(t, m.Series, 2)
	assert.Equal(t, "https://db.source.example/drim/rs/studies/"+study+"/series/"+study+".1", m.Series[0].RetrieveURL)
	assert.Equal(t, "https://db.source.example/drim/rs", m.Series[0].Base())
	assert.Equal(t, "segment abdominopelvien du tronc", m.Series[0].Region)
	assert.Equal(t, 5, m.Len())
	assert.Equal(t, []string{"CT"}, m.Modalities())
	assert.Empty(t, m.Warnings)
	assert.Same(t, &m.Series[1], m.SeriesByUID(study+".2"))
	assert.Nil(t, m.SeriesByUID("1.2"))
	assert.NotContains(t, fmt.Sprintf("%v %+v %s", m, *m, m), "FICTIVE")
}

func TestBuildDoesNotDependOnTheOrderOfRows(t *testing.T) {
	t.Parallel()
	other := func(rows []kos.Row) { // rows that do not agree about their series and study
		rows[0].SeriesDescription, rows[0].SeriesNumber, rows[0].Study.Description, rows[1].BodyPart = "Autre", 8, "Autre", "HEAD"
	}
	want := encode(t, build(t, func(_ *kos.Context, rows *[]kos.Row) { other(*rows) }))
	r := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		got := build(t, func(_ *kos.Context, rows *[]kos.Row) {
			other(*rows)
			r.Shuffle(len(*rows), func(i, j int) { (*rows)[i], (*rows)[j] = (*rows)[j], (*rows)[i] })
		})
		assert.Equal(t, want, encode(t, got))
	}
}

// TestBuildRefuses: one row for each refusal, with all its details.
func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	type change = func(*kos.Context, *[]kos.Row)
	row := func(f func([]kos.Row)) change { return func(_ *kos.Context, r *[]kos.Row) { f(*r) } }
	ctx := func(f func(*kos.Context)) change { return func(c *kos.Context, _ *[]kos.Row) { f(c) } }
	for name, tc := range map[string]struct {
		change change
		want   []string
	}{
		"two studies":     {row(func(r []kos.Row) { r[3].Study.UID = study + "9" }), []string{"kos-several-studies rows[3].study.uid"}},
		"no instance UID": {row(func(r []kos.Row) { r[1].UID = "" }), []string{"kos-bad-uid rows[1].uid"}},
		"no class":        {row(func(r []kos.Row) { r[1].SOPClass = "" }), []string{"kos-bad-uid rows[1].sopClass"}},
		"bad UIDs": {row(func(r []kos.Row) { r[0].SeriesUID, r[4].UID, r[4].SOPClass = "1..2", "1.2.x", strings.Repeat("1", 65) }),
			[]string{"kos-bad-uid rows[0].seriesUID", "kos-bad-uid rows[4].sopClass", "kos-bad-uid rows[4].uid"}},
		"two patients": {row(func(r []kos.Row) { r[2].PatientID = "IPP-0002" }), []string{"kos-several-patients rows[2].patientID"}},
		"two issuers":  {row(func(r []kos.Row) { r[2].Issuer = "OTHER" }), []string{"kos-several-patients rows[2].issuer"}},
		"two birth dates": {row(func(r []kos.Row) { r[2].BirthDate = segur.NewDate(1985, 3, 15) }),
			[]string{"kos-several-patients rows[2].birthDate"}},
		"an instance twice": {row(func(r []kos.Row) { r[4].UID = r[0].UID }), []string{"kos-twice rows[4].uid"}},
		"empty study":       {func(_ *kos.Context, r *[]kos.Row) { *r = nil }, []string{"kos-empty-study rows"}},
		"another study": {func(c *kos.Context, _ *[]kos.Row) { c.Report.Services[0].StudyUID = study + ".9" },
			[]string{"kos-other-study report.services"}},
		"study of the context": {ctx(func(c *kos.Context) { c.Study.UID = study + ".9" }), []string{"kos-several-studies study.uid"}},
		"too many":             {ctx(func(c *kos.Context) { c.MaxInstances = 4 }), []string{"kos-too-large rows"}},
		"no INS":               {ctx(func(c *kos.Context) { c.Report.PatientIDs = c.Report.PatientIDs[1:] }), []string{"kos-no-ins report.patientIDs"}},
		"former INS":           {ctx(func(c *kos.Context) { c.Report.PatientIDs[0].Root = "1.2.250.1.213.1.4.2" }), []string{"kos-no-ins report.patientIDs"}},
		"wrong key": {ctx(func(c *kos.Context) { c.Report.PatientIDs[0].Extension = "285036912345600" }),
			[]string{"kos-bad-ins report.patientIDs[0].ins.matricule"}},
		"test authority in production": {ctx(func(c *kos.Context) { c.Environment = segur.Production }), []string{"kos-bad-ins report.patientIDs[0].root"}},
		"two INS": {ctx(func(c *kos.Context) {
			c.Report.PatientIDs = append(c.Report.PatientIDs, segur.Identifier{Root: segur.OIDINSNIR, Extension: matricule()})
		}), []string{"kos-several-patients report.patientIDs[2]"}},
		"a trait is missing": {ctx(func(c *kos.Context) { c.Report.Patient.FirstGivenName, c.Report.Patient.Sex = " ", segur.SexUnknown }),
			[]string{"kos-not-qualified report.patient.firstGivenName", "kos-not-qualified report.patient.sex"}},
		"not qualified": {ctx(func(c *kos.Context) { c.Patient = segur.Patient{Traits: c.Report.Patient} }), []string{"kos-not-qualified patient"}},
		"doubtful": {ctx(func(c *kos.Context) {
			ins, _ := segur.ParseINS(matricule(), segur.OIDINSNIRTest)
			c.Patient = segur.Patient{INS: ins, Status: segur.Qualified, Attributes: segur.Doubtful}
		}), []string{"kos-not-qualified patient"}},
		"qualified, another": {ctx(func(c *kos.Context) {
			ins, _ := segur.ParseINS(matricule(), segur.OIDINSNIR)
			c.Patient = segur.Patient{INS: ins, Status: segur.Qualified}
		}), []string{"kos-several-patients patient.ins"}},
		"settings": {ctx(func(c *kos.Context) {
			c.Environment, c.Manufacturer, c.RetrieveBase, c.RetrieveLocationUID = "", " ", "http://db.example/rs", "x"
			c.Encoding.TransferSyntax = "1.2.840.10008.1.2.4.50"
			c.Report.Orders[0].Placer.Root, c.Report.Orders[0].Accession.Root = "no", "neither"
		}), []string{"kos-field environment", "kos-field manufacturer", "kos-field retrieveBase", "kos-field retrieveLocationUID",
			"kos-field encoding.transferSyntax", "kos-field report.orders[0].placer.root", "kos-field report.orders[0].accession.root"}},
		"a local number only": {ctx(func(c *kos.Context) {
			c.Patient = segur.Patient{LocalIDs: []segur.Identifier{{Root: testRoot + ".1", Extension: "IPP-0001"}}}
		}), []string{"kos-not-qualified patient"}},
		"a structure of two components": {ctx(func(c *kos.Context) { c.Institution = kos.Institution{ID: "1990000019^1", Name: "CENTRE"} }),
			[]string{"kos-field institution.id"}},
		"a structure of two values": {ctx(func(c *kos.Context) { c.Institution = kos.Institution{ID: `1990\0019`, Name: "CENTRE"} }),
			[]string{"kos-field institution.id"}},
		"no structure": {ctx(func(c *kos.Context) { c.Report.Authors, c.Report.LegalAuthenticator = nil, segur.DocumentActor{} }),
			[]string{"kos-field institution.id", "kos-field institution.name"}},
		"everything together": {func(c *kos.Context, r *[]kos.Row) {
			c.Manufacturer, c.Report.PatientIDs = "", nil
			(*r)[0].UID, (*r)[1].PatientID = "", "A"
		}, []string{"kos-field manufacturer", "kos-no-ins report.patientIDs", "kos-bad-uid rows[0].uid", "kos-several-patients rows[2].patientID",
			"kos-several-patients rows[3].patientID", "kos-several-patients rows[4].patientID"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, r := newContext(), rows()
			tc.change(&c, &r)
			m, err := kos.Build(c, r)
			assert.Nil(t, m)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			var e *segur.Error
			require.True(t, errors.As(err, &e))
			assert.Equal(t, tc.want, lines(e.Details))
			assert.Equal(t, e.Details[0].Code, e.Code)
			assert.NotContains(t, err.Error(), "IPP-")
			assert.NotContains(t, err.Error(), matricule()[:10])
			assert.NotEqual(t, e.Explain(segur.FR), (&segur.Error{Kind: segur.KindInvalidInput}).Explain(segur.FR), "the code has its own help")
		})
	}
}

func TestBuildListsABoundedNumberOfFaults(t *testing.T) {
	t.Parallel()
	r := make([]kos.Row, 5000)
	_, err := kos.Build(newContext(), r)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Len(t, e.Details, 101)
	assert.Contains(t, e.Details[100].Message, "more")
}

func TestBuildTellsWhatItChanges(t *testing.T) {
	t.Parallel()
	m := build(t, func(c *kos.Context, r *[]kos.Row) {
		c.Report.Authors[0].Professional.Organization.Name = strings.Repeat("CENTRE ", 12)
		c.Report.Patient.BirthDate = segur.Date{Year: 1985}
		c.Report.Orders[0].Accession.Extension = "ACN-0123456789-0123456789"
		(*r)[0].Study.Description = "Tête\\cou\x07 " + strings.Repeat("x", 64)
		(*r)[0].SeriesDescription = "a\nb"
		c.Report.Patient.UsedName = "A^B"
	})
	assert.Equal(t, []string{"kos-cut institution.name", "kos-characters report.patient.usedName", "kos-birth-date report.patient.birthDate",
		"kos-characters study.description", "kos-cut study.description", "kos-long report.orders[0].accession.extension",
		"kos-characters series[0].description"}, lines(m.Warnings))
	for _, w := range m.Warnings {
		assert.Equal(t, "warning", w.Severity)
	}
	assert.Equal(t, "A B", m.Patient.UsedName)
	assert.Equal(t, "Tête/cou  ", m.Study.Description[:11])
	assert.Equal(t, "a b", m.Series[0].Description)
	d := read(t, encode(t, m))
	assert.Equal(t, "1990000019", d.Manifest.Institution.ID, "the identifier is never cut")
	v := d.Dataset.Value(dicomweb.Tag(0x00080080))
	assert.LessOrEqual(t, len(v), 64)
	assert.Equal(t, "ACN-0123456789-0123456789", d.Manifest.Orders[0].Accession.Extension, "nor is a number")
	assert.True(t, d.Manifest.Patient.BirthDate.IsZero())
}

// TestBuildSaysWhatIsRead: a manifest that is read again does not differ from the
// one that was built, or each change elsewhere would publish it once more.
func TestBuildSaysWhatIsRead(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*kos.Context, []kos.Row){
		"act with a colon": func(c *kos.Context, _ []kos.Row) { c.Act = "IRM : genou" },
		"region with a colon": func(c *kos.Context, _ []kos.Row) {
			c.Region = func(kos.Row, segur.DocumentHeader) string { return "tête: cou" }
		},
		"no list of names":  func(c *kos.Context, _ []kos.Row) { c.Report.Patient.GivenNames, c.Report.Patient.UsedName = "", "" },
		"blanks":            func(c *kos.Context, _ []kos.Row) { c.Institution = kos.Institution{ID: " 1990000019 ", Name: " A "} },
		"series with signs": func(_ *kos.Context, r []kos.Row) { r[0].SeriesDescription, r[1].SeriesDescription = ": a @ b : c ", "" },
	} {
		m := build(t, func(c *kos.Context, r *[]kos.Row) { change(c, *r) })
		d := read(t, encode(t, m))
		assert.Empty(t, d.Warnings, name)
		assert.Equal(t, kos.Difference{}, kos.Compare(d.Manifest, m), name)
	}
}

func TestBuildOfAReportOnSeveralStudiesAndOrders(t *testing.T) {
	t.Parallel()
	second := segur.DocumentOrder{Placer: segur.Identifier{Root: testRoot + ".6", Extension: "OPN2"}, Accession: segur.Identifier{Root: testRoot + ".5", Extension: "ACN2"}}
	one := build(t, func(c *kos.Context, _ *[]kos.Row) { c.Report.Orders = append(c.Report.Orders, second) })
	assert.Len(t, one.Orders, 2, "one study that answers two orders")
	d := read(t, encode(t, one))
	assert.Equal(t, one.Orders, d.Manifest.Orders)
	assert.Empty(t, d.Warnings)

	several := build(t, func(c *kos.Context, r *[]kos.Row) {
		c.Report.Orders = append(c.Report.Orders, second)
		other := c.Report.Services[0]
		other.StudyUID, other.Code.Display = study+".99", "Autre acte"
		c.Report.Services = append([]segur.DocumentService{other}, c.Report.Services...)
		for i := range *r {
			(*r)[i].Accession = "ACN2"
		}
	})
	assert.Equal(t, []segur.DocumentOrder{second}, several.Orders, "that of the images")
	assert.Equal(t, "TDM abdomen et pelvis sans et avec contraste IV", several.Act)

	none := build(t, func(c *kos.Context, _ *[]kos.Row) { c.Report.Orders = nil })
	assert.Equal(t, []string{kos.WarnOrder}, codes(none.Warnings))
	assert.Equal(t, []string{kos.WarnRequest}, codes(read(t, encode(t, none)).Warnings))
}

func TestBuildCompletesTheStudy(t *testing.T) {
	t.Parallel()
	m := build(t, func(c *kos.Context, r *[]kos.Row) {
		for i := range *r {
			(*r)[i].Study = kos.Study{UID: study}
			(*r)[i].SeriesNumber, (*r)[i].Number = 0, 0
		}
		(*r)[3].SeriesNumber = 2
		c.Study = kos.Study{UID: study, ID: "S9", Description: "Scanner", Time: "10", Date: segur.NewDate(2026, 1, 4), ReferringPhysician: "X^Y"}
		c.Institution, c.Act = kos.Institution{ID: "1990000027", Name: "AUTRE"}, "Acte local"
		c.RetrieveLocationUID = testRoot + ".9"
	})
	assert.Equal(t, kos.Study{UID: study, ID: "S9", Description: "Scanner", Time: "10", Date: segur.NewDate(2026, 1, 4), ReferringPhysician: "X^Y"}, m.Study)
	assert.Equal(t, "AUTRE", m.Institution.Name)
	assert.Equal(t, "Acte local", m.Act)
	assert.Equal(t, 2, m.Series[1].Number)
	assert.Equal(t, testRoot+".9", m.Series[0].RetrieveLocationUID)
}

func TestNext(t *testing.T) {
	t.Parallel()
	first := build(t, nil)
	c, r := newContext(), rows()
	c.IDs, c.Clock = &counted{n: 9}, at("2026-07-06 08:00:00 +0000")
	own := r[0] // the archive holds the first version too
	own.SeriesUID, own.UID, own.SOPClass, own.Modality = first.SeriesUID, first.UID, kos.SOPClass, "KO"
	second, err := first.Next(c, append(r[1:], own))
	require.NoError(t, err)
	assert.Equal(t, testRoot+".8.10", second.UID)
	assert.Equal(t, first.SeriesUID, second.SeriesUID)
	assert.Equal(t, 2, second.Number)
	assert.Equal(t, "2026-07-06T10:00:00+02:00", second.Created.Time.Format(time.RFC3339), "summer time")
	assert.Equal(t, 4, second.Len())
	assert.Equal(t, []string{kos.WarnNotShared}, codes(second.Warnings))
	assert.Equal(t, kos.Difference{Removed: []dicomweb.Ref{{Study: study, Series: study + ".1", Instance: study + ".1.1"}}}, kos.Compare(first, second))

	read := read(t, encode(t, second)).Manifest
	c.IDs = &counted{n: 10}
	third, err := read.Next(c, rows())
	require.NoError(t, err)
	assert.Equal(t, 3, third.Number, "of a manifest that was read")
	assert.NotEqual(t, second.UID, third.UID)

	refused := func(change func(*kos.Context, []kos.Row)) []string {
		c, r := newContext(), rows()
		change(&c, r)
		_, err := first.Next(c, r)
		var e *segur.Error
		require.True(t, errors.As(err, &e))
		return lines(e.Details)
	}
	assert.Equal(t, []string{"kos-several-patients previous.ins"}, refused(func(c *kos.Context, _ []kos.Row) { c.Report.PatientIDs[0].Root = segur.OIDINSNIRDemo }))
	assert.Equal(t, []string{"kos-other-study previous.study.uid"}, refused(func(c *kos.Context, r []kos.Row) {
		for i := range r {
			r[i].Study.UID = study + ".5"
		}
		c.Report.Services[0].StudyUID = study + ".5"
	}))
	_, err = (&kos.Manifest{}).Next(newContext(), rows())
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = first.Next(newContext(), nil)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, kos.CodeEmptyStudy, e.Code, "the source withdraws the manifest then")
}

func TestNewUIDs(t *testing.T) {
	t.Parallel()
	m := build(t, func(c *kos.Context, _ *[]kos.Row) { c.IDs, c.UIDRoot, c.Clock = nil, "", nil })
	assert.True(t, strings.HasPrefix(m.UID, "2.25."), m.UID)
	assert.NotEqual(t, m.UID, m.SeriesUID)
	assert.True(t, dicomweb.ValidUID(m.UID))
	c := newContext()
	c.IDs, c.UIDRoot = nil, "1.x"
	_, err := kos.Build(c, rows())
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
}

func TestKeyImages(t *testing.T) {
	t.Parallel()
	r := rows()
	note, err := kos.NewNote(kos.NoteContext{Manufacturer: "PACS FICTIF", IDs: &counted{n: 50}, UIDRoot: testRoot + ".8", Clock: at("2026-01-05 10:00:00 +0000"),
		Description: "Lésion du segment IV"}, kos.TitleOfInterest, r[3:4])
	require.NoError(t, err)
	b, err := note.Encode()
	require.NoError(t, err)
	ko := kos.Row{Study: r[0].Study, PatientID: "IPP-0001", Accession: "ACN1", SeriesUID: note.SeriesUID, SeriesNumber: 9, Modality: "KO", SOPClass: kos.SOPClass,
		UID: note.UID, Number: 1, Document: read(t, b)}
	m := build(t, func(_ *kos.Context, rows *[]kos.Row) { *rows = append(*rows, ko) })
	assert.Empty(t, m.Warnings)
	require.Len(t, m.Series, 3)
	assert.Equal(t, []string{"CT", "KO"}, m.Modalities())
	assert.False(t, kos.Acquisition("KO"))
	assert.True(t, kos.Acquisition("CT"))
	want := []kos.Key{{Note: note.UID, Series: note.SeriesUID, Title: kos.Title(kos.TitleOfInterest),
		Text: "Definition of key instance " + r[3].UID + " associated with series " + r[3].SeriesUID}}
	assert.Equal(t, want, m.Series[1].Instances[1].Keys)
	assert.Empty(t, m.Series[1].Instances[0].Keys)
	d := read(t, encode(t, m))
	assert.Empty(t, d.Warnings)
	assert.Equal(t, want, d.Manifest.Series[1].Instances[1].Keys)
	types := map[string]string{}
	for _, c := range d.Dataset.Items(dicomweb.Tag(0x0040A730)) {
		if refs := c.Items(dicomweb.TagReferencedSOPSequence); refs != nil {
			types[refs[0].Value(dicomweb.TagReferencedSOPInstance)] = c.Value(dicomweb.Tag(0x0040A040))
		}
	}
	assert.Equal(t, "COMPOSITE", types[note.UID])
	assert.Equal(t, "IMAGE", types[r[0].UID])

	// Given by the context, and about an image that is gone.
	gone := build(t, func(c *kos.Context, rows *[]kos.Row) {
		ko := ko
		ko.Document = nil
		c.Notes = []*kos.Note{note, nil, note}
		*rows = append(slices.Delete(*rows, 3, 4), ko)
	})
	assert.Equal(t, []string{kos.WarnKey}, codes(gone.Warnings))
	// The note itself is not in the study.
	absent := build(t, func(c *kos.Context, _ *[]kos.Row) { c.Notes = []*kos.Note{note} })
	assert.Equal(t, []string{kos.WarnKey}, codes(absent.Warnings))
	assert.Empty(t, absent.Series[1].Instances[1].Keys)
}

func TestSelfPublishedDocumentsAreNotShared(t *testing.T) {
	t.Parallel()
	published := encode(t, build(t, nil))
	r := rows()
	m := build(t, func(_ *kos.Context, rows *[]kos.Row) {
		*rows = append(*rows, kos.Row{Study: r[0].Study, SeriesUID: testRoot + ".8.2", SOPClass: kos.SOPClass, UID: testRoot + ".8.1", Document: read(t, published),
			PatientID: matricule(), Issuer: "ASIP-SANTE-INS-NIR"})
	})
	assert.Equal(t, 5, m.Len())
	assert.Equal(t, []string{kos.WarnNotShared}, codes(m.Warnings))
}
