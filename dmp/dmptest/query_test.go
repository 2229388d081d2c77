package dmptest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/ebrim"
)

// The syntax of each parameter is that of ITI-18, and nothing else passes.
func TestQueryParameters(t *testing.T) {
	t.Parallel()
	slot := func(name string, values ...string) ebrim.Slot { return ebrim.Slot{Name: name, Values: values} }
	patient, status := slot(entrySlot+"PatientId", "'1^^^&1.2&ISO^NH'"), slot(entrySlot+"Status", "('urn:a')")
	for name, c := range map[string]struct {
		id    string
		slots []ebrim.Slot
		code  string // of the refusal; empty when it is accepted
	}{
		"find":                {findDocuments, []ebrim.Slot{patient, status}, ""},
		"no status":           {findDocuments, []ebrim.Slot{patient}, "XDSStoredQueryMissingParam"},
		"patient as a list":   {findDocuments, []ebrim.Slot{slot(entrySlot+"PatientId", "('1')"), status}, "XDSStoredQueryParamNumber"},
		"patient bare":        {findDocuments, []ebrim.Slot{slot(entrySlot+"PatientId", "1"), status}, "XDSStoredQueryParamNumber"},
		"status not a list":   {findDocuments, []ebrim.Slot{patient, slot(entrySlot+"Status", "'urn:a'")}, "XDSStoredQueryParamNumber"},
		"unknown":             {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"Title", "('x')")}, "XDSStoredQueryParamNumber"},
		"reference elsewhere": {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"ReferenceIdList", "('x')")}, "XDSStoredQueryParamNumber"},
		"reference":           {findByReference, []ebrim.Slot{patient, status, slot(entrySlot+"ReferenceIdList", "('x')"), slot(entrySlot+"ReferenceIdList", "('y')")}, ""},
		"no reference":        {findByReference, []ebrim.Slot{patient, status}, "XDSStoredQueryMissingParam"},
		"events twice":        {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"EventCodeList", "('a^^1.2')"), slot(entrySlot+"EventCodeList", "('b^^1.2')")}, ""},
		"types twice":         {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"TypeCode", "('a^^1.2')"), slot(entrySlot+"TypeCode", "('b^^1.2')")}, "XDSStoredQueryParamNumber"},
		"code alone":          {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"TypeCode", "('a')")}, "XDSStoredQueryParamNumber"},
		"time":                {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"CreationTimeFrom", "20260101")}, ""},
		"quoted time":         {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"CreationTimeFrom", "'20260101'")}, "XDSStoredQueryParamNumber"},
		"time with an offset": {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"CreationTimeFrom", "20260101+0100")}, "XDSStoredQueryParamNumber"},
		"two times":           {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot+"CreationTimeFrom", "20260101", "20260102")}, "XDSStoredQueryParamNumber"},
		"no value":            {findDocuments, []ebrim.Slot{patient, status, slot(entrySlot + "TypeCode")}, "XDSStoredQueryParamNumber"},
		"both identifiers":    {getDocuments, []ebrim.Slot{slot(entrySlot+"UniqueId", "('1.2')"), slot(entrySlot+"EntryUUID", "('urn:uuid:1')")}, "XDSStoredQueryMissingParam"},
		"no identifier":       {getDocumentsLinks, nil, "XDSStoredQueryMissingParam"},
		"associations":        {getAssociations, []ebrim.Slot{slot("$uuid", "('urn:uuid:1','urn:uuid:2')")}, ""},
		"no object":           {getAssociations, nil, "XDSStoredQueryMissingParam"},
		"sets":                {findSets, []ebrim.Slot{slot(setSlot+"PatientId", "'1'"), slot(setSlot+"Status", "('a')"), slot(setSlot+"SubmissionTimeTo", "2026")}, ""},
		"sets without status": {findSets, []ebrim.Slot{slot(setSlot+"PatientId", "'1'")}, "XDSStoredQueryMissingParam"},
	} {
		m, r := storedQueries[c.id].read(ebrim.Query{ID: c.id, ReturnType: "LeafClass", Parameters: c.slots})
		if c.code == "" {
			assert.Nil(t, r, name)
			assert.NotNil(t, m, name)
			continue
		}
		require.NotNil(t, r, name)
		assert.Equal(t, c.code, r.Errors[0].Code, name)
	}
}
