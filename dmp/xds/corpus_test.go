package xds_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// sample says what an official file is to this package.
type sample struct {
	as     string   // how it is read; see kinds
	quirks []string // the warnings it gives, in order, without their objects
	why    string   // for what is not read here: who reads it
}

// How a file is read, and what must hold.
const (
	asSubmission = "submission"        // lcm:SubmitObjectsRequest, alone, in ITI-41 or in a SOAP envelope
	asAnswer     = "answer of a query" // query:AdhocQueryResponse
	asQuery      = "query"             // query:AdhocQueryRequest
	asRequest    = "retrieve"          // xds:RetrieveDocumentSetRequest
	asDocuments  = "retrieved"         // xds:RetrieveDocumentSetResponse
	asResponse   = "registry response" // rs:RegistryResponse
	asPackage    = "package"           // METADATA.XML of each IHE_XDM.ZIP
	notHere      = ""
)

// Quirks of the samples, in the words of the warnings.
const (
	otherObject = "a classification names another object: it is taken as one of the object around it"
	sameID      = "two classifications or identifiers have this id"
	noScheme    = "an external identifier in an unknown scheme: kept as it is"
	rootPrefix  = "the prefix of the root element is not declared"
)

// corpus is every file of the official folders that may hold XDS metadata.
var corpus = map[string]sample{
	"drim/README.md":                              {why: "a text"},
	"drim/depublication_examen_i_mdm.hl7":         {why: "HL7 v2: the flow of a platform, not of the record"},
	"drim/depublication_examen_i_oru.hl7":         {why: "HL7 v2"},
	"drim/healthcheck_request.txt":                {why: "HTTP: package dicomweb"},
	"drim/invisible_masque.hl7":                   {why: "HL7 v2"},
	"drim/invisible_masque_metadata.xml":          {as: asSubmission, quirks: []string{otherObject, otherObject, otherObject, sameID, sameID, sameID, sameID}},
	"drim/kos_manifest_key_image_dump.xml":        {why: "a DICOM dump: package dicomweb/kos"},
	"drim/liste_blanche_non_signee.xml":           {why: "a white list"},
	"drim/liste_blanche_signee_informatif.xml":    {why: "a white list"},
	"drim/maj_examen_g1_mdm.hl7":                  {why: "HL7 v2"},
	"drim/omi_o23_imaging_order.hl7":              {why: "HL7 v2"},
	"drim/omi_o23_suppression_examen_w.hl7":       {why: "HL7 v2"},
	"drim/oru_pfi_examen_k.hl7":                   {why: "HL7 v2"},
	"drim/wado_frames_request.txt":                {why: "HTTP: package dicomweb"},
	"drim/wado_instance_lossy_request.txt":        {why: "HTTP: package dicomweb"},
	"drim/wado_instance_v2_request.txt":           {why: "HTTP: package dicomweb"},
	"drim/wado_response.txt":                      {why: "HTTP: package dicomweb"},
	"drim/wado_series_lossless_request.txt":       {why: "HTTP: package dicomweb"},
	"drim/wado_series_switch_headers_request.txt": {why: "HTTP: package dicomweb"},
	"drim/xdm_METADATA.XML":                       {as: asSubmission, quirks: []string{rootPrefix, noScheme}},
	"drim/xds_cross_validateur.xml":               {as: asSubmission, quirks: []string{sameID}},
	"drim/xds_validateur.xml":                     {as: asSubmission},

	"dmp/samples/soap-fault-certificate.unsure.xml":              {why: "a SOAP fault: package internal/soap"},
	"dmp/samples/td0.2-request.xml":                              {why: "HL7 v3"},
	"dmp/samples/td0.2-response-active.xml":                      {why: "HL7 v3"},
	"dmp/samples/td0.2-response-error.unsure.xml":                {why: "HL7 v3"},
	"dmp/samples/td0.2-response-not-found.xml":                   {why: "HL7 v3"},
	"dmp/samples/td0.3-request-add.xml":                          {why: "authorisations: no documents"},
	"dmp/samples/td0.3-request-remove-mt.xml":                    {why: "authorisations: no documents"},
	"dmp/samples/td0.3-response.xml":                             {why: "authorisations: no documents"},
	"dmp/samples/td0.4-request.xml":                              {why: "authorisations: no documents"},
	"dmp/samples/td0.4-response.xml":                             {why: "authorisations: no documents"},
	"dmp/samples/td0.5-request.xml":                              {why: "HL7 v3"},
	"dmp/samples/td1.3a-request.xml":                             {why: "HL7 v3"},
	"dmp/samples/td1.6-request.xml":                              {why: "authorisations: no documents"},
	"dmp/samples/td1.6-response.xml":                             {why: "authorisations: no documents"},
	"dmp/samples/td2.1-document-cda.c14n-withcomments.sha1.txt":  {why: "a digest"},
	"dmp/samples/td2.1-document-cda.xml":                         {why: "a CDA: TestEntryOfTheOfficialSample derives its entry"},
	"dmp/samples/td2.1-request-envelope.xml":                     {as: asSubmission},
	"dmp/samples/td2.1-request.http":                             {as: asSubmission},
	"dmp/samples/td2.1-response-failure.unsure.xml":              {as: asResponse},
	"dmp/samples/td2.1-response-success.xml":                     {as: asResponse},
	"dmp/samples/td2.1-signature-xades.xml":                      {why: "a signature: package internal/xmlsec"},
	"dmp/samples/td2.1-submitobjects-cda.xml":                    {as: asSubmission},
	"dmp/samples/td2.1-submitobjects-kos.xml":                    {as: asSubmission},
	"dmp/samples/td2.1-submitobjects-replace.xml":                {as: asSubmission},
	"dmp/samples/td3.1-find-by-reference-id.xml":                 {as: asQuery},
	"dmp/samples/td3.1-find-submission-sets.xml":                 {as: asQuery},
	"dmp/samples/td3.1-get-associations.xml":                     {as: asQuery},
	"dmp/samples/td3.1-get-documents-and-associations.xml":       {as: asQuery},
	"dmp/samples/td3.1a-find-documents.xml":                      {as: asQuery},
	"dmp/samples/td3.1a-find-imaging-last-2-years.xml":           {as: asQuery},
	"dmp/samples/td3.1a-response.xml":                            {as: asAnswer},
	"dmp/samples/td3.1b-get-documents-by-uniqueid.xml":           {as: asQuery},
	"dmp/samples/td3.1b-response.xml":                            {as: asAnswer},
	"dmp/samples/td3.2-request.xml":                              {as: asRequest},
	"dmp/samples/td3.2-response.http":                            {as: asDocuments},
	"dmp/samples/td3.3-response-success.xml":                     {as: asResponse},
	"dmp/samples/td3.3a-mask.xml":                                {as: asSubmission},
	"dmp/samples/td3.3c-delete.xml":                              {as: asSubmission},
	"dmp/samples/td3.3d-archive.xml":                             {as: asSubmission},
	"dmp/samples/td3.3d-unarchive.xml":                           {as: asSubmission},
	"dmp/samples/test-signing-cert.pem":                          {why: "a certificate"},
	"dmp/samples/vihf-directe-bris-de-glace-unsigned.xml":        {why: "an assertion: package internal/saml"},
	"dmp/samples/vihf-directe-unsigned.xml":                      {why: "an assertion"},
	"dmp/samples/vihf-indirecte-automate.xml":                    {why: "an assertion"},
	"dmp/samples/vihf-indirecte-renforcee-simplifiee.unsure.xml": {why: "an assertion"},
	"dmp/samples/vihf-indirecte-renforcee.xml":                   {why: "an assertion"},
	"dmp/samples/vihf-indirecte-secret.xml":                      {why: "an assertion"},
	"dmp/samples/vihf-indirecte-sha1.xml":                        {why: "an assertion"},
	"dmp/samples/vihf-indirecte.xml":                             {why: "an assertion"},
	"mssante/xdm/FACTS.txt":                                      {why: "a text"},
	"mssante/xdm/IHE_XDM.ZIP":                                    {as: asPackage},
	"mssante/xdm/bad-hash.zip":                                   {as: asPackage},
	"mssante/xdm/bad-missing-document.zip":                       {as: asPackage},
	"mssante/xdm/bad-zip-slip.zip":                               {as: asPackage},
	"mssante/xdm/delete-action-D-slotname-UNSURE.zip":            {as: asPackage},
	"mssante/xdm/ok-lowercase-and-root-folder.zip":               {as: asPackage},
	"mssante/xdm/sample/IHE_XDM/SUBSET01/DOC00001.XML":           {why: "a CDA"},
	"mssante/xdm/sample/IHE_XDM/SUBSET01/METADATA.XML":           {as: asSubmission},
	"mssante/xdm/sample/INDEX.HTM":                               {why: "a page"},
	"mssante/xdm/sample/README.TXT":                              {why: "a text"},
}

