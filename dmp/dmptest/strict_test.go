package dmptest_test

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the hash that XDS metadata are defined with
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

var content = fmt.Sprintf(`<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><id root="%s" extension="%s"/></patientRole></recordTarget>fictif</ClinicalDocument>`,
	dmptest.Patient().INS.Authority(), dmptest.Patient().INS.Matricule())

// document is a CDA of the default patient, reduced to its header's view.
func document() segur.Document {
	ins := dmptest.Patient().INS
	start := segur.At(mustTime("2026-01-20T09:30:00+01:00"))
	stop := segur.At(mustTime("2026-01-20T09:55:00+01:00"))
	author := segur.DocumentActor{Professional: dmptest.Radiologist()}
	h := segur.DocumentHeader{
		ID: segur.Identifier{Root: "1.2.250.1.999.5.1"}, Title: "CR d'imagerie médicale",
		Type: segur.Code{Code: "18748-4", System: "2.16.840.1.113883.6.1", Display: "CR d'imagerie médicale"}, Created: stop, Language: "fr-FR",
		Confidentiality: segur.Code{Code: "N", System: "2.16.840.1.113883.5.25"},
		PatientIDs:      []segur.Identifier{{Root: ins.Authority(), Extension: ins.Matricule()}, {Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
		Patient:         dmptest.Patient().Traits, Authors: []segur.DocumentActor{author}, LegalAuthenticator: author,
		Services: []segur.DocumentService{{StudyUID: "1.2.250.1.999.4.1001", Start: start, Stop: stop,
			PracticeSetting: segur.Code{Code: "AMBULATOIRE", System: "1.2.250.1.213.1.1.4.9"}}},
		FacilityType: segur.Code{Code: "SA07", System: "1.2.250.1.71.4.2.4"}, BodyMediaType: "application/pdf",
	}
	return segur.NewDocument(segur.BytesContent([]byte(content)), h)
}

func client(tb testing.TB, srv *dmptest.Server, change ...func(*dmp.Config)) *dmp.Client {
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

// meddler changes requests on their way.
type meddler struct {
	http.RoundTripper
	change func(head http.Header, body []byte) []byte
}

func (m meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	if out.Header == nil {
		out.Header = http.Header{}
	}
	b = m.change(out.Header, b)
	out.Body, out.ContentLength, out.GetBody = io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
	return m.RoundTripper.RoundTrip(out)
}

// meddling makes the client's requests go through change.
func meddling(tb testing.TB, srv *dmptest.Server, change func(http.Header, []byte) []byte) func(*dmp.Config) {
	return meddlingAs(tb, srv, srv.PKI().Organization(), change)
}

// meddlingAs is meddling with another client certificate.
func meddlingAs(tb testing.TB, srv *dmptest.Server, cred segur.Credential, change func(http.Header, []byte) []byte) func(*dmp.Config) {
	t := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: srv.PKI().Roots(),
		Certificates: []tls.Certificate{credentialtest.TLSCertificate(cred)}}}
	tb.Cleanup(t.CloseIdleConnections)
	return func(c *dmp.Config) {
		c.Credentials, c.RootCAs = nil, nil
		c.HTTPClient = &http.Client{Transport: meddler{t, change}}
	}
}

func publish(tb testing.TB, c *dmp.Client) error {
	tb.Helper()
	sealed, err := c.Prepare(context.Background(), dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "07"},
		Documents: []dmp.SubmissionDocument{{Document: document()}}})
	require.NoError(tb, err)
	_, err = c.Submit(context.Background(), sealed)
	return err
}

func swap(old, with string) func(http.Header, []byte) []byte {
	return func(_ http.Header, b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }
}

func cut(pattern string) func(http.Header, []byte) []byte {
	re := regexp.MustCompile(pattern)
	return func(_ http.Header, b []byte) []byte {
		if at := re.FindIndex(b); at != nil {
			return append(b[:at[0]:at[0]], b[at[1]:]...)
		}
		return b
	}
}

