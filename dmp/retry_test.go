package dmp_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/internal/testkit"
)

// Every code is explained in both languages, in words of its own language, and
// says what may be sent again.
func TestCodes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range dmp.Codes() {
		name := c.Code + c.Text
		assert.NotEmpty(t, name)
		assert.False(t, seen[name], name)
		seen[name] = true
		assert.Greater(t, len(c.Help.FR), 20, name)
		assert.Greater(t, len(c.Help.EN), 20, name)
		assert.NotEqual(t, c.Help.FR, c.Help.EN, name)
		assert.NotEmpty(t, c.Retry, name)
		if c.Kind == segur.KindUnavailable {
			assert.Contains(t, []dmp.Retry{dmp.RetryLater, dmp.RetryOnce}, c.Retry, name)
		}
		found, ok := dmp.ExplainCode(name)
		assert.True(t, ok)
		assert.Equal(t, c.Help, found.Help)
	}
	_, ok := dmp.ExplainCode("XDSNobodyKnows")
	assert.False(t, ok)
}

// The official table and ours say the same of each code.
func TestCodesOfTheOfficialTable(t *testing.T) {
	t.Parallel()
	want := map[string][]dmp.Retry{ // by class of the table
		"ok": {dmp.RetryNotNeeded}, "warning": {dmp.RetryNotNeeded},
		"functional": {dmp.RetryNever, dmp.RetryNotNeeded}, "config": {dmp.RetryNever}, "rights": {dmp.RetryNever},
		"metadata": {dmp.RetryNever}, "protocol": {dmp.RetryNever}, "caller": {dmp.RetryNever},
		"idempotency": {dmp.RetryNever, dmp.RetryAfterLookup}, "state": {dmp.RetryAfterReading},
		"transient": {dmp.RetryLater}, "transient?": {dmp.RetryOnce},
	}
	lines := strings.Split(strings.TrimSpace(string(testkit.ReadShared(t, "dmp/tables/errors.tsv"))), "\n")
	require.Len(t, lines, 1+46)
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		code, class := cells[0], cells[3]
		info, ok := dmp.ExplainCode(code)
		if assert.True(t, ok, code) {
			assert.Contains(t, want[class], info.Retry, code)
		}
	}
}

func TestRetryOf(t *testing.T) {
	t.Parallel()
	assert.Equal(t, dmp.RetryNotNeeded, dmp.RetryOf(nil))
	assert.Equal(t, dmp.RetryNever, dmp.RetryOf(errors.New("x")))
	for _, c := range []struct {
		err  segur.Error
		want dmp.Retry
	}{
		{segur.Error{Kind: segur.KindOutcomeUnknown, Code: "XDSRegistryBusy"}, dmp.RetryAfterLookup},
		{segur.Error{Kind: segur.KindUnavailable}, dmp.RetryLater},
		{segur.Error{Kind: segur.KindUnavailable, Code: "XDSRegistryError"}, dmp.RetryOnce},
		{segur.Error{Kind: segur.KindAuthentication, Code: "XDSRegistryError"}, dmp.RetryNever}, // classed by its text
		{segur.Error{Op: "dmp.submit", Kind: segur.KindPartial, Code: "XDSRepositoryBusy"}, dmp.RetryAfterLookup},
		{segur.Error{Kind: segur.KindConflict, Code: "XDSMetadataVersionError"}, dmp.RetryAfterReading},
		{segur.Error{Kind: segur.KindConflict, Code: "XDSDuplicateUniqueIdInRegistry"}, dmp.RetryAfterLookup},
		{segur.Error{Kind: segur.KindInvalidInput}, dmp.RetryNever},
	} {
		assert.Equal(t, c.want, dmp.RetryOf(&c.err), c.err.Code)
	}
}
