package xdm_test

import (
	"archive/zip"
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/mssante/xdm"
)

const (
	matricule = "285036912345656"
	testRoot  = "1.2.250.1.999.1"
	// cdaText is a document whose header says what header() says.
	cdaText = `<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.999.1.3" extension="CR-1"/>
<code code="18748-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR d'imagerie médicale"/><title>Scanner &lt;cérébral&gt; &amp; cou</title>
<effectiveTime value="20260105112530+0100"/><confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>
<recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="285036912345656"/><id root="1.2.250.1.999.1" extension="IPP-0001"/>
<patient><name><given>CAMILLE LUCE</given><given qualifier="BR">CAMILLE</given><family qualifier="BR">FICTIVE-DURAND</family></name>
<administrativeGenderCode code="F"/><birthTime value="19850314"/></patient></patientRole></recordTarget>
<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0=</text></nonXMLBody></component></ClinicalDocument>
`
)

var now = time.Date(2026, 1, 5, 11, 25, 30, 0, time.FixedZone("", 3600))

func doctor() segur.Professional {
	return segur.Professional{ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude",
		Specialty:    segur.Code{Code: "G15_10/SM44", System: "1.2.250.1.213.1.1.4.5"},
		Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF"}}
}

func header() segur.DocumentHeader {
	actor := segur.DocumentActor{Professional: doctor()}
	return segur.DocumentHeader{
		ID: segur.Identifier{Root: testRoot + ".3", Extension: "CR-1"}, Title: "Scanner <cérébral> & cou", Language: "fr-FR",
		Type:    segur.Code{Code: "18748-4", System: "2.16.840.1.113883.6.1"},
		Created: segur.At(now), Confidentiality: segur.Code{Code: "N", System: "2.16.840.1.113883.5.25"},
		PatientIDs: []segur.Identifier{{Root: segur.OIDINSNIRTest, Extension: matricule}, {Root: testRoot, Extension: "IPP-0001"}},
		Patient:    segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14)},
		Authors:    []segur.DocumentActor{actor}, LegalAuthenticator: actor,
		Services: []segur.DocumentService{{Start: segur.At(now.Add(-time.Hour)), Stop: segur.At(now.Add(-time.Minute)),
			PracticeSetting: segur.Code{Code: "AMBULATOIRE", System: "1.2.250.1.213.1.1.4.9"}}},
		FacilityType: segur.Code{Code: "SA07", System: "1.2.250.1.71.4.2.4"}, BodyMediaType: "application/pdf",
	}
}

func parcel() xdm.Package {
	return xdm.Package{Subsets: []xdm.Subset{{
		Set: xds.SubmissionSet{SourceID: testRoot + ".8", UniqueID: testRoot + ".1.1", Author: xds.NewAuthor(doctor()),
			ContentTypeCode: segur.Code{Code: "07", System: "1.2.250.1.213.2.2", Display: "Consultations soins externes"}},
		Documents: []xdm.Document{{Entry: xds.DeriveEntry(header(), xds.EntryOptions{}), Content: segur.BytesContent([]byte(cdaText))}},
	}},
		Sender: xdm.Sender{Name: "Dr Claude RADIOLOGUE", Organization: "CENTRE D'IMAGERIE FICTIF (1990000019)", Address: "1 rue de l'Essai 69003 LYON",
			Phone: "04 00 00 00 00", Application: "SEGUR-ESSAI", Version: "1.0", Vendor: "EDITEUR FICTIF"},
	}
}

func options() xdm.Options {
	return xdm.Options{Clock: func() time.Time { return now }, IDs: segur.NewIDSource(fixed.Rand(7))}
}

func pack(tb testing.TB, p xdm.Package, o xdm.Options) []byte {
	tb.Helper()
	var b bytes.Buffer
	_, err := xdm.Pack(&b, p, o)
	require.NoError(tb, err)
	return b.Bytes()
}

func open(b []byte) (*xdm.Archive, error) {
	return xdm.Open(bytes.NewReader(b), int64(len(b)), xdm.ReadOptions{})
}

// item is a file to put in an archive by hand.
type item struct {
	name, body string
	change     func(*zip.FileHeader)
}

func archive(tb testing.TB, items ...item) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, i := range items {
		h := &zip.FileHeader{Name: i.name, Method: zip.Deflate}
		if i.change != nil {
			i.change(h)
		}
		w, err := z.CreateHeader(h)
		require.NoError(tb, err)
		if i.body != "" {
			_, err = w.Write([]byte(i.body))
			require.NoError(tb, err)
		}
	}
	require.NoError(tb, z.Close())
	return b.Bytes()
}

// unpack returns the files of an archive by name.
func unpack(tb testing.TB, b []byte) map[string]string {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(tb, err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(tb, err)
		var body bytes.Buffer
		_, err = body.ReadFrom(r)
		require.NoError(tb, err)
		require.NoError(tb, r.Close())
		out[f.Name] = body.String()
	}
	return out
}

// good is the metadata and the document of a valid archive.
func good(tb testing.TB) (metadata, document string) {
	tb.Helper()
	files := unpack(tb, pack(tb, parcel(), options()))
	return files["IHE_XDM/SUBSET01/METADATA.XML"], files["IHE_XDM/SUBSET01/DOC00001.XML"]
}