func hash(s string) string {
	sum := sha1.Sum([]byte(s)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// Whatever is wrong with a submission is refused, for its own reason.
func TestSubmissionRefused(t *testing.T) {
	t.Parallel()
	patient := dmptest.Patient().INS
	other := "1700799352017" + segur.MatriculeKey("1700799352017")
	tampered := strings.Replace(content, "fictif", "faussé", 1)
	for name, c := range map[string]struct {
		change       func(http.Header, []byte) []byte
		code, reason string
	}{
		"nothing":           {func(_ http.Header, b []byte) []byte { return b }, "", ""},
		"no Action":         {cut(`<wsa:Action[^>]*>[^<]*</wsa:Action>`), "MessageAddressingHeaderRequired", "required header"},
		"no MessageID":      {cut(`<wsa:MessageID>[^<]*</wsa:MessageID>`), "MessageAddressingHeaderRequired", "required header"},
		"no To":             {cut(`<wsa:To>[^<]*</wsa:To>`), "MessageAddressingHeaderRequired", "required header"},
		"no ReplyTo":        {cut(`<wsa:ReplyTo.*</wsa:ReplyTo>`), "MessageAddressingHeaderRequired", "required header"},
		"not must":          {swap(` soap:mustUnderstand="true">urn:ihe`, `>urn:ihe`), "InvalidAddressingHeader", "mustUnderstand"},
		"other To":          {swap("/repository</wsa:To>", "/registry</wsa:To>"), "InvalidAddressingHeader", "To"},
		"MessageID":         {swap("<wsa:MessageID>urn:uuid:", "<wsa:MessageID>uuid:"), "InvalidAddressingHeader", "MessageID"},
		"other action":      {swap(`action="urn:ihe:iti:2007:Provide`, `action="urn:ihe:iti:2008:Provide`), "ActionMismatch", "action"},
		"no assertion":      {cut(`<saml2:Assertion.*</saml2:Assertion>`), "InvalidSecurity", "one assertion"},
		"no security":       {cut(`<wsse:Security.*</wsse:Security>`), "InvalidSecurity", "one assertion"},
		"assertion altered": {swap(">RADIOLOGUE Claude<", ">RADIOLOGUE Claudine<"), "DMPInvalidCertificate", "signature"},
		"assertion, mode":   {swap(">INDIRECTE<", ">DIRECTE<"), "DMPInvalidCertificate", "signature"},
		"not MTOM": {func(h http.Header, b []byte) []byte {
			h.Set("Content-Type", `application/soap+xml; action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"`)
			return b[bytes.Index(b, []byte("<?xml")) : bytes.Index(b, []byte("</soap:Envelope>"))+len("</soap:Envelope>")]
		}, "", "MTOM"},
		"not related": {func(h http.Header, b []byte) []byte {
			h.Set("Content-Type", strings.Replace(h.Get("Content-Type"), "start-info", "start-inf", 1))
			return b
		}, "", "MTOM"},
		"HTML":  {func(h http.Header, b []byte) []byte { h.Set("Content-Type", "text/html"); return b }, "", "media type"},
		"cut":   {func(_ http.Header, b []byte) []byte { return b[:len(b)-60] }, "", "cut"},
		"bytes": {swap(">fictif<", ">fXctif<"), "XDSRepositoryMetadataError", "hash"},
		"bytes and hash": {func(h http.Header, b []byte) []byte {
			return swap(hash(content), hash(tampered))(h, swap(content, tampered)(h, b))
		}, "XDSRepositoryMetadataError", "size"},
		"size": {swap(fmt.Sprintf("<rim:Value>%d</rim:Value>", len(content)), "<rim:Value>67</rim:Value>"), "XDSRepositoryMetadataError", "size"},
		"manifest": {func(h http.Header, b []byte) []byte {
			s := strings.Replace(content, "fictif", "fXctif", 1)
			return swap(hash(content), hash(s))(h, swap(content, s)(h, b))
		}, "XDSRepositoryMetadataError", "the document is not what the manifest lists"},
		"no hash":            {cut(`<rim:Slot name="hash">.*?</rim:Slot>`), "XDSRegistryMetadataError", "hash"},
		"patient of the set": {swap(`registryObject="SubmissionSet01" value="`+patient.Matricule(), `registryObject="SubmissionSet01" value="`+other), "XDSRegistryMetadataError", "patient"},
		"patients": {func(_ http.Header, b []byte) []byte {
			b = bytes.ReplaceAll(b, []byte("<rim:Value>"+patient.Matricule()), []byte("<rim:Value>"+other)) // sourcePatientId
			return bytes.ReplaceAll(b, []byte(`value="`+patient.Matricule()), []byte(`value="`+other))
		}, "XDSPatientIdDoesNotMatch", "lot"},
		"extension":      {swap(`value="1.2.250.1.999.5.1"`, `value="1.2.250.1.999.5.1^7"`), "XDSRegistryMetadataError", "bare OID"},
		"class":          {swap(`nodeRepresentation="31"`, `nodeRepresentation="10"`), "XDSRegistryMetadataError", "classCode"},
		"unknown sector": {swap(`nodeRepresentation="SA07"`, `nodeRepresentation="SA99"`), "XDSRegistryMetadataError", "JDV_J02"},
		"other target":   {swap(`classifiedObject="Document01"`, `classifiedObject="Signature01"`), "XDSRegistryMetadataError", "another object"},
		"institution": {func(_ http.Header, b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("IDNST^^^1990000019"), []byte("IDNST^^^1990000027"))
		}, "XDSRegistryMetadataError", "Aucun AuthorInstitution"},
		"no member":     {cut(`<rim:Association associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember".*?</rim:Association>`), "XDSRegistryMetadataError", "member"},
		"signs nothing": {cut(`<rim:Association associationType="urn:ihe:iti:2007:AssociationType:signs".*?</rim:Association>`), "XDSRegistryMetadataError", "sign"},
		"part missing":  {swap("Content-ID: <Document01@segur>", "Content-ID: <Document02@segur>"), "XDSMissingDocument", "Document01"},
		"href":          {swap(`href="cid:Document01@segur"`, `href="cid:Signature01@segur"`), "XDSRepositoryMetadataError", "hash"},
		"part type":     {swap("Content-Type: text/xml", "Content-Type: text/plain"), "XDSRepositoryMetadataError", "media type"},
		"no document":   {cut(`<xds:Document id="Document01">.*?</xds:Document>`), "XDSMissingDocument", "Document01"},
		"purpose":       {swap(`Target="#`, `Target="#x`), "XDSRepositoryMetadataError", "hash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := dmptest.NewServer()
			defer srv.Close()
			err := publish(t, client(t, srv, meddling(t, srv, c.change)))
			calls := srv.Calls()
			require.Len(t, calls, 1)
			assert.Equal(t, c.code, calls[0].Code, calls[0].Reason)
			assert.Contains(t, calls[0].Reason, c.reason)
			if name == "nothing" {
				require.NoError(t, err)
				assert.Len(t, srv.Documents(), 1)
				return
			}
			require.Error(t, err)
			assert.Empty(t, srv.Documents())
			assert.Empty(t, srv.Submissions())
		})
	}
}