// Every official file is in the table, and what holds XDS metadata is read and
// written again with everything that it holds: attributes, slots,
// classifications, identifiers, known and unknown, in their order under each
// name. What is not kept is layout, the identifiers of parts, the object that
// a misplaced classification names, and the order of slots of different names.
func TestOfficialFilesLoseNothing(t *testing.T) {
	t.Parallel()
	data := filepath.Join(testkit.SharedDir(t), "data")
	for _, dir := range []string{"drim", "dmp/samples", "mssante/xdm"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(data, filepath.FromSlash(dir)), func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			rel, err := filepath.Rel(data, p)
			assert.Containsf(t, corpus, filepath.ToSlash(rel), "a new file: say in the table what it is")
			return err
		}))
	}
	for name, s := range corpus {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := testkit.ReadShared(t, name)
			if s.as == notHere {
				require.NotEmpty(t, s.why)
				for _, word := range []string{"SubmitObjectsRequest>", "AdhocQueryResponse>", "AdhocQueryRequest>", "RetrieveDocumentSetResponse>"} {
					assert.NotContains(t, string(b), word, "it does hold XDS metadata")
				}
				return
			}
			if path.Ext(name) == ".http" {
				b = envelopeOf(t, b)
			}
			s.check(t, b)
		})
	}
}

