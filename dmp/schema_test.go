package dmp_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// schemaOf is the schema of a message, by the namespace of its element.
var schemaOf = map[string]string{
	"urn:ihe:iti:xds-b:2007":                        "IHE/XDS.b_DocumentRepository.xsd",
	"urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0":   "ebRS/lcm.xsd",
	"urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0": "ebRS/query.xsd",
	"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0":    "ebRS/rs.xsd",
}

// Every request of TD2.1, TD3.1, TD3.2 and TD3.3 follows the schemas of ebXML
// RegRep 3.0 and of XDS.b, and so does every answer of the fake. The schemas
// are not ours to distribute: SEGUR_XDS_SCHEMAS names a folder that has them
// as IHE publishes them, ebRS/{rim,rs,lcm,query}.xsd and
// IHE/XDS.b_DocumentRepository.xsd. The messages about the record itself are
// judged by the official samples (TestRecordRequests), the assertion by the
// schemas of SAML (package internal/saml).
func TestRequestsFollowTheSchemas(t *testing.T) {
	t.Parallel()
	schemas := os.Getenv("SEGUR_XDS_SCHEMAS")
	if schemas == "" {
		t.Skip("SEGUR_XDS_SCHEMAS does not name a folder with the schemas of ebXML RegRep and XDS.b (ebRS/, IHE/)")
	}
	exchanges := everyRegistryCall(t)
	dir, files, names := t.TempDir(), map[string][]string{}, map[string]int{}
	for i, x := range exchanges {
		for side, message := range map[string][]byte{"request": x.request.Bytes(), "response": x.response.Bytes()} {
			root, err := xmlr.Parse(inlined(t, message), xmlr.Options{})
			require.NoError(t, err, x.op)
			body := root.Child("*", "Body").Children[0]
			schema, known := schemaOf[body.Name.Space]
			require.True(t, known, "%s %s: %s", x.op, side, body.Name.Space)
			file := filepath.Join(dir, fmt.Sprintf("%03d-%s-%s.xml", i, x.op, side))
			require.NoError(t, os.WriteFile(file, xmlOf(t, body), 0o600))
			files[schema] = append(files[schema], file)
			names[side+" "+body.Name.Local]++
		}
	}
	for schema, list := range files {
		args := append([]string{"--nonet", "--noout", "--schema", filepath.Join(schemas, filepath.FromSlash(schema))}, list...)
		require.NoError(t, testkit.Run(t, nil, "xmllint", args...).Err(), schema)
	}
	damaged := bytes.Replace(readFile(t, files["ebRS/query.xsd"][0]), []byte("AdhocQuery "), []byte("Query "), 2)
	require.Error(t, testkit.XMLLintSchema(t, filepath.Join(schemas, "ebRS", "query.xsd"), damaged), "the judge judges")
	assert.GreaterOrEqual(t, names["request ProvideAndRegisterDocumentSetRequest"], 3)
	assert.GreaterOrEqual(t, names["request AdhocQueryRequest"], 12)
	assert.Equal(t, 2, names["request RetrieveDocumentSetRequest"])
	assert.GreaterOrEqual(t, names["request SubmitObjectsRequest"], 7)
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return b
}

