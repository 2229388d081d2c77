package cda_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// damaged removes or repeats one element of a document, or removes an attribute.
func damaged(tb testing.TB, doc []byte, random *rand.Rand) (out []byte, what string) {
	tb.Helper()
	root, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(tb, err)
	var nodes []*xmlr.Node
	for n := range root.Walk() {
		if n != root {
			nodes = append(nodes, n)
		}
	}
	n := nodes[random.IntN(len(nodes))]
	switch random.IntN(3) {
	case 0:
		if len(n.Attrs) > 0 {
			a := n.Attrs[random.IntN(len(n.Attrs))]
			tag := regexp.MustCompile(` ([a-z0-9-]+:)?` + a.Local + `="[^"]*"`)
			if at := tag.FindIndex(n.Raw()); at != nil {
				return append(bytes.Clone(doc[:n.Start+at[0]]), doc[n.Start+at[1]:]...), "removed " + n.Parent.Name.Local + "/" + n.Name.Local + "/@" + a.Local
			}
		}
		fallthrough
	case 1:
		return append(bytes.Clone(doc[:n.Start]), doc[n.End:]...), "removed " + n.Parent.Name.Local + "/" + n.Name.Local
	}
	return append(append(bytes.Clone(doc[:n.End]), n.Raw()...), doc[n.End:]...), "repeated " + n.Parent.Name.Local + "/" + n.Name.Local
}

// officialErrors counts the errors of the official checker by file: one call for all.
func officialErrors(t *testing.T, docs map[string][]byte) (map[string]int, testkit.CDAReport) {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for name, doc := range docs {
		path := filepath.Join(dir, name+".xml")
		require.NoError(t, os.WriteFile(path, doc, 0o600))
		files = append(files, path)
	}
	report := testkit.CDACheck(t, files...)
	counts := map[string]int{}
	for _, m := range officialTotals.FindAllStringSubmatch(report.Output, -1) {
		counts[filepath.Base(m[1])], _ = strconv.Atoi(m[2])
	}
	require.Len(t, counts, len(docs), "a line for each document")
	return counts, report
}

var officialTotals = regexp.MustCompile(`(?m)^(.+)\.xml: errors=(\d+)`)

// One call of the official checker judges the mutants, with the verdict that
// their table says, and documents that lack an element or have one twice:
// whatever it refuses of these, this package refuses too.
func TestCheckAgainstTheOfficialRules(t *testing.T) {
	t.Parallel()
	size := 8
	if n, err := strconv.Atoi(os.Getenv("SEGUR_DAMAGE")); err == nil {
		size = n // a longer run, with another sample each time
	}
	random := rand.New(rand.NewPCG(7, uint64(size)))
	docs, whats := map[string][]byte{}, map[string]string{}
	for _, base := range []string{"level3-complete", "level3-acts", "request-complete", "complete"} {
		doc := []byte(golden(t, base))
		for i := range size {
			name := base + "-" + strconv.Itoa(i)
			docs[name], whats[name] = damaged(t, doc, random)
		}
	}
	all := mutants(t)
	for _, m := range all {
		docs[m.name] = []byte(m.doc)
	}
	official, report := officialErrors(t, docs)
	for _, m := range all {
		assert.Equal(t, m.official, official[m.name] > 0, "%s\n%s", m.name, linesOf(report.Output, m.name+".xml"))
	}
	seen := 0
	for name, what := range whats {
		if official[name] > 0 {
			seen++
			ours := cda.Check(docs[name], cda.LikeOfficialChecker(), cda.AllowAnyPDF())
			assert.False(t, ours.OK(), "%s: %s\n%s", name, what, linesOf(report.Output, name+".xml"))
		}
	}
	assert.Greater(t, seen, len(whats)/4)
}

func linesOf(output, file string) string {
	var out []string
	for line := range strings.SplitSeq(output, "\n") {
		if strings.Contains(line, file) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