// envelopeOf takes the envelope out of a recorded HTTP message.
func envelopeOf(t *testing.T, b []byte) []byte {
	t.Helper()
	const end = "</soap:Envelope>"
	from, to := bytes.Index(b, []byte("<soap:Envelope")), bytes.Index(b, []byte(end))
	require.True(t, from > 0 && to > from)
	return b[from : to+len(end)]
}

func (s sample) check(t *testing.T, b []byte) {
	t.Helper()
	switch s.as {
	case asSubmission:
		lot, warnings, err := xds.ParseSubmission(b)
		require.NoError(t, err)
		assert.Equal(t, s.quirks, messagesOf(warnings))
		out, err := lot.AppendXML(nil)
		require.NoError(t, err)
		sameFacts(t, b, out)
	case asPackage:
		r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		n := 0
		for _, f := range r.File {
			if !strings.EqualFold(path.Base(f.Name), "METADATA.XML") {
				continue
			}
			n++
			rc, err := f.Open()
			require.NoError(t, err)
			metadata, err := io.ReadAll(rc)
			require.NoError(t, err)
			require.NoError(t, rc.Close())
			sample{as: asSubmission, quirks: s.quirks}.check(t, metadata)
		}
		assert.Positive(t, n)
	case asAnswer:
		r, err := xds.ParseQueryResponse(b)
		require.NoError(t, err)
		assert.Equal(t, s.quirks, messagesOf(r.Warnings))
		out, err := r.AppendXML(nil)
		require.NoError(t, err)
		sameFacts(t, b, out)
	case asQuery:
		q, err := ebrim.ReadQuery(element(t, b, "AdhocQueryRequest"))
		require.NoError(t, err)
		require.NotEmpty(t, q.Parameters)
		for _, p := range q.Parameters {
			_, err := q.Parameter(p.Name)
			require.NoError(t, err, p.Name)
		}
	case asRequest:
		requests, err := xds.ParseRetrieve(b)
		require.NoError(t, err)
		out, err := xds.AppendRetrieve(nil, requests...)
		require.NoError(t, err)
		assert.Empty(t, testkit.Diff(canonical(t, b, "RetrieveDocumentSetRequest"), canonical(t, out, "RetrieveDocumentSetRequest")))
	case asDocuments:
		r, err := xds.ParseRetrieveResponse(b)
		require.NoError(t, err)
		out, err := r.AppendXML(nil)
		require.NoError(t, err)
		assert.Empty(t, testkit.Diff(canonical(t, b, "RetrieveDocumentSetResponse"), canonical(t, out, "RetrieveDocumentSetResponse")))
	case asResponse:
		r, err := xds.ParseResponse(b)
		require.NoError(t, err)
		out, err := r.AppendXML(nil)
		require.NoError(t, err)
		again, err := xds.ParseResponse(out)
		require.NoError(t, err)
		assert.Equal(t, r, again)
		read, err := ebrim.ReadResponse(element(t, b, "RegistryResponse"))
		require.NoError(t, err)
		assert.Len(t, r.Errors, len(read.Errors))
	}
}

