package dmp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

func batchesOf(n int) func(*dmp.Config) {
	return func(c *dmp.Config) { c.Settings.Search.BatchSize = n }
}

// Many documents are asked for in several calls, as if it were one: each comes
// once, and what is missing of all of them is one error.
func TestRetrieveAllInBatches(t *testing.T) {
	t.Parallel()
	srv, _, entries, contents := several(t, 3)
	client := newClient(t, srv, consulting, batchesOf(2))
	calls := func() int { return len(srv.Calls()) }
	before := calls()
	got, wrong, err := collected(t, client, entries)
	require.NoError(t, err)
	assert.Empty(t, wrong)
	assert.Equal(t, contents, got)
	assert.Equal(t, 2, calls()-before)

	absent := func(n int) *xds.DocumentEntry {
		return &xds.DocumentEntry{UniqueID: fmt.Sprintf("1.2.250.1.999.5.40%d", n)}
	}
	// Half of the first call, all of the second, half of the third.
	mixed := []*xds.DocumentEntry{entries[0], absent(1), absent(2), absent(3), absent(4), entries[1], entries[2]}
	got, _, err = collected(t, client, mixed)
	assert.Equal(t, contents, got)
	require.ErrorIs(t, err, segur.ErrPartial)
	e := asError(t, err)
	assert.Equal(t, "XDSDocumentUniqueIdError", e.Code)
	assert.Equal(t, "4 of 7 documents are not in the answers", e.Message)
	var missing []string
	for _, d := range e.Details {
		if d.Field != "" {
			missing = append(missing, d.Field)
		}
	}
	assert.Equal(t, []string{absent(1).UniqueID, absent(2).UniqueID, absent(3).UniqueID, absent(4).UniqueID}, missing)

	got, _, err = collected(t, client, []*xds.DocumentEntry{absent(1), absent(2), absent(3)})
	require.ErrorIs(t, err, segur.ErrNotFound)
	assert.Empty(t, got)

	// A refusal that is about no document ends it, and so does the caller.
	srv.Fail(dmptest.Fault{Op: "dmp.retrieve", After: 1, Status: 500, ContentType: soapType, Body: soapFault("Sender", "DMPAccessDeniedByRightsService", "Accès refusé")})
	got, _, err = collected(t, client, entries)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.Len(t, got, 2)
	before = calls()
	for range client.RetrieveAll(t.Context(), dmptest.Patient().INS, entries) {
		break
	}
	assert.Equal(t, 1, calls()-before)
	// The same document in two batches is refused before anything is sent.
	_, _, err = collected(t, client, append(slices.Clone(entries), entries[0]))
	assert.Equal(t, []string{"entries[3].uniqueID"}, fields(t, err))
	assert.Equal(t, 1, calls()-before)
}

// A content that nothing describes must exist all the same.
func TestRetrieveEmpty(t *testing.T) {
	t.Parallel()
	srv, client, entry, content := published(t)
	srv.Fail(dmptest.Fault{Op: "dmp.retrieve", Alter: func(b []byte) []byte { return bytes.Replace(b, content, nil, 1) }})
	r, err := client.Retrieve(t.Context(), dmptest.Patient().INS, &xds.DocumentEntry{UniqueID: entry.UniqueID})
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, segur.ErrSignature)
	require.ErrorIs(t, r.Close(), segur.ErrSignature)
}

// What is received never prints whose it is.
func TestConsultationPrintsNobody(t *testing.T) {
	t.Parallel()
	_, client, entry, _ := published(t)
	r, err := client.Retrieve(t.Context(), dmptest.Patient().INS, entry)
	require.NoError(t, err)
	defer r.Close() //nolint:errcheck // not read
	sync, err := client.Sync(t.Context(), dmp.SyncRequest{Patient: dmptest.Patient().INS, Since: examination.AddDate(0, 0, -1)})
	require.NoError(t, err)
	require.Len(t, sync.Changes, 1)
	var linked *dmp.Linked
	for l, err := range client.DocumentsAndAssociations(t.Context(), dmptest.Patient().INS, entry.ID) {
		require.NoError(t, err)
		linked = l
	}
	var b bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&b, nil))
	const said = "FICTIVE-DURAND CAMILLE"
	candidates := &dmp.PatientMatches{Candidates: []dmp.PatientCandidate{{Traits: dmptest.Patient().Traits}}}
	closed := &dmp.RecordStatus{Closing: &dmp.RecordClosing{Reason: said}}
	for _, v := range []any{r, *r, sync, *sync, sync.Changes[0], linked, *linked, candidates, closed, *closed, *closed.Closing, &dmp.AuthorizationChange{Context: said}, dmp.AuthorizationChange{Context: said}} {
		fmt.Fprintf(&b, "%v %+v %#v %s\n", v, v, v, v)
		log.Info("x", "v", v)
		noPrivateText(t, b.String())
		b.Reset()
	}
}

