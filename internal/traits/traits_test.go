package traits_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/traits"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want segur.Agreement
	}{
		{"", "A", segur.AgreementUnknown}, {"A", "", segur.AgreementUnknown}, {"A", "A", segur.AgreementSame},
		{"D'AIGUE", "D’Aigüe", segur.AgreementEquivalent}, {"JEAN LOUP", "JEAN-LOUP", segur.AgreementEquivalent},
		{"JEAN", "JEANNE", segur.AgreementDifferent}, {"'", "-", segur.AgreementDifferent},
	} {
		assert.Equal(t, tc.want, traits.Names(tc.a, tc.b), "%q %q", tc.a, tc.b)
	}
	assert.Equal(t, segur.AgreementEquivalent, traits.Places("2A004", "2a004"))
	assert.Equal(t, segur.AgreementUnknown, traits.Places("2A004", "99999"))
	assert.Equal(t, segur.AgreementDifferent, traits.Places("2A004", "2B004"))
	assert.True(t, traits.Begins([]string{"ANNE", "LUCE"}, []string{"ANNE"}))
	assert.False(t, traits.Begins([]string{"ANNE"}, []string{"ANNE", "LUCE"}))
	assert.False(t, traits.Begins([]string{"LUCE", "ANNE"}, []string{"ANNE"}))
}

func TestDates(t *testing.T) {
	t.Parallel()
	year, month, day := segur.Date{Year: 1934}, segur.Date{Year: 1934, Month: 2}, segur.NewDate(1934, 2, 17)
	assert.Equal(t, segur.NewDate(1934, 12, 31), traits.Completed(year))
	assert.Equal(t, segur.NewDate(1934, 2, 1), traits.Completed(month))
	assert.Equal(t, day, traits.Completed(day))
	assert.True(t, traits.Completed(segur.Date{}).IsZero())

	for date, want := range map[segur.Date][3]bool{ // may stand for the year, the month, the day
		segur.NewDate(1934, 12, 31): {true, true, true},
		segur.NewDate(1934, 2, 1):   {true, true, true},
		segur.NewDate(1934, 1, 17):  {true, true, true},
		segur.NewDate(1934, 1, 18):  {true, true, false},
		segur.NewDate(1934, 3, 1):   {true, false, false},
		segur.NewDate(1935, 12, 31): {false, false, false},
		month:                       {false, false, false},
	} {
		assert.Equal(t, want, [3]bool{traits.StandsFor(date, year), traits.StandsFor(date, month), traits.StandsFor(date, day)}, date)
	}
	assert.True(t, traits.Overlap(month, day))
	assert.True(t, traits.Overlap(day, year))
	assert.False(t, traits.Overlap(day, day), "both complete")
	assert.False(t, traits.Overlap(month, segur.NewDate(1934, 3, 1)))
	assert.False(t, traits.Overlap(year, segur.NewDate(1935, 3, 1)))
}
