package mssante_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/internal/testkit"
)

// Every test and every identifier that docs/mssante.md cites exists, and each complaint has a test.
func TestComplaintsTable(t *testing.T) {
	t.Parallel()
	page := testkit.CheckPage(t, "..", "docs/mssante.md", ".", "mssante", "mssante/xdm", "mssante/whitelist", "mssante/annuaire",
		"mssante/mssantetest", "psc", "psc/psctest", "credential/revocation", "cda")
	assert.Equal(t, 12, page.Rows)
	assert.Greater(t, page.Cited, 80)
}
