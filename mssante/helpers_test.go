package mssante_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// People and structures are fictional.

func centre() *segur.Organization {
	return &segur.Organization{
		ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA07"},
		Address:  segur.Address{Lines: []string{"12 rue des Essais"}, PostalCode: "69003", City: "LYON"},
		Telecoms: []segur.Telecom{{Value: "tel:+33400000001", Use: "WP"}},
	}
}

func radiologist() segur.Professional {
	return segur.Professional{
		ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR",
		Profession: segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7"}, Specialty: segur.Code{Code: "G15_10/SM44"},
		Organization: centre(),
	}
}

const matriculeBody = "2850369123456"

func patient() segur.Patient {
	ins, err := segur.ParseINS(matriculeBody+segur.MatriculeKey(matriculeBody), segur.OIDINSNIRTest)
	if err != nil {
		panic(err)
	}
	return segur.Patient{
		Status: segur.Qualified, INS: ins,
		Traits: segur.Traits{
			BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
			BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123",
		},
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
	}
}

var now = time.Date(2026, time.January, 15, 10, 46, 0, 0, time.FixedZone("", 3600))

var samplePDF = sync.OnceValue(func() segur.Content {
	b, err := pdfa.Build(pdfa.Report{ID: "r1", Created: now, Title: "Scanner thoracique", Author: "Dr Claude RADIOLOGUE",
		Sections: []pdfa.Section{{Heading: "Conclusion", Paragraphs: []string{"Examen sans anomalie décelable."}}}})
	if err != nil {
		panic(err)
	}
	return segur.BytesContent(b)
})

// report makes a report of the patient, with a PDF of its own.
func report(p segur.Patient, changes ...func(*cda.Report)) mssante.Document {
	w, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.1", Clock: func() time.Time { return now }})
	if err != nil {
		panic(err)
	}
	r := cda.Report{
		Patient: p, Authors: []cda.Author{{Professional: radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: radiologist()},
		Orders:             []cda.Order{{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-0001"}}},
		Acts: []cda.Act{{
			StudyUID: "1.2.250.1.999.4.1", Code: segur.Code{Code: "24627-2", Display: "CT thorax"},
			Modalities: []segur.Code{{Code: "CT"}}, Regions: []segur.Code{{Code: cda.RegionThorax}},
			Start: now.Add(-time.Hour), End: now.Add(-30 * time.Minute),
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"}, PDF: samplePDF(),
	}
	for _, change := range changes {
		change(&r)
	}
	d, err := w.Level1(r)
	if err != nil {
		panic(err)
	}
	return mssante.Document{CDA: d, PDF: samplePDF()}
}

// toPrescriber is a complete message to a professional.
func toPrescriber() mssante.Message {
	p := patient()
	return mssante.Message{
		From:      mssante.Sender{Title: "Dr", GivenName: "Claude", FamilyName: "Radiologue", Entity: "Centre d'imagerie fictif"},
		To:        []mssante.Recipient{mssante.ToProfessional("Dr Dominique PRESCRIPTEUR", mssantetest.PrescriberMailbox)},
		Patient:   p,
		Documents: []mssante.Document{report(p)},
		Text:      "Cher confrère,\nveuillez trouver ci-joint le compte rendu.\n.\nDr Claude RADIOLOGUE\n",
		Consent:   mssante.Consent{Professionals: mssante.NotOpposed, Patient: mssante.NotOpposed},
	}
}

// toPatient is a complete message to the patient.
func toPatient() mssante.Message {
	m := toPrescriber()
	m.To = []mssante.Recipient{mssante.ToPatient()}
	m.Text, m.NoReply = "Bonjour,\nvotre compte rendu est joint.\n", true
	return m
}

// samePKI is for all the tests: making one takes most of the time of a server.
var samePKI = sync.OnceValue(func() *credentialtest.PKI { return credentialtest.NewPKI() })

func newServer(t *testing.T, opts ...mssantetest.Option) *mssantetest.Server {
	t.Helper()
	s := mssantetest.NewServer(append([]mssantetest.Option{mssantetest.WithPKI(samePKI())}, opts...)...)
	t.Cleanup(s.Close)
	return s
}

func newClient(t *testing.T, cfg mssante.Config) *mssante.Client {
	t.Helper()
	c, err := mssante.New(cfg)
	require.NoError(t, err)
	return c
}

func compose(t *testing.T, c *mssante.Client, m mssante.Message) *mssante.Letter {
	t.Helper()
	l, err := c.Compose(m)
	require.NoError(t, err)
	return l
}

// receive reads everything.
func receive(t *testing.T, c *mssante.Client, f mssante.Filter) []*mssante.Incoming {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out []*mssante.Incoming
	for m, err := range c.Receive(ctx, f) {
		require.NoError(t, err)
		out = append(out, m)
	}
	return out
}

func bytesOf(t *testing.T, c segur.Content) []byte {
	t.Helper()
	r, err := c.Open()
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return b
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return b
}