// Who may read a document is the line of its visibility, or of its status.
func TestRetrieval(t *testing.T) {
	t.Parallel()
	marked := func(v xds.Visibility) []segur.Code {
		return []segur.Code{{Code: string(v), System: "1.2.250.1.213.1.1.4.13"}}
	}
	for _, c := range []struct {
		entry xds.DocumentEntry
		want  dmp.Transaction
		right dmp.Right // of a physician in INDIRECTE_RENFORCEE
	}{
		{xds.DocumentEntry{}, dmp.TD32, dmp.Yes},
		{xds.DocumentEntry{Status: xds.Approved}, dmp.TD32, dmp.Yes},
		{xds.DocumentEntry{Status: xds.Archived}, dmp.TD32Archived, dmp.Yes},
		{xds.DocumentEntry{Status: xds.Deprecated}, dmp.TD32Obsolete, dmp.Yes},
		{xds.DocumentEntry{Status: xds.Deleted}, dmp.TD32Deleted, dmp.Yes},
		{xds.DocumentEntry{ConfidentialityCodes: marked(xds.HiddenFromPatient)}, dmp.TD32Invisible, dmp.Yes},
		{xds.DocumentEntry{ConfidentialityCodes: marked(xds.HiddenFromRepresentatives), Status: xds.Archived}, dmp.TD32Invisible, dmp.Yes},
		{xds.DocumentEntry{ConfidentialityCodes: marked(xds.HiddenFromProfessionals)}, dmp.TD32Masked, dmp.OwnDocuments},
	} {
		got := dmp.Retrieval(&c.entry)
		assert.Equal(t, c.want, got)
		assert.Equal(t, c.right, dmp.RightTo(dmp.IndirecteRenforcee, dmp.Physician, dmp.Normal, got))
	}
}

func adhocAnswer(status, errors, objects string) []byte {
	return envelope(`<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="` +
		status + `">` + errors + `<rim:RegistryObjectList>` + objects + `</rim:RegistryObjectList></query:AdhocQueryResponse>`)
}

func entryOf(id, uniqueID string) string {
	return `<rim:ExtrinsicObject id="` + id + `" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"><rim:ExternalIdentifier id="u` + id + `" identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab" registryObject="` +
		id + `" value="` + uniqueID + `"/></rim:ExtrinsicObject>`
}

// What a registry answers beside the question is not taken for nothing, nor
// for the answer.
func TestQueryAnswersAreJudged(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, consulting, func(c *dmp.Config) { c.Settings.Search.PageBy = dmp.NoPaging })
	patient := dmptest.Patient().INS
	const one, two = "urn:uuid:00000000-0000-4000-8000-000000000001", "urn:uuid:00000000-0000-4000-8000-000000000002"
	list := func(code, severity string) string {
		return `<rs:RegistryErrorList>` + registryError(code, "x", severity) + `</rs:RegistryErrorList>`
	}
	find := func(q dmp.Query) func() (int, error) {
		q.Patient = patient
		return func() (int, error) { got, err := found(client, q); return len(got), err }
	}
	lookup := func() (int, error) {
		id, err := client.Lookup(t.Context(), patient, "1.2.3")
		return len(id), err
	}
	sets := func() (n int, err error) {
		for _, e := range client.FindSubmissionSets(t.Context(), dmp.SetQuery{Patient: patient}) {
			n, err = n+1, e
		}
		return n, err
	}
	for name, c := range map[string]struct {
		call func() (int, error)
		body []byte
		want int
		kind error
		code string
	}{
		"references for entries": {find(dmp.Query{}), adhocAnswer(statusSuccess, "", `<rim:ObjectRef id="`+one+`"/>`), 0, segur.ErrProtocol, ""},
		"references for lots":    {sets, adhocAnswer(statusSuccess, "", `<rim:ObjectRef id="`+one+`"/>`), 1, segur.ErrProtocol, ""},
		"an entry twice":         {find(dmp.Query{}), adhocAnswer(statusSuccess, "", entryOf(one, "1.2.3")+entryOf(one, "1.2.3")), 1, nil, ""},
		"named":                  {find(dmp.Query{UniqueIDs: []string{"1.2.3"}}), adhocAnswer(statusSuccess, "", entryOf(one, "1.2.3")), 1, nil, ""},
		"not named":              {find(dmp.Query{UniqueIDs: []string{"1.2.4"}}), adhocAnswer(statusSuccess, "", entryOf(one, "1.2.3")), 0, segur.ErrProtocol, ""},
		"not named, in part":     {find(dmp.Query{UniqueIDs: []string{"1.2.4"}}), adhocAnswer(statusPartial, list("XDSRegistryError", "Error"), entryOf(one, "1.2.3")), 0, segur.ErrProtocol, ""},
		"cut, as a warning":      {find(dmp.Query{}), adhocAnswer(statusSuccess, list("XDSTooManyResults", "Warning"), entryOf(one, "1.2.3")), 1, segur.ErrPartial, "XDSTooManyResults"},
		"success with an error":  {find(dmp.Query{}), adhocAnswer(statusSuccess, list("XDSRegistryError", "Error"), entryOf(one, "1.2.3")), 1, segur.ErrPartial, "XDSRegistryError"},
		"success with a warning": {find(dmp.Query{}), adhocAnswer(statusSuccess, list("XDSRegistryError", "Warning"), entryOf(one, "1.2.3")), 1, nil, ""},
		"looked up, an entry":    {lookup, adhocAnswer(statusSuccess, "", entryOf(one, "1.2.3")), len(one), nil, ""},
		"looked up, another":     {lookup, adhocAnswer(statusSuccess, "", entryOf(one, "1.2.4")), 0, segur.ErrProtocol, ""},
		"looked up, twice":       {lookup, adhocAnswer(statusSuccess, "", `<rim:ObjectRef id="`+one+`"/><rim:ObjectRef id="`+one+`"/>`), len(one), nil, ""},
		"looked up, two":         {lookup, adhocAnswer(statusSuccess, "", `<rim:ObjectRef id="`+one+`"/><rim:ObjectRef id="`+two+`"/>`), 0, segur.ErrProtocol, ""},
	} {
		srv.Fail(dmptest.Fault{ContentType: soapType, Body: c.body})
		n, err := c.call()
		assert.Equal(t, c.want, n, name)
		if c.kind == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, c.kind, name)
		assert.Equal(t, c.code, asError(t, err).Code, name)
	}
}

