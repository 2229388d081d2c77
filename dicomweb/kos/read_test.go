package kos_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

func TestReadWhatIsBuilt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*kos.Context, *[]kos.Row){
		"plain":    nil,
		"implicit": func(c *kos.Context, _ *[]kos.Row) { c.Encoding.TransferSyntax = dicomweb.ImplicitVRLittleEndian },
		"UTF-8": func(c *kos.Context, r *[]kos.Row) {
			(*r)[0].SeriesDescription, c.Report.Patient.UsedName = "Cœur – coupes", "ŒUVRARD’"
		},
		"text first":           func(c *kos.Context, _ *[]kos.Row) { c.Encoding.TextItemFirst = true },
		"no used name":         func(c *kos.Context, _ *[]kos.Row) { c.Report.Patient.UsedName, c.Report.Patient.UsedGivenName = "", "" },
		"no list":              func(c *kos.Context, _ *[]kos.Row) { c.Report.Patient.GivenNames = "" },
		"used given name only": func(c *kos.Context, _ *[]kos.Row) { c.Report.Patient.UsedName = "" },
		"NIA":                  func(c *kos.Context, _ *[]kos.Row) { c.Report.PatientIDs[0].Root = segur.OIDINSNIA },
		"frames and location": func(c *kos.Context, r *[]kos.Row) {
			(*r)[0].Frames, c.RetrieveLocationUID = 200, testRoot+".9"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := build(t, change)
			d := read(t, encode(t, m))
			assert.Empty(t, d.Warnings)
			assert.Equal(t, kos.KindManifest, d.Kind)
			assert.Nil(t, d.Note)
			assert.Empty(t, d.More)
			assert.True(t, kos.Compare(m, d.Manifest).IsZero(), "%+v", kos.Compare(m, d.Manifest))
			assert.Equal(t, m.UID, d.Manifest.UID)
			assert.Equal(t, m.Number, d.Manifest.Number)
			assert.Equal(t, m.SeriesNumber, d.Manifest.SeriesNumber)
			assert.True(t, m.Created.Time.Equal(d.Manifest.Created.Time))
			assert.Equal(t, m.Text().String(), d.Text)
			want := dicomweb.ExplicitVRLittleEndian
			if name == "implicit" {
				want = dicomweb.ImplicitVRLittleEndian
			}
			assert.Equal(t, want, d.TransferSyntax)
			charset := "ISO_IR 100"
			if name == "UTF-8" {
				charset = "ISO_IR 192"
			}
			assert.Equal(t, charset, d.Dataset.Value(dicomweb.TagSpecificCharacterSet))
			assert.Contains(t, fmt.Sprintf("%v", d), "redacted")
		})
	}
}

// tags of the mutations below.
const (
	tagInstitution = dicomweb.Tag(0x00080080)
	tagZone        = dicomweb.Tag(0x00080201)
	tagSteps       = dicomweb.Tag(0x00081111)
	tagSeriesTime  = dicomweb.Tag(0x00080031)
	tagSeries      = dicomweb.Tag(0x00081115)
	tagQualifiers  = dicomweb.Tag(0x00100024)
	tagOtherNames  = dicomweb.Tag(0x00101001)
	tagOtherIDs    = dicomweb.Tag(0x00101002)
	tagEntity      = dicomweb.Tag(0x00400032)
	tagValueType   = dicomweb.Tag(0x0040A040)
	tagTitle       = dicomweb.Tag(0x0040A043)
	tagText        = dicomweb.Tag(0x0040A160)
	tagRequest     = dicomweb.Tag(0x0040A370)
	tagEvidence    = dicomweb.Tag(0x0040A375)
	tagContent     = dicomweb.Tag(0x0040A730)
	tagCode        = dicomweb.Tag(0x00080100)
	tagMeaning     = dicomweb.Tag(0x00080104)
)

// without gives a copy of a data set without some attributes.
func without(d *dicomweb.Dataset, tags ...dicomweb.Tag) *dicomweb.Dataset {
	out := &dicomweb.Dataset{}
next:
	for e := range d.All() {
		for _, t := range tags {
			if e.Tag == t {
				continue next
			}
		}
		out.Set(e)
	}
	return out
}

func dataset(t testing.TB) *dicomweb.Dataset {
	t.Helper()
	d, err := build(t, nil).Dataset()
	require.NoError(t, err)
	return d
}

