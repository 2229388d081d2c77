package cda_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// references gives a document whose history has n observations that refer to
// the element big, which is in its text.
func references(t *testing.T, n int, big string) []byte {
	t.Helper()
	r, s := chest(t)
	doc := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	at := strings.Index(doc, `<code code="11348-0"`)
	require.Positive(t, at)
	at = strings.LastIndex(doc[:at], "<entry>")
	const entry = `<entry><observation classCode="OBS" moodCode="EVN"><code code="11348-0" codeSystem="2.16.840.1.113883.6.1"/>` +
		`<value><originalText><reference value="#big"/></originalText></value></observation></entry>`
	doc = doc[:at] + strings.Repeat(entry, n) + doc[at:]
	const anchor = `<content ID="history-medical1">`
	require.Contains(t, doc, anchor)
	return []byte(strings.Replace(doc, anchor, big+anchor, 1))
}

// A small file must not become large in memory: many entries that refer to one
// text are many times that text.
func TestReferencesDoNotAmplify(t *testing.T) {
	t.Parallel()
	t.Run("one text", func(t *testing.T) {
		t.Parallel()
		_, err := cda.Parse(references(t, 2_000, `<content ID="big">`+strings.Repeat("abc ", 50_000)+`</content>`))
		require.ErrorIs(t, err, segur.ErrTooLarge)
	})
	t.Run("one list", func(t *testing.T) {
		t.Parallel()
		p, err := cda.Parse(references(t, 2_000, `<list ID="big">`+strings.Repeat("<item>asthme</item>", 500)+`</list>`))
		require.NoError(t, err)
		assert.Len(t, p.Report.History.Medical, 502, "the list once, and the two of the report")
	})
	t.Run("ordinary", func(t *testing.T) {
		t.Parallel()
		p, err := cda.Parse(references(t, 100, `<content ID="big">`+strings.Repeat("abc ", 1_000)+`</content>`))
		require.NoError(t, err)
		assert.Len(t, p.Report.History.Medical, 102)
	})
}

// A text in very many runs is read once, not once for each.
func TestTextInManyRuns(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	doc := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	const runs = 1_000_000 // a quadratic reader takes minutes
	doc = strings.Replace(doc, "<title>", "<title>"+strings.Repeat("a<!---->", runs), 1)
	p, err := cda.Parse([]byte(doc))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(p.Header.Title, strings.Repeat("a", runs)+"CR "))
}