// Named documents are asked for so many at a time.
func TestFindNamedInBatches(t *testing.T) {
	t.Parallel()
	srv, _, entries, _ := several(t, 3)
	client := newClient(t, srv, consulting, batchesOf(2))
	var uniqueIDs, ids []string
	for _, e := range entries {
		uniqueIDs, ids = append(uniqueIDs, e.UniqueID), append(ids, e.ID)
	}
	for _, q := range []dmp.Query{{UniqueIDs: append(uniqueIDs, uniqueIDs[0])}, {EntryUUIDs: ids}} {
		q.Patient = dmptest.Patient().INS
		before := len(srv.Calls())
		got, err := found(client, q)
		require.NoError(t, err)
		assert.Len(t, got, 3, "each once")
		assert.Equal(t, 2, len(srv.Calls())-before)
		var refs []string
		for id, err := range client.FindIDs(t.Context(), q) {
			require.NoError(t, err)
			refs = append(refs, id)
		}
		assert.ElementsMatch(t, ids, refs)
	}
}

// A state that could not be read again is not handed out.
func TestSyncStateIsAlwaysReadable(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, consulting)
	const id = "urn:uuid:00000000-0000-4000-8000-000000000001"
	codes := func(n int) (s string) {
		for i := range n {
			s += fmt.Sprintf(`<rim:Classification id="c%d" classificationScheme="urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f" classifiedObject="%s" nodeRepresentation="C%d"/>`, i, id, i)
		}
		return s
	}
	long := "1." + strings.Repeat("2", 400)
	for name, c := range map[string]struct {
		ids, entries string
		good         bool
	}{
		"as it is":         {`<rim:ObjectRef id="` + id + `"/>`, entryOf(id, "1.2.3"), true},
		"long identifier":  {"", entryOf(id, long), false},
		"long reference":   {`<rim:ObjectRef id="urn:uuid:` + long + `"/>`, "", false},
		"empty reference":  {`<rim:ObjectRef id=""/>`, "", false},
		"seventeen codes":  {"", strings.Replace(entryOf(id, "1.2.3"), "</rim:ExtrinsicObject>", codes(17)+"</rim:ExtrinsicObject>", 1), false},
		"a few codes more": {"", strings.Replace(entryOf(id, "1.2.3"), "</rim:ExtrinsicObject>", codes(16)+"</rim:ExtrinsicObject>", 1), true},
	} {
		srv.Fail(dmptest.Fault{ContentType: soapType, Body: adhocAnswer(statusSuccess, "", c.ids)}, dmptest.Fault{ContentType: soapType, Body: adhocAnswer(statusSuccess, "", c.entries)})
		r, err := client.Sync(t.Context(), dmp.SyncRequest{Patient: dmptest.Patient().INS})
		if !c.good {
			require.ErrorIs(t, err, segur.ErrProtocol, name)
			continue
		}
		require.NoError(t, err, name)
		b, err := json.Marshal(r.State)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, new(dmp.SyncState)), name)
	}
}