func messagesOf(warnings []segur.Detail) []string {
	var out []string
	for _, w := range warnings {
		out = append(out, w.Message)
	}
	return out
}

// fatal is what testing.T and rapid.T share.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	FailNow()
}

func element(t fatal, doc []byte, local string) *xmlr.Node {
	t.Helper()
	root, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(t, err)
	for n := range root.Walk() {
		if n.Name.Local == local {
			return n
		}
	}
	require.Fail(t, "no element "+local)
	return nil
}

// sameFacts compares two registry object lists, what was read and what was
// written.
func sameFacts(t *testing.T, before, after []byte) {
	t.Helper()
	// The one sample that is not XML with namespaces.
	before = bytes.Replace(before, []byte("<ns3:SubmitObjectsRequest>"), []byte(`<ns3:SubmitObjectsRequest xmlns:ns3="urn:x">`), 1)
	want, got := listFacts(t, before), listFacts(t, after)
	assert.Equal(t, want, got)
	assert.NotEmpty(t, want)
}

// listFacts says everything that a list holds, one fact a line.
func listFacts(t fatal, doc []byte) []string {
	t.Helper()
	list, err := ebrim.ReadList(element(t, doc, "RegistryObjectList"))
	require.NoError(t, err)
	var out []string
	for _, o := range list.Objects {
		id := o.ID
		if o.Kind == ebrim.Association {
			id = o.Source + ">" + o.Target
		}
		out = append(out, factsOfObject(string(o.Kind)+" "+id, o)...)
	}
	slices.Sort(out)
	return out
}

func factsOfObject(id string, o *ebrim.Object) []string {
	out := []string{fmt.Sprintf("%s: lid %q status %q objectType %q home %q mime %q opaque %q type %q name %q description %q version %q",
		id, o.LID, o.Status, o.ObjectType, o.Home, o.MimeType, o.Opaque, o.Type, o.Name, o.Description, o.Version)}
	rank := map[string]int{} // the order matters under one name
	fact := func(key, format string, args ...any) {
		rank[key]++
		out = append(out, fmt.Sprintf("%s: %s #%d ", id, key, rank[key])+fmt.Sprintf(format, args...))
	}
	for _, s := range o.Slots {
		fact("slot "+s.Name, "%q", s.Values)
	}
	for _, c := range o.Classifications {
		fact("classification "+c.Scheme+c.Node, "%q %q %q", c.Code, c.Name, sortedSlots(c.Slots))
	}
	for _, x := range o.Identifiers {
		fact("identifier "+x.Scheme, "%q %q", x.Value, x.Name)
	}
	return out
}

func sortedSlots(s []ebrim.Slot) []ebrim.Slot {
	s = slices.Clone(s)
	slices.SortStableFunc(s, func(a, b ebrim.Slot) int { return strings.Compare(a.Name, b.Name) })
	return s
}