// The same message twice is refused the second time, and so is an assertion.
func TestReplayRefused(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	defer srv.Close()
	var first []byte
	var head http.Header
	require.NoError(t, publish(t, client(t, srv, meddling(t, srv, func(h http.Header, b []byte) []byte {
		first, head = b, h.Clone()
		return b
	}))))
	replay := func(change func([]byte) []byte) {
		err := publish(t, client(t, srv, meddling(t, srv, func(h http.Header, _ []byte) []byte {
			h.Set("Content-Type", head.Get("Content-Type"))
			return change(bytes.Clone(first))
		})))
		require.Error(t, err)
	}
	replay(func(b []byte) []byte { return b })
	replay(func(b []byte) []byte {
		return bytes.Replace(b, []byte("<wsa:MessageID>urn:uuid:"), []byte("<wsa:MessageID>urn:uuid:0"), 1)
	})
	calls := srv.Calls()
	require.Len(t, calls, 3)
	assert.Equal(t, "DuplicateMessageID", calls[1].Code)
	assert.Equal(t, "Le VIHF a déjà servi", calls[2].Reason)
	assert.Len(t, srv.Documents(), 1)
}

func TestQueryRefused(t *testing.T) {
	t.Parallel()
	patient := dmptest.Patient().INS
	for name, c := range map[string]struct {
		change func(http.Header, []byte) []byte
		code   string
	}{
		"patient of the assertion": {swap("'"+patient.Matricule(), "'170079935201794"), "XDSPatientIdDoesNotMatch"},
		"patient as a list": {func(_ http.Header, b []byte) []byte {
			return regexp.MustCompile(`'(\d{15}[^']*)'`).ReplaceAll(b, []byte("('$1')"))
		}, "XDSStoredQueryParamNumber"},
		"no patient":        {cut(`<rim:Slot name="\$XDSDocumentEntryPatientId">.*?</rim:Slot>`), "XDSStoredQueryMissingParam"},
		"no status":         {cut(`<rim:Slot name="\$XDSDocumentEntryStatus">.*?</rim:Slot>`), "XDSStoredQueryMissingParam"},
		"unknown query":     {swap("urn:uuid:14d4debf", "urn:uuid:14d4debe"), "XDSUnknownStoredQuery"},
		"unknown parameter": {swap("$XDSDocumentEntryTypeCode", "$XDSDocumentEntryTypeKode"), "XDSStoredQueryParamNumber"},
		"unknown return":    {swap("LeafClass", "Leaf"), "XDSRegistryError"},
		"no query":          {swap("rim:AdhocQuery ", "rim:AdHocQuery "), ""},
		"wrong service":     {swap("urn:ihe:iti:2007:RegistryStoredQuery", "urn:ihe:iti:2007:RetrieveDocumentSet"), "ActionMismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := dmptest.NewServer()
			defer srv.Close()
			consult := client(t, srv, meddling(t, srv, c.change), func(cfg *dmp.Config) { cfg.Mode = dmp.IndirecteRenforcee })
			var got error
			for _, err := range consult.Find(context.Background(), dmp.Query{Patient: patient, Types: []segur.Code{{Code: "18748-4"}}}) {
				got = err
			}
			require.Error(t, got)
			calls := srv.Calls()
			require.Len(t, calls, 1)
			assert.Equal(t, c.code, calls[0].Code, calls[0].Reason)
			assert.NotEmpty(t, calls[0].Reason)
		})
	}
}

// A fault of ITI-43 comes in several parts, as the service sends it.
func TestRetrieveFaultIsMultipart(t *testing.T) {
	t.Parallel()
	srv := dmptest.NewServer()
	defer srv.Close()
	feed := client(t, srv, func(c *dmp.Config) { c.Settings.LetServiceDecide = true })
	_, err := feed.Retrieve(context.Background(), dmptest.Patient().INS, &xds.DocumentEntry{UniqueID: "1.2.3"})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Equal(t, "dmp.retrieve", srv.Calls()[0].Op)
	assert.Equal(t, "INDIRECTE", srv.Calls()[0].Mode)
}

// The handler alone refuses who shows no certificate.
func TestHandlerWithoutCertificate(t *testing.T) {
	t.Parallel()
	h := dmptest.NewHandler()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/registry", strings.NewReader("x")))
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Empty(t, h.Calls())
}
