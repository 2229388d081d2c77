package kos_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// The fictional exam of these tests.
const (
	testRoot = "1.2.250.1.999"
	study    = testRoot + ".7.1"
	ctClass  = "1.2.840.10008.5.1.4.1.1.2"
	dcm      = segur.OID("1.2.840.10008.2.16.4")
)

// matricule completes the fictional matricule with its key.
func matricule() string { return "2850369123456" + segur.MatriculeKey("2850369123456") }

func report() segur.DocumentHeader {
	author := segur.DocumentActor{Professional: segur.Professional{ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude",
		Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF"}}}
	return segur.DocumentHeader{
		ID: segur.Identifier{Root: testRoot + ".4.1"},
		PatientIDs: []segur.Identifier{
			{Root: segur.OIDINSNIRTest, Extension: matricule()},
			{Root: testRoot + ".1", Extension: "IPP-0001"},
		},
		Patient: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", UsedName: "FICTIVE", UsedGivenName: "CAMILLE",
			Sex: segur.Female, BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123"},
		Authors:            []segur.DocumentActor{author},
		LegalAuthenticator: author,
		Services: []segur.DocumentService{{
			StudyUID: study,
			Code:     segur.Code{Code: "36813-4", System: "2.16.840.1.113883.6.1", Display: "TDM abdomen et pelvis sans et avec contraste IV"},
			Translations: []segur.QualifiedCode{
				{Code: segur.Code{Code: "CT", System: dcm}, Qualifier: segur.Code{Code: "121139", System: dcm}},
				{Code: segur.Code{Code: "63337009", System: "2.16.840.1.113883.6.96", Display: "segment abdominopelvien du tronc"},
					Qualifier: segur.Code{Code: "39111-0", System: "2.16.840.1.113883.6.1"}},
			},
		}},
		Orders: []segur.DocumentOrder{{
			Placer:    segur.Identifier{Root: testRoot + ".6", Extension: "OPN1"},
			Accession: segur.Identifier{Root: testRoot + ".5", Extension: "ACN1"},
		}},
	}
}

// rows are two series of CT images, two and three.
func rows() []kos.Row {
	var out []kos.Row
	for s, n := range []int{2, 3} {
		for i := range n {
			out = append(out, kos.Row{
				Study: kos.Study{UID: study, ID: "S1", Date: segur.NewDate(2026, time.January, 5), Time: "083117.658", Description: "Scanner abdomino-pelvien",
					ReferringPhysician: "PRESCRIPTEUR^Dominique"},
				PatientID: "IPP-0001", Issuer: "CENTRE FICTIF", BirthDate: segur.NewDate(1985, time.March, 14), Accession: "ACN1",
				SeriesUID: fmt.Sprintf("%s.%d", study, s+1), SeriesNumber: s + 1, Modality: "CT",
				SeriesDescription: []string{"Sans injection", "Temps portal - 1 mm"}[s], BodyPart: "ABDOMEN",
				SOPClass: ctClass, UID: fmt.Sprintf("%s.%d.%d", study, s+1, i+1), Number: i + 1,
			})
		}
	}
	return out
}

// counted gives identifiers in sequence.
type counted struct{ n int64 }

func (c *counted) UUID() (string, error) { return "", nil }
func (c *counted) OID(root segur.OID) (segur.OID, error) {
	c.n++
	return root + segur.OID("."+big.NewInt(c.n).String()), nil
}

func at(s string) func() time.Time {
	t, err := time.Parse("2006-01-02 15:04:05 -0700", s)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t }
}

func newContext() kos.Context {
	return kos.Context{
		Environment: segur.Fake, Report: report(), Manufacturer: "SEGUR SDK", RetrieveBase: "https://db.source.example/drim/rs/",
		UIDRoot: testRoot + ".8", IDs: &counted{}, Clock: at("2026-01-05 11:20:30 +0000"),
	}
}

func build(t testing.TB, change func(*kos.Context, *[]kos.Row)) *kos.Manifest {
	t.Helper()
	c, r := newContext(), rows()
	if change != nil {
		change(&c, &r)
	}
	m, err := kos.Build(c, r)
	require.NoError(t, err)
	return m
}

func encode(t testing.TB, m *kos.Manifest) []byte {
	t.Helper()
	b, err := m.Encode()
	require.NoError(t, err)
	return b
}

func read(t testing.TB, file []byte) *kos.Document {
	t.Helper()
	d, err := kos.Read(segur.BytesContent(file))
	require.NoError(t, err)
	return d
}

// file writes a data set.
func file(t testing.TB, d *dicomweb.Dataset) []byte {
	t.Helper()
	var b strings.Builder
	require.NoError(t, dicomweb.WritePart10(&b, d, dicomweb.WriteOptions{}))
	return []byte(b.String())
}

// codes are the codes of warnings or of problems, each once.
func codes(details []segur.Detail) []string {
	var out []string
	seen := map[string]bool{}
	for _, d := range details {
		if !seen[d.Code] {
			seen[d.Code] = true
			out = append(out, d.Code)
		}
	}
	return out
}

// lines are "code field" of details.
func lines(details []segur.Detail) []string {
	var out []string
	for _, d := range details {
		out = append(out, d.Code+" "+d.Field)
	}
	return out
}
