package xop_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xop"
)

func TestHref(t *testing.T) {
	t.Parallel()
	for id, href := range map[string]string{
		"doc1@segur.test":            "cid:doc1@segur.test",
		"1.2@urn:ihe:iti:xds-b:2007": "cid:1.2@urn:ihe:iti:xds-b:2007",
		"a b%c/d?e<f":                "cid:a%20b%25c%2Fd%3Fe%3Cf",
		"<in.brackets@x>":            "cid:in.brackets@x",
		"0.1":                        "cid:0.1",
		"plus+sign@x":                "cid:plus+sign@x",
	} {
		assert.Equal(t, href, xop.Href(id))
		got, err := xop.ParseHref(href)
		require.NoError(t, err)
		assert.True(t, xop.SameID(href, id), id)
		if id[0] != '<' {
			assert.Equal(t, id, got)
		}
	}
	for _, bad := range []string{"", "cid:", "http://x/y", "cid", "cid:%zz", "cid:<>", " "} {
		_, err := xop.ParseHref(bad)
		assert.ErrorIs(t, err, xop.ErrCID, "%q", bad)
		assert.False(t, xop.SameID(bad, bad), "%q", bad)
	}
}

func TestSameID(t *testing.T) {
	t.Parallel()
	const id = "doc@urn:ihe:iti:xds-b:2007"
	assert.True(t, xop.SameID("cid:doc@urn%3Aihe%3Aiti%3Axds-b%3A2007", "<"+id+">"))
	assert.True(t, xop.SameID("CID:doc@urn%3aihe%3aiti%3axds-b%3a2007", id))
	assert.True(t, xop.SameID("cid:"+id, "<doc@urn%3Aihe%3Aiti%3Axds-b%3A2007>"), "encoded in the header only")
	assert.True(t, xop.SameID("cid:a%40b", "<a%40b>"), "encoded on both sides")
	assert.False(t, xop.SameID("cid:doc@urn%3Aihe", id))
	assert.False(t, xop.SameID("cid:Doc@x", "doc@x"), "identifiers are case-sensitive")
	assert.False(t, xop.SameID("cid:a+b", "a b"), "plus is not a blank")
}
