package cda

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur/internal/nos"
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

func TestShiftedDecimal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		by   int
		want string
	}{
		{"250.5", 6, "250500000"}, {"4.4", -3, "0.0044"}, {"12.50", -1, "1.250"}, {"0", 6, "0"}, {"0.001", 3, "1"},
		{"1", -6, "0.000001"}, {"007", 0, "7"}, {"0.5", 4, "5000"}, {"312.40", 0, "312.40"}, {"10", -1, "1.0"},
	} {
		assert.Equal(t, tc.want, shifted(tc.in, tc.by), "%s by %d", tc.in, tc.by)
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringMatching(`(0|[1-9][0-9]{0,8})(\.[0-9]{1,8})?`).Draw(rt, "number")
		n := rapid.IntRange(-9, 9).Draw(rt, "shift")
		a, ok := new(big.Rat).SetString(s)
		require.True(rt, ok)
		b, ok := new(big.Rat).SetString(shifted(s, n))
		require.True(rt, ok)
		require.True(rt, isDecimal(shifted(s, n)))
		ten := new(big.Rat).SetFrac(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, 0))), nil), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(-n, 0))), nil))
		require.Zero(rt, b.Cmp(a.Mul(a, ten)))
	})
}

func TestShapesOfSections(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"1": true, "0.5": true, "312.40": true, "": false, ".5": false, "5.": false, "1,5": false, "-1": false, "1e3": false, "1.2.3": false} {
		assert.Equal(t, want, isDecimal(s), s)
	}
	for s, want := range map[string]bool{"V08AB11": true, "V08": true, "V08A": true, "V08AB": true, "V08AB1": false, "v08ab11": false, "VO8AB11": false, "": false} {
		assert.Equal(t, want, isATC(s), s)
	}
	for s, want := range map[string]bool{"Z11039014": true, "C01": true, "Z1": false, "11039014": false, "ZZ11": false} {
		assert.Equal(t, want, isEMDN(s), s)
	}
	for s, want := range map[string]bool{"a": true, "_a": true, "a-1.b_c": true, "": false, "1a": false, "a b": false, "é": false, "a:b": false, "-a": false} {
		assert.Equal(t, want, isNarrativeID(s), s)
	}
	for _, m := range ionising {
		_, listed := nos.Modality.Lookup(m)
		assert.True(t, listed, m)
	}
	for code, units := range doseUnits {
		_, listed := nos.DoseQuantity.Lookup(code)
		assert.True(t, listed, code)
		assert.NotEmpty(t, units)
	}
	assert.Len(t, doseUnits, nos.DoseQuantity.Len(), "every quantity has its units")
}
