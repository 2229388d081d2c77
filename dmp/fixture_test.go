package dmp_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Everybody here is fictional; see package dmptest.

// consultation is the category of external consultations.
var consultation = segur.Code{Code: "07"}

var examination = time.Date(2026, 1, 20, 9, 30, 0, 0, time.FixedZone("CET", 3600))

var samplePDF = sync.OnceValue(func() []byte {
	b, err := pdfa.Build(pdfa.Report{
		ID: "1.2.250.1.999.7.1", Created: examination, Title: "Compte rendu d'IRM du genou gauche",
		Sections: []pdfa.Section{{Heading: "Conclusion", Paragraphs: []string{"Examen sans particularité."}}},
	})
	if err != nil {
		panic(err)
	}
	return b
})

// newReport is an imaging report of the default patient.
func newReport(tb testing.TB, change ...func(*cda.Report)) *cda.Document {
	tb.Helper()
	w, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: "1.2.250.1.999.5"})
	require.NoError(tb, err)
	r := cda.Report{
		Patient:            dmptest.Patient(),
		Authors:            []cda.Author{{Professional: dmptest.Radiologist()}},
		LegalAuthenticator: cda.Signature{Professional: dmptest.Radiologist()},
		Orders:             []cda.Order{{Accession: segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"}}},
		Acts: []cda.Act{{
			StudyUID: "1.2.250.1.999.4.1001", Code: segur.Code{Code: "26257-6", Display: "RM genou - gauche"},
			Modalities: []segur.Code{{Code: "MR"}}, Start: examination, End: examination.Add(25 * time.Minute),
		}},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		PDF:             segur.BytesContent(samplePDF()),
	}
	for _, f := range change {
		f(&r)
	}
	d, err := w.Level1(r)
	require.NoError(tb, err)
	return d
}

// samplePKI is that of every server: certificates take longer to make than most
// tests.
var samplePKI = sync.OnceValue(func() *credentialtest.PKI { return credentialtest.NewPKI() })

// fake starts a server that ends with the test.
func fake(tb testing.TB, opts ...dmptest.Option) *dmptest.Server {
	tb.Helper()
	srv := dmptest.NewServer(append([]dmptest.Option{dmptest.WithPKI(samplePKI())}, opts...)...)
	tb.Cleanup(srv.Close)
	return srv
}

// newClient is a client of srv.
func newClient(tb testing.TB, srv *dmptest.Server, change ...func(*dmp.Config)) *dmp.Client {
	tb.Helper()
	cfg := srv.Config()
	cfg.Retry.MaxAttempts = 1
	for _, f := range change {
		f(&cfg)
	}
	c, err := dmp.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(c.CloseIdleConnections)
	return c
}

// consulting selects the mode of consultation.
func consulting(c *dmp.Config) { c.Mode = dmp.IndirecteRenforcee }

// prepared seals a submission of one report.
func prepared(tb testing.TB, c *dmp.Client, documents ...dmp.SubmissionDocument) *dmp.Sealed {
	tb.Helper()
	if len(documents) == 0 {
		documents = []dmp.SubmissionDocument{{Document: newReport(tb)}}
	}
	sealed, err := c.Prepare(context.Background(), dmp.Submission{
		Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation, Documents: documents})
	require.NoError(tb, err)
	return sealed
}

// found collects what a query finds.
func found(c *dmp.Client, q dmp.Query) ([]*xds.DocumentEntry, error) {
	var out []*xds.DocumentEntry
	for e, err := range c.Find(context.Background(), q) {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func contentOf(tb testing.TB, c segur.Content) []byte {
	tb.Helper()
	r, err := c.Open()
	require.NoError(tb, err)
	var b bytes.Buffer
	_, err = b.ReadFrom(r)
	require.NoError(tb, err)
	require.NoError(tb, r.Close())
	return b.Bytes()
}

// sampleCard is the card of the radiologist.
var sampleCard = sync.OnceValues(func() (segur.Credential, segur.Credential) { return card(samplePKI()) })

func card(pki *credentialtest.PKI) (authentication, signature segur.Credential) {
	return pki.Professional(), pki.Professional(credentialtest.ForSignature())
}

// onCard is a professional who acts by card, in DIRECTE.
func onCard(srv *dmptest.Server) func(*dmp.Config) {
	return func(c *dmp.Config) {
		c.Mode, c.LocalAuthentication = dmp.Directe, dmp.ByCard
		authentication, signature := sampleCard()
		if srv.PKI() != samplePKI() {
			authentication, signature = card(srv.PKI())
		}
		c.Credentials, c.Signing = segur.StaticCredential(authentication), segur.StaticCredential(signature)
	}
}