// everyRegistryCall makes every call that has a message of ebXML, with every
// filter and form that it knows.
func everyRegistryCall(t *testing.T) []*exchange {
	t.Helper()
	ctx, patient := context.Background(), dmptest.Patient()
	srv, evidence := fake(t), &memoryEvidence{}
	kept := func(c *dmp.Config) { c.Evidence = evidence }
	feed, card := newClient(t, srv, kept), newClient(t, srv, onCard(srv), kept, func(c *dmp.Config) {
		c.Settings.AllowMetadataChange = true
	})

	// TD2.1: a report hidden from the patient, then its replacement with a KOS.
	first := newReport(t)
	_, err := feed.Submit(ctx, prepared(t, feed, dmp.SubmissionDocument{Document: first, Visibility: []xds.Visibility{xds.HiddenFromPatient}}))
	require.NoError(t, err)
	uuid, err := feed.Lookup(ctx, patient.INS, string(first.ID()))
	require.NoError(t, err)
	second := newReport(t, func(r *cda.Report) { *r = r.Replacing(first.Header()) })
	_, err = feed.Submit(ctx, prepared(t, feed, dmp.SubmissionDocument{Document: second, Replaces: uuid, Visibility: []xds.Visibility{xds.HiddenFromPatient}},
		dmp.SubmissionDocument{Content: sampleKOS(), Entry: kosEntry(second)}))
	require.NoError(t, err)
	lost := prepared(t, feed)
	srv.Fail(dmptest.Fault{Op: "dmp.submit", DropRequest: true})
	_, err = feed.Submit(ctx, lost)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	evidence.exchanges = evidence.exchanges[:len(evidence.exchanges)-1] // it has no answer
	_, err = feed.Resubmit(ctx, lost)
	require.NoError(t, err)

	// TD3.1: the six stored queries, all filters, both forms of answer.
	week := xds.Period{From: examination.Add(-7 * 24 * time.Hour), To: examination.Add(7 * 24 * time.Hour)}
	full := dmp.Query{
		Patient: patient.INS, Statuses: []xds.Status{xds.Approved, xds.Archived, xds.Deprecated},
		Types: []segur.Code{{Code: "18748-4"}, {Code: "11528-7"}}, Classes: []segur.Code{{Code: "31", System: "1.2.250.1.213.1.1.4.1"}},
		Formats:          []segur.Code{{Code: "urn:ihe:iti-fr:xds-sd:pdf:2024", System: "1.2.250.1.213.1.1.2.60"}},
		PracticeSettings: []segur.Code{{Code: "AMBULATOIRE", System: "1.2.250.1.213.1.1.4.9"}}, FacilityTypes: []segur.Code{{Code: "SA07", System: "1.2.250.1.71.4.2.4"}},
		Events:          [][]segur.Code{{{Code: "MR", System: "1.2.840.10008.2.16.4"}}},
		Confidentiality: [][]segur.Code{{{Code: "N", System: "2.16.840.1.113883.5.25"}}},
		Authors:         []string{"%^O'NEIL^%", "%^RADIOLOGUE^%"}, ServiceStart: week, ServiceStop: week, Created: week,
	}
	accession := xds.Reference{ID: "ACC-2026-0042", Authority: "1.2.250.1.999.3", Type: xds.ReferenceAccession}
	for _, q := range []dmp.Query{full, {Patient: patient.INS}, {Patient: patient.INS, References: [][]xds.Reference{{accession}}},
		{Patient: patient.INS, UniqueIDs: []string{string(second.ID())}}, {Patient: patient.INS, EntryUUIDs: []string{uuid}}} {
		_, err = found(card, q)
		require.NoError(t, err)
	}
	for _, err := range card.FindIDs(ctx, full) {
		require.NoError(t, err)
	}
	for _, err := range card.FindByReference(ctx, patient.INS, accession) {
		require.NoError(t, err)
	}
	for _, err := range card.FindSubmissionSets(ctx, dmp.SetQuery{Patient: patient.INS, Submitted: xds.Period{From: time.Now().Add(-time.Hour)},
		Statuses: []xds.Status{xds.Approved}, ContentTypes: []segur.Code{{Code: "07", System: "1.2.250.1.213.2.2"}}}) {
		require.NoError(t, err)
	}
	for _, err := range card.Associations(ctx, patient.INS, uuid) {
		require.NoError(t, err)
	}
	for _, err := range card.DocumentsAndAssociations(ctx, patient.INS, uuid) {
		require.NoError(t, err)
	}
	state, err := card.Sync(ctx, dmp.SyncRequest{Patient: patient.INS})
	require.NoError(t, err)
	_, err = card.Sync(ctx, dmp.SyncRequest{Patient: patient.INS, State: state.State})
	require.NoError(t, err)

	// TD3.2: one document, then several.
	entry := present(t, card, second)
	document, err := card.Retrieve(ctx, patient.INS, entry)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, document)
	require.NoError(t, errors.Join(err, document.Close()))
	all, err := found(card, dmp.Query{Patient: patient.INS})
	require.NoError(t, err)
	for document, err := range card.RetrieveAll(ctx, patient.INS, all) {
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, document)
		require.NoError(t, err)
	}

	// TD3.3: visibility, archive, other metadata, delete.
	change := func() dmp.EntryChange { return dmp.EntryChange{Patient: patient, Entry: present(t, card, second)} }
	for _, act := range []dmp.VisibilityAct{dmp.ShowToPatient, dmp.Mask, dmp.Unmask} {
		_, err = card.SetVisibility(ctx, dmp.VisibilityChange{EntryChange: change(), Act: act})
		require.NoError(t, err, act)
	}
	_, err = card.Archive(ctx, change())
	require.NoError(t, err)
	_, err = card.Unarchive(ctx, change())
	require.NoError(t, err)
	_, err = card.ChangeMetadata(ctx, dmp.MetadataChange{EntryChange: change(), Change: func(e *xds.DocumentEntry) error {
		e.Comments = "Relu"
		return nil
	}})
	require.ErrorContains(t, err, "XDSMetadataUpdateError", "the fake takes no such change, but the request is one")
	deletion, err := feed.PrepareDelete(ctx, dmp.DeleteRequest{Patient: patient, UniqueID: string(second.ID())})
	require.NoError(t, err)
	_, err = feed.Delete(ctx, deletion)
	require.NoError(t, err)
	return evidence.exchanges
}

var xopInclude = regexp.MustCompile(`<(?:\w+:)?Include [^>]*href="cid:([^"]+)"[^>]*>(?:</(?:\w+:)?Include>)?`)

// inlined is the envelope of an HTTP message with the bytes of its parts where
// the envelope includes them: what the schemas are about (XOP, 3.2).
func inlined(t *testing.T, message []byte) []byte {
	t.Helper()
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(message)))
	_, err := r.ReadLine()
	require.NoError(t, err)
	header, err := r.ReadMIMEHeader()
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	require.NoError(t, err)
	if kind != "multipart/related" {
		b, err := io.ReadAll(r.R)
		require.NoError(t, err)
		return b
	}
	parts, mr := map[string][]byte{}, multipart.NewReader(r.R, params["boundary"])
	for {
		p, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		b, err := io.ReadAll(p)
		require.NoError(t, err)
		parts[p.Header.Get("Content-Id")] = b
	}
	require.NotEmpty(t, parts[params["start"]])
	return xopInclude.ReplaceAllFunc(parts[params["start"]], func(include []byte) []byte {
		part := parts["<"+string(xopInclude.FindSubmatch(include)[1])+">"]
		require.NotEmpty(t, part, "%s", include)
		return []byte(base64.StdEncoding.EncodeToString(part))
	})
}
