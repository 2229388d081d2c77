package cda

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAppendTS(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(rt, "offset"))
		at := time.Unix(rapid.Int64Range(-2_000_000_000, 200_000_000_000).Draw(rt, "seconds"), 0).In(zone)
		require.Equal(rt, at.Format("20060102150405-0700"), string(appendTS(nil, at)))
	})
}

func TestCodeShapes(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"18748-4": true, "26257-6": true, "100-8": true, "18748-5": false, "18748": false, "18748-": false, "-4": false,
		"18748-44": false, "1874x-4": false, "": false, "08748-4": false, "12345678-9": false,
	} {
		assert.Equal(t, want, isLOINC(s), s)
	}
	for s, want := range map[string]bool{"NZQN001": true, "NZQN01": false, "nzqn001": false, "NZQ0001": false, "NZQN00A": false, "": false} {
		assert.Equal(t, want, isCCAM(s), s)
	}
	for s, want := range map[string]bool{"33063": true, "2A004": true, "2B033": true, "99352": true, "2C004": false, "3306": false, "330633": false, "A2004": false} {
		assert.Equal(t, want, isCOG(s), s)
	}
	for s, want := range map[string]bool{"99700218896": true, "99900000011": true, "99900000015": false, "9990000001x": false} {
		assert.Equal(t, want, luhn(s), s)
	}
	for s, want := range map[string]bool{
		"1990000019": true, "12A0000014": true, "399900000000017": true, "2123456789": true, "499900000011": true,
		"990000019": false, "1": false, "19900000199": false, "5990000019": false, "1 90000019": false, "199000001é": false,
	} {
		assert.Equal(t, want, isStructureID(s), s)
	}
	assert.Equal(t, int64(4), encodedLen(1))
	assert.Equal(t, int64(4), encodedLen(3))
	assert.Equal(t, int64(8), encodedLen(4))
	assert.Positive(t, encodedLen(math.MaxInt32))
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		list, name string
		want       bool
	}{
		{"ANNE ELISE LUCE", "Anne-Élise", true},
		{"ANNE-ÉLISE", "ANNE ELISE", true},
		{"D'ARTAGNAN PAUL", "d’Artagnan", true},
		{"CŒUR ÆGIDE", "COEUR", true},
		{"ANNETTE", "ANNE", false},
		{"LUCE ANNE", "ANNE", false},
		{"ANNE", "ANNE LUCE", false},
	} {
		assert.Equal(t, tc.want, beginsWith(tc.list, tc.name), "%s, %s", tc.list, tc.name)
	}
}
