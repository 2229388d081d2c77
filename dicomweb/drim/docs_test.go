package drim_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/internal/testkit"
)

// Every test and every identifier that docs/drim.md cites exists; each numbered
// row has a test, each rule its text and a test, each official question a row.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page := testkit.CheckPage(t, "../..", "docs/drim.md", ".", "dicomweb/drim", "dicomweb/drim/whitelist", "dicomweb/kos", "dicomweb",
		"dmp", "dmp/dmptest", "dmp/xds", "psc", "cda")
	assert.Equal(t, 12+6, page.Rows, "the traps, the acceptance list")
	assert.Greater(t, page.Cited, 120)

	b, err := os.ReadFile("../../docs/drim.md")
	require.NoError(t, err)
	text := string(b)
	for _, r := range drim.CrossCheck(drim.Objects{}).Results {
		assert.Regexp(t, `(?m)^\| `+r.Rule+` \| `+regexp.QuoteMeta(r.Text.EN)+" \\| `Test", text)
	}
	for i := range 40 {
		assert.Equal(t, 1, strings.Count(text, fmt.Sprintf("\n| Q%d | ", i+1)), "question %d", i+1)
	}
	for _, id := range []string{"INS/va1.36", "INS/va1.53", "INS4", "RNIV", "SC.DMP/CONF.11, CONF.21", "SC.DMP/CONF.12", "SC.DMP/ALI/PROG.10, PROG.11",
		"SC.DB/PFI.01", "TD2.1a", "TD2.1b", "TD3.3c", "DMP guide 2.9", "SC.MSS/CONF.01", "MSS/va1.01", "AMBU.MSS/va1.02", "SENTINELLE.20", "LABEL.06", "BIO/va1",
		"SC.CDA/DD.15", "SC.CDA/VISU.01", "ERGO/va1.05", "CI-SIS imaging N1", "SC.PSC.01", "ANN/va1.01", "SC.SSI/IAM.91", "SC.SSI/IAM.92", "SSI/IE.31",
		"SC.SSI/IE.33", "IE.38", "IE.58", "C17", "DB.SO.102", "spec 4.5.7", "spec 4.5.8.1", "spec 4.6.1", "spec 4.6.2", "Nombre_Appel"} {
		assert.Regexp(t, `(?m)^\| (.*, )?`+regexp.QuoteMeta(id), text, "requirement")
	}
}
