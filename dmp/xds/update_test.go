package xds_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// elements lists the objects of a SubmitObjectsRequest in their order, each
// with its attributes, then everything below it, sorted: names that a message
// gives to parts (cla1, ei2) are left out.
func elements(t *testing.T, message []byte) [][]string {
	t.Helper()
	root, err := xmlr.Parse(message, xmlr.Options{})
	require.NoError(t, err)
	list := root.Find("*", "RegistryObjectList")
	if list == nil {
		list = root.Find("*", "Body/SubmitObjectsRequest/RegistryObjectList")
	}
	require.NotNil(t, list)
	var flat func(n *xmlr.Node, top bool) string
	flat = func(n *xmlr.Node, top bool) string {
		var attrs []string
		for _, a := range n.Attrs {
			if a.Local == "id" && !top {
				continue
			}
			attrs = append(attrs, fmt.Sprintf("{%s}%s=%q", a.Space, a.Local, a.Value))
		}
		slices.Sort(attrs)
		out := fmt.Sprintf("{%s}%s %s %q", n.Name.Space, n.Name.Local, strings.Join(attrs, " "), n.TrimText())
		if !top {
			for _, c := range n.Children {
				out += " (" + flat(c, false) + ")"
			}
		}
		return out
	}
	var out [][]string
	for _, o := range list.Children {
		object := []string{flat(o, true)}
		for _, c := range o.Children {
			object = append(object, flat(c, false))
		}
		slices.Sort(object[1:])
		out = append(out, object)
	}
	return out
}

// usual takes what an entry was read with out of it: what is written is then
// our own form.
func usual(set xds.SubmissionSet) xds.SubmissionSet {
	return xds.SubmissionSet{UniqueID: set.UniqueID, SourceID: set.SourceID, PatientID: set.PatientID, Submitted: set.Submitted,
		Title: set.Title, Author: set.Author, ContentTypeCode: set.ContentTypeCode}
}

// Our changes of status are the official ones, element by element.
func TestChangeStatusOfTheSamples(t *testing.T) {
	t.Parallel()
	const entry = "urn:uuid:0f0f0f0f-1111-4222-8333-444444444444"
	for sample, c := range map[string][2]xds.Status{
		"td3.3c-delete.xml":    {xds.Approved, xds.Deleted},
		"td3.3d-archive.xml":   {xds.Approved, xds.Archived},
		"td3.3d-unarchive.xml": {xds.Archived, xds.Approved},
	} {
		message := testkit.ReadShared(t, "dmp/samples/"+sample)
		s, warnings, err := xds.ParseSubmission(message)
		require.NoError(t, err)
		require.Empty(t, warnings)
		ours := xds.ChangeStatus(usual(s.Set), entry, c[0], c[1])
		b, err := ours.AppendXML(nil)
		require.NoError(t, err)
		assert.Equal(t, elements(t, message), elements(t, b), sample)
	}
}

// Masking is the official one, and so is what stays.
func TestChangeVisibilityOfTheSample(t *testing.T) {
	t.Parallel()
	message := testkit.ReadShared(t, "dmp/samples/td3.3a-mask.xml")
	s, warnings, err := xds.ParseSubmission(message)
	require.NoError(t, err)
	require.Empty(t, warnings)
	before := s.Entries[0].WithVisibility(xds.HiddenFromPatient)
	before.ID = "urn:uuid:0f0f0f0f-1111-4222-8333-444444444444"
	ours, err := xds.ChangeVisibility(usual(s.Set), before, append(before.Visibility(), xds.HiddenFromProfessionals)...)
	require.NoError(t, err)
	b, err := ours.AppendXML(nil)
	require.NoError(t, err)
	assert.Equal(t, elements(t, message), elements(t, b))
	assert.Equal(t, []xds.Visibility{xds.HiddenFromPatient}, before.Visibility(), "the entry that was read is not modified")
}

func TestChangeEntry(t *testing.T) {
	t.Parallel()
	found := xds.DocumentEntry{ID: "urn:uuid:1", UniqueID: "1.2.3", LogicalID: "urn:uuid:2", Version: "4", Hash: "aa", Size: 7, MimeType: "text/xml",
		Status: xds.Approved, ConfidentialityCodes: []segur.Code{{Code: "N", System: "2.16.840.1.113883.5.25"}}}
	for field, change := range map[string]func(*xds.DocumentEntry){
		"entry.uniqueID":     func(e *xds.DocumentEntry) { e.UniqueID = "1.2.4" },
		"entry.logicalID":    func(e *xds.DocumentEntry) { e.LogicalID = "" },
		"entry.patientID":    func(e *xds.DocumentEntry) { e.PatientID.ID = "1" },
		"entry.repositoryID": func(e *xds.DocumentEntry) { e.RepositoryID = "1.2" },
		"entry.hash":         func(e *xds.DocumentEntry) { e.Hash = "bb" },
		"entry.size":         func(e *xds.DocumentEntry) { e.Size = 8 },
		"entry.mimeType":     func(e *xds.DocumentEntry) { e.MimeType = "text/plain" },
		"entry.status":       func(e *xds.DocumentEntry) { e.Status = xds.Archived },
	} {
		next := found
		change(&next)
		_, err := xds.ChangeEntry(xds.SubmissionSet{}, found, next)
		require.ErrorIs(t, err, segur.ErrInvalidInput, field)
		require.ErrorContains(t, err, field)
	}
	next := found
	next.Title = "Autre titre"
	s, err := xds.ChangeEntry(xds.SubmissionSet{}, found, next)
	require.NoError(t, err)
	assert.Equal(t, "Document01", s.Entries[0].ID)
	assert.Equal(t, []xds.Association{{ID: "as1", Type: xds.HasMember, Source: "SubmissionSet01", Target: "Document01", SetStatus: "Original", PreviousVersion: "4"}}, s.Associations)
	for _, e := range []xds.DocumentEntry{{LogicalID: "l", UniqueID: "u"}, {Version: "1", UniqueID: "u"}, {Version: "1", LogicalID: "l"}} {
		_, err := xds.ChangeVisibility(xds.SubmissionSet{}, e)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
}