func evidence(d *dicomweb.Dataset) *dicomweb.Dataset    { return d.Items(tagEvidence)[0] }
func firstSeries(d *dicomweb.Dataset) *dicomweb.Dataset { return evidence(d).Items(tagSeries)[0] }

// TestReadTolerates: one row for each oddity of the samples, of the prototype and
// of other producers.
func TestReadTolerates(t *testing.T) {
	t.Parallel()
	text := func(d *dicomweb.Dataset, s string) {
		items := d.Items(tagContent)
		items[len(items)-1].Set(dicomweb.Text(tagText, s))
	}
	ref := func(uid string) *dicomweb.Dataset {
		return dicomweb.NewDataset(dicomweb.Text(dicomweb.TagReferencedSOPClass, ctClass), dicomweb.Text(dicomweb.TagReferencedSOPInstance, uid))
	}
	for name, tc := range map[string]struct {
		change func(*dicomweb.Dataset) *dicomweb.Dataset
		want   []string // "code field"
		check  func(*testing.T, *kos.Document)
	}{
		"scheme in the place of the code": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			i := d.Items(tagTitle)[0]
			i.Set(dicomweb.Text(tagCode, "DCM"))
			i.Set(dicomweb.Text(tagMeaning, "MANIFEST"))
			return d
		}, []string{"kos-title (0040,A043)"}, nil},
		"title in upper case": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagTitle)[0].Set(dicomweb.Text(tagMeaning, "MANIFEST"))
			return d
		}, nil, nil},
		"root of value type TEXT": {func(d *dicomweb.Dataset) *dicomweb.Dataset { d.Set(dicomweb.Text(tagValueType, "TEXT")); return d },
			[]string{"kos-value-type (0040,A040)"}, nil},
		"performed steps": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Sequence(tagSteps, ref("1.2.3")))
			return d
		},
			[]string{"kos-procedure-step (0008,1111)"}, nil},
		"issuer absent in OtherPatientIDs": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Sequence(tagOtherIDs, without(d.Items(tagOtherIDs)[0], dicomweb.TagIssuerOfPatientID, tagQualifiers)))
			return d
		}, []string{"kos-issuer patient.otherIDs"}, func(t *testing.T, d *kos.Document) { assert.Empty(t, d.Manifest.OtherIDs) }},
		"accession at the root too": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(dicomweb.TagAccessionNumber, "ACN1"))
			return d
		},
			[]string{"kos-accession accession"}, nil},
		"accession at the root only": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(dicomweb.TagAccessionNumber, "ACN9"))
			d.Items(tagRequest)[0].Set(dicomweb.Text(dicomweb.TagAccessionNumber))
			return d
		}, []string{"kos-accession accession"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, "ACN9", d.Manifest.Orders[0].Accession.Extension)
			assert.Equal(t, "OPN1", d.Manifest.Orders[0].Placer.Extension)
		}},
		"another accession at the root": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(dicomweb.TagAccessionNumber, "09011600123"))
			return d
		}, []string{"kos-accession accession"}, func(t *testing.T, d *kos.Document) { assert.Equal(t, "ACN1", d.Manifest.Orders[0].Accession.Extension) }},
		"no order": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(dicomweb.TagAccessionNumber, "ACN9"))
			return without(d, tagRequest)
		}, []string{"kos-request orders", "kos-accession accession"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, []segur.DocumentOrder{{Accession: segur.Identifier{Extension: "ACN9"}}}, d.Manifest.Orders)
		}},
		"order of another study": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagRequest)[0].Set(dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.2.3"))
			return d
		}, []string{"kos-request orders[0].study"}, nil},
		"text at the root": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			items := d.Items(tagContent)
			d.Set(dicomweb.Text(tagText, "Examen : E\nSerie-"+study+".1 : CT : Dentascan  0.75\n"))
			d.Set(dicomweb.Sequence(tagContent, items[:len(items)-1]...))
			return d
		}, []string{"kos-text (0040,A160)"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, "CT", d.Manifest.Series[0].Modality)
			assert.Equal(t, "Dentascan  0.75", d.Manifest.Series[0].Description)
			assert.Empty(t, d.Manifest.Series[1].Modality)
		}},
		"no text": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			items := d.Items(tagContent)
			d.Set(dicomweb.Sequence(tagContent, items[:len(items)-1]...))
			return d
		}, []string{"kos-text text"}, func(t *testing.T, d *kos.Document) { assert.Empty(t, d.Manifest.Modalities()) }},
		"text of a series that is not listed": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			text(d, "Série-1.2.3 : NM @ : E1\nSérie-"+study+".1 : CT @ tête : x : y\n")
			return d
		}, []string{"kos-text text"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, "tête", d.Manifest.Series[0].Region)
			assert.Equal(t, "x : y", d.Manifest.Series[0].Description)
		}},
		"UTF-8 among Latin-1": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			text(d, "Examen : E\nActe = MN glande thyroÃ¯de\nSérie-"+study+".1 : CT @ : Série 1\n")
			d.Set(dicomweb.Text(dicomweb.TagStudyDescription, "TÃªte"))
			return d
		}, []string{"kos-repaired text", "kos-repaired study.description"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, "MN glande thyroïde", d.Manifest.Act)
			assert.Equal(t, "Série 1", d.Manifest.Series[0].Description)
			assert.Equal(t, "Tête", d.Manifest.Study.Description)
		}},
		"blanks in the issuer": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagOtherIDs)[0].Set(dicomweb.Text(dicomweb.TagIssuerOfPatientID, "\n   ASIP-SANTE-INS-NIR"))
			return d
		}, []string{"kos-blanks patient.otherIDs[0].issuer"}, nil},
		"line end before RetrieveURL": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			s := firstSeries(d)
			s.Set(dicomweb.Text(dicomweb.TagRetrieveURL, "\n    "+s.Value(dicomweb.TagRetrieveURL)+" \n"))
			return d
		}, []string{"kos-blanks evidence[0].series[0].retrieveURL"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, "https://db.source.example/drim/rs", d.Manifest.Series[0].Base())
		}},
		"RetrieveURL of the study at the root": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(dicomweb.TagRetrieveURL, "https://db.source.example/rs/studies/"+study+"/"))
			evidence(d).Set(dicomweb.Sequence(tagSeries, without(firstSeries(d), dicomweb.TagRetrieveURL), evidence(d).Items(tagSeries)[1]))
			return d
		}, []string{"kos-url evidence[0].series[0].retrieveURL"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, "https://db.source.example/rs/studies/"+study+"/series/"+study+".1", d.Manifest.Series[0].RetrieveURL)
		}},
		"no RetrieveURL": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			evidence(d).Set(dicomweb.Sequence(tagSeries, without(firstSeries(d), dicomweb.TagRetrieveURL), evidence(d).Items(tagSeries)[1]))
			return d
		}, []string{"kos-url evidence[0].series[0].retrieveURL"}, func(t *testing.T, d *kos.Document) { assert.Empty(t, d.Manifest.Series[0].Base()) }},
		"RetrieveURL without TLS": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			firstSeries(d).Set(dicomweb.Text(dicomweb.TagRetrieveURL, "http://localhost:4200/api/source/studies/"+study+"/series/"+study+".1"))
			return d
		}, []string{"kos-url evidence[0].series[0].retrieveURL"}, nil},
		"RetrieveURL of another series": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			firstSeries(d).Set(dicomweb.Text(dicomweb.TagRetrieveURL, "https://db.source.example/studies/"+study+"/series/1.2"))
			return d
		}, []string{"kos-url evidence[0].series[0].retrieveURL"}, nil},
		"RetrieveURL that is none": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			firstSeries(d).Set(dicomweb.Text(dicomweb.TagRetrieveURL, "studies"))
			return d
		}, []string{"kos-url evidence[0].series[0].retrieveURL"}, nil},
		"short InstitutionName": {func(d *dicomweb.Dataset) *dicomweb.Dataset { d.Set(dicomweb.Text(tagInstitution, "BCOM")); return d },
			[]string{"kos-institution institution.id"}, func(t *testing.T, d *kos.Document) {
				assert.Equal(t, kos.Institution{Name: "BCOM"}, d.Manifest.Institution)
			}},
		"identifier in another component": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(tagInstitution, "BCOM^^499700367909006"))
			return d
		},
			[]string{"kos-institution institution.id"}, func(t *testing.T, d *kos.Document) {
				assert.Equal(t, kos.Institution{Name: "BCOM", ID: "499700367909006"}, d.Manifest.Institution)
			}},
		"old OtherPatientNames": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(tagOtherNames, "FICTIVE-DURAND^CAMILLE LUCE"))
			return d
		},
			[]string{"kos-other-names patient.otherNames"}, func(t *testing.T, d *kos.Document) {
				assert.Equal(t, "CAMILLE LUCE", d.Manifest.Patient.GivenNames)
				assert.Empty(t, d.Manifest.Patient.UsedName)
			}},
		"name at birth as OtherPatientNames": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(tagOtherNames, "FICTIVE-DURAND"))
			return d
		},
			[]string{"kos-other-names patient.otherNames"}, func(t *testing.T, d *kos.Document) {
				assert.Empty(t, d.Manifest.Patient.GivenNames+d.Manifest.Patient.UsedName)
			}},
		"no OtherPatientNames": {func(d *dicomweb.Dataset) *dicomweb.Dataset { return without(d, tagOtherNames, tagOtherIDs) }, nil, nil},
		"date in the place of a time": {func(d *dicomweb.Dataset) *dicomweb.Dataset { d.Set(dicomweb.Text(tagSeriesTime, "20260105")); return d },
			[]string{"kos-time (0008,0031)"}, nil},
		"no offset": {func(d *dicomweb.Dataset) *dicomweb.Dataset { return without(d, tagZone) }, []string{"kos-time (0008,0201)"},
			func(t *testing.T, d *kos.Document) {
				assert.True(t, d.Manifest.Created.NoOffset)
				assert.Equal(t, "2026-01-05T11:20:30Z", d.Manifest.Created.Time.UTC().Format(time.RFC3339))
			}},
		"summer offset in winter": {func(d *dicomweb.Dataset) *dicomweb.Dataset { d.Set(dicomweb.Text(tagZone, "+0200")); return d }, nil,
			func(t *testing.T, d *kos.Document) {
				assert.Equal(t, "2026-01-05T10:20:30Z", d.Manifest.Created.Time.UTC().Format(time.RFC3339), "what is written is obeyed")
			}},
		"no creation time": {func(d *dicomweb.Dataset) *dicomweb.Dataset { return without(d, 0x00080012, 0x00080013) }, nil,
			func(t *testing.T, d *kos.Document) { assert.False(t, d.Manifest.Created.IsZero()) }},
		"local number first, INS second": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Set(dicomweb.Text(dicomweb.TagPatientID, "IPP0001"))
			return without(d, tagQualifiers, dicomweb.TagIssuerOfPatientID)
		}, []string{"kos-ins-in-other-ids patient.otherIDs[0]"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, matricule(), d.Manifest.INS.Matricule())
			assert.Equal(t, []segur.Identifier{{Extension: "IPP0001"}}, d.Manifest.OtherIDs)
		}},
		"local number in OtherPatientIDs": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			i := d.Items(tagOtherIDs)[0]
			i.Set(dicomweb.Text(dicomweb.TagPatientID, "IPP0001"))
			i.Set(dicomweb.Text(dicomweb.TagIssuerOfPatientID, "IPP-CENTRE"))
			i.Items(tagQualifiers)[0].Set(dicomweb.Text(tagEntity, testRoot+".1"))
			return d
		}, nil, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, []segur.Identifier{{Root: testRoot + ".1", Extension: "IPP0001", Assigner: "IPP-CENTRE"}}, d.Manifest.OtherIDs)
		}},
		"label of a NIR for a NIA": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagQualifiers)[0].Set(dicomweb.Text(tagEntity, string(segur.OIDINSNIA)))
			return without(d, tagOtherIDs)
		}, []string{"kos-issuer patient.id.issuer"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, segur.OIDINSNIA, d.Manifest.INS.Authority())
		}},
		"instances in the order of their text": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			s := evidence(d).Items(tagSeries)[1]
			i := s.Items(dicomweb.TagReferencedSOPSequence)
			s.Set(dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, i[2], i[0], i[1]))
			return d
		}, nil, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, []int{1, 2, 3}, []int{d.Manifest.Series[1].Instances[0].Number, d.Manifest.Series[1].Instances[1].Number, d.Manifest.Series[1].Instances[2].Number})
		}},
		"several studies": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			other := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, study+".77"), dicomweb.Sequence(tagSeries, dicomweb.NewDataset(
				dicomweb.Text(dicomweb.TagSeriesInstanceUID, study+".77.1"), dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, ref(study+".77.1.1")),
				dicomweb.Text(dicomweb.TagRetrieveURL, "https://db.source.example/studies/"+study+".77/series/"+study+".77.1"))))
			d.Set(dicomweb.Sequence(tagEvidence, other, evidence(d)))
			return d
		}, []string{"kos-studies evidence", "kos-content content"}, func(t *testing.T, d *kos.Document) {
			assert.Equal(t, study, d.Manifest.Study.UID)
			require.Len(t, d.More, 1)
			assert.Equal(t, kos.Study{UID: study + ".77"}, d.More[0].Study)
			assert.Equal(t, 1, d.More[0].Len())
			assert.Equal(t, d.Manifest.INS, d.More[0].INS)
			assert.Empty(t, d.More[0].Orders, "the order is that of the study of the document")
			assert.Equal(t, report().Orders, d.Manifest.Orders)
		}},
		"a series without instance": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			empty := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagSeriesInstanceUID, study+".3"),
				dicomweb.Text(dicomweb.TagRetrieveURL, "https://db.source.example/studies/"+study+"/series/"+study+".3"))
			evidence(d).Set(dicomweb.Sequence(tagSeries, append(evidence(d).Items(tagSeries), empty)...))
			return d
		}, []string{"kos-empty-series series.instances"}, func(t *testing.T, d *kos.Document) { assert.Len(t, d.Manifest.Series, 3) }},
		"the study in two items": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			all := evidence(d).Items(tagSeries)
			again := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, study), dicomweb.Sequence(tagSeries, all[1], all[0]))
			evidence(d).Set(dicomweb.Sequence(tagSeries, all[0]))
			d.Set(dicomweb.Sequence(tagEvidence, evidence(d), again))
			return d
		}, []string{"kos-listed-twice evidence[1].series[1].instances[0].uid", "kos-listed-twice evidence[1].series[1].instances[1].uid"},
			func(t *testing.T, d *kos.Document) {
				assert.Equal(t, 5, d.Manifest.Len())
				assert.Len(t, d.Manifest.Series, 2)
			}},
		"no class": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			s := firstSeries(d)
			i := s.Items(dicomweb.TagReferencedSOPSequence)
			s.Set(dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, without(i[0], dicomweb.TagReferencedSOPClass), i[1]))
			return d
		}, []string{"kos-sop-class evidence[0].series[0].instances[0].sopClass"}, nil},
		"content beyond the evidence": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			d.Items(tagContent)[0].Set(dicomweb.Sequence(dicomweb.TagReferencedSOPSequence, ref("1.2.3")))
			return d
		}, []string{"kos-content content"}, func(t *testing.T, d *kos.Document) { assert.Equal(t, 5, d.Manifest.Len()) }},
		"no character set": {func(d *dicomweb.Dataset) *dicomweb.Dataset {
			text(d, "Serie-"+study+".1 : CT @ : a")
			return without(d, dicomweb.TagSpecificCharacterSet)
		}, []string{"kos-character-set (0008,0005)"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := read(t, file(t, tc.change(dataset(t))))
			var want []string
			want = append(want, tc.want...)
			assert.Equal(t, want, lines(d.Warnings))
			for _, w := range d.Warnings {
				assert.Equal(t, "warning", w.Severity)
				assert.NotContains(t, w.Message, "IPP")
			}
			require.NotNil(t, d.Manifest)
			assert.Equal(t, matricule(), d.Manifest.INS.Matricule())
			if tc.check != nil {
				tc.check(t, d)
			}
		})
	}
}

func TestReadToleratesTheMetaOfAnotherInstance(t *testing.T) {
	t.Parallel()
	b := encode(t, build(t, nil))
	uid := []byte(testRoot + ".8.1")
	copy(b[bytes.Index(b, uid):], testRoot+".8.7") // the first one is (0002,0003)
	d := read(t, b)
	assert.Equal(t, []string{"kos-meta (0002,0003)"}, lines(d.Warnings))
	assert.Equal(t, string(uid), d.Manifest.UID)
}

// A content that is nil, as after an error that nobody looked at, is no panic.
func TestNilContent(t *testing.T) {
	t.Parallel()
	_, err := kos.Read(nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = kos.FromFiles(nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.ErrorContains(t, err, "files[0]")
}
