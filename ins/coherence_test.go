package ins_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

func TestCoherenceFirstGivenName(t *testing.T) {
	t.Parallel()
	for local, want := range map[string]ins.Agreement{
		"JEAN CHRISTOPHE  PIERRE":  ins.Equivalent,
		"JEAN'CHRISTOPHE":          ins.Equivalent,
		"JEAN PIERRE":              ins.Different,
		"JEAN":                     ins.Same,
		"JEAN CHRISTOPHE":          ins.Same,
		"JEAN-CHRISTOPHE":          ins.Equivalent,
		"JEAN-CHRISTOPHE-PIERRE":   ins.Equivalent,
		"JEAN CHRISTOPHE-PIERRE":   ins.Equivalent,
		"JEAN CHRISTOPHE PIERRE":   ins.Same,
		"Jean":                     ins.Equivalent,
		"CHRISTOPHE":               ins.Different,
		"PIERRE":                   ins.Different,
		"JEA":                      ins.Different,
		"JEANNE":                   ins.Different,
		"JEAN CHRISTOPHE PIERRE X": ins.Different,
		"":                         ins.Unknown,
	} {
		v := ins.Coherence(segur.Traits{FirstGivenName: local}, segur.Traits{GivenNames: "JEAN CHRISTOPHE PIERRE"})
		assert.Equal(t, want, v.FirstGivenName, local)
	}
	v := ins.Coherence(segur.Traits{FirstGivenName: "ZOE"}, segur.Traits{FirstGivenName: "ZOE"})
	assert.Equal(t, ins.Same, v.FirstGivenName, "without a list, the given name that INSi gave")
}

// completedLocally gives the local side a date that is marked as completed by rule.
func completedLocally(year int, month time.Month, day int) func(local, returned *segur.Traits) {
	return func(l, _ *segur.Traits) { l.BirthDate, l.BirthDateInterpreted = segur.NewDate(year, month, day), true }
}

func compatible(v *ins.Verdict) { v.BirthDate = ins.Compatible }

func TestCoherenceOfFields(t *testing.T) {
	t.Parallel()
	base := segur.Traits{BirthName: "D'AIGUE-FICTIVE", FirstGivenName: "ZOE", GivenNames: "ZOE ANNE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}
	tests := map[string]struct {
		change   func(local, returned *segur.Traits)
		want     func(v *ins.Verdict)
		coherent bool
	}{
		"all the same":           {func(_, _ *segur.Traits) {}, func(*ins.Verdict) {}, true},
		"name written freely":    {func(l, _ *segur.Traits) { l.BirthName = "d’Aigué fictive" }, func(v *ins.Verdict) { v.BirthName = ins.Equivalent }, true},
		"another name":           {func(l, _ *segur.Traits) { l.BirthName = "DURAND" }, func(v *ins.Verdict) { v.BirthName = ins.Different }, false},
		"names without a letter": {func(l, r *segur.Traits) { l.BirthName, r.BirthName = "'", "-" }, func(v *ins.Verdict) { v.BirthName = ins.Different }, false},
		"name missing":           {func(_, r *segur.Traits) { r.BirthName = "" }, func(v *ins.Verdict) { v.BirthName = ins.Unknown }, false},
		"another sex":            {func(l, _ *segur.Traits) { l.Sex = segur.Male }, func(v *ins.Verdict) { v.Sex = ins.Different }, false},
		"sex missing":            {func(_, r *segur.Traits) { r.Sex = "" }, func(v *ins.Verdict) { v.Sex = ins.Unknown }, false},
		"another day":            {func(l, _ *segur.Traits) { l.BirthDate.Day = 15 }, func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"date missing":           {func(_, r *segur.Traits) { r.BirthDate = segur.Date{} }, func(v *ins.Verdict) { v.BirthDate = ins.Unknown }, false},
		"day completed by rule": {func(l, r *segur.Traits) { l.BirthDate.Day, r.BirthDate.Day = 1, 0 },
			func(v *ins.Verdict) { v.BirthDate = ins.Equivalent }, true},
		"day not completed by rule": {func(_, r *segur.Traits) { r.BirthDate.Day = 0 }, func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"day and month completed": {func(l, r *segur.Traits) {
			l.BirthDate, r.BirthDate = segur.NewDate(1934, 12, 31), segur.Date{Year: 1934}
		},
			func(v *ins.Verdict) { v.BirthDate = ins.Equivalent }, true},
		"same incomplete date": {func(l, r *segur.Traits) {
			l.BirthDate, r.BirthDate = segur.Date{Year: 1934, Month: 2}, segur.Date{Year: 1934, Month: 2}
		},
			func(*ins.Verdict) {}, true},
		"day and month unknown, not 31 December": {func(l, r *segur.Traits) {
			l.BirthDate, r.BirthDate = segur.NewDate(1934, 1, 1), segur.Date{Year: 1934}
		}, func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"marked as completed, as INSi has it": {func(l, _ *segur.Traits) { l.BirthDateInterpreted = true }, func(*ins.Verdict) {}, true},
		"marked as completed, INSi incomplete": {func(l, r *segur.Traits) {
			l.BirthDate, l.BirthDateInterpreted, r.BirthDate = segur.NewDate(1934, 12, 31), true, segur.Date{Year: 1934}
		}, func(v *ins.Verdict) { v.BirthDate = ins.Equivalent }, true},
		"day completed, INSi knows it":                 {completedLocally(1985, 3, 1), compatible, false},
		"month completed, INSi knows it":               {completedLocally(1985, 1, 14), compatible, false},
		"day and month completed, INSi knows them":     {completedLocally(1985, 12, 31), compatible, false},
		"day completed, another month":                 {completedLocally(1985, 4, 1), func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"month completed, another day":                 {completedLocally(1985, 1, 15), func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"marked as completed, though no rule gives it": {completedLocally(1985, 3, 15), func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"day and month completed, INSi knows the month": {func(l, r *segur.Traits) {
			l.BirthDate, l.BirthDateInterpreted, r.BirthDate.Day = segur.NewDate(1985, 12, 31), true, 0
		}, compatible, false},
		"month completed, INSi knows it but not the day": {func(l, r *segur.Traits) {
			l.BirthDate, l.BirthDateInterpreted, r.BirthDate.Day = segur.NewDate(1985, 1, 14), true, 0
		}, compatible, false},
		"day completed, INSi knows the year only": {func(l, r *segur.Traits) {
			l.BirthDate, l.BirthDateInterpreted, r.BirthDate = segur.NewDate(1985, 3, 1), true, segur.Date{Year: 1985}
		}, compatible, false},
		"day completed, INSi knows another month": {func(l, r *segur.Traits) {
			l.BirthDate, l.BirthDateInterpreted, r.BirthDate.Day = segur.NewDate(1985, 4, 1), true, 0
		}, func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"marked, in the month that INSi knows": {func(l, r *segur.Traits) {
			l.BirthDate, l.BirthDateInterpreted, r.BirthDate.Day = segur.NewDate(1985, 3, 15), true, 0
		}, compatible, false},
		"completed, another year": {completedLocally(1984, 12, 31), func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"day unknown here":        {func(l, _ *segur.Traits) { l.BirthDate.Day = 0 }, compatible, false},
		"day unknown here, the first there": {func(l, r *segur.Traits) { l.BirthDate.Day, r.BirthDate.Day = 0, 1 },
			func(v *ins.Verdict) { v.BirthDate = ins.Equivalent }, true},
		"day unknown here, another month": {func(l, _ *segur.Traits) { l.BirthDate.Day, l.BirthDate.Month = 0, 4 }, func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"only the year known here":        {func(l, _ *segur.Traits) { l.BirthDate = segur.Date{Year: 1985} }, compatible, false},
		"only the year here, the month there": {func(l, r *segur.Traits) {
			l.BirthDate, r.BirthDate = segur.Date{Year: 1985}, segur.Date{Year: 1985, Month: 3}
		}, compatible, false},
		"another year, both incomplete": {func(l, r *segur.Traits) {
			l.BirthDate, r.BirthDate = segur.Date{Year: 1984}, segur.Date{Year: 1985, Month: 3}
		}, func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"another year": {func(l, r *segur.Traits) {
			l.BirthDate, r.BirthDate = segur.NewDate(1935, 12, 31), segur.Date{Year: 1934}
		}, func(v *ins.Verdict) { v.BirthDate = ins.Different }, false},
		"place not known here":  {func(l, _ *segur.Traits) { l.BirthPlace = "" }, func(v *ins.Verdict) { v.BirthPlace = ins.Unknown }, true},
		"place said unknown":    {func(l, _ *segur.Traits) { l.BirthPlace = "99999" }, func(v *ins.Verdict) { v.BirthPlace = ins.Unknown }, true},
		"place not known there": {func(_, r *segur.Traits) { r.BirthPlace = "" }, func(v *ins.Verdict) { v.BirthPlace = ins.Unknown }, true},
		"another place":         {func(l, _ *segur.Traits) { l.BirthPlace = "13055" }, func(v *ins.Verdict) { v.BirthPlace = ins.Different }, false},
		"Corsica in lower case": {func(l, r *segur.Traits) { l.BirthPlace, r.BirthPlace = "2a004", "2A004" }, func(v *ins.Verdict) { v.BirthPlace = ins.Equivalent }, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			local, returned := base, base
			tc.change(&local, &returned)
			want := ins.Verdict{BirthName: ins.Same, FirstGivenName: ins.Same, Sex: ins.Same, BirthDate: ins.Same, BirthPlace: ins.Same}
			tc.want(&want)
			got := ins.Coherence(local, returned)
			require.Equal(t, want, got)
			require.Equal(t, tc.coherent, got.Coherent())
			errors := 0
			for _, d := range got.Details() {
				if d.Severity == "error" {
					errors++
				}
			}
			require.Equal(t, tc.coherent, errors == 0, "details agree with the verdict")
		})
	}
	require.Empty(t, ins.Coherence(base, base).Details())
	details := ins.Verdict{BirthName: ins.Same, FirstGivenName: ins.Equivalent, Sex: ins.Same, BirthDate: ins.Compatible, BirthPlace: ins.Different}.Details()
	require.Equal(t, []segur.Detail{
		{Field: "traits.firstGivenName", Code: "equivalent", Severity: "warning", Message: "equivalent, written otherwise by INSi"},
		{Field: "traits.birthDate", Code: "compatible", Severity: "error", Message: "one side knows less than the other and nothing contradicts: a person must compare"},
		{Field: "traits.birthPlace", Code: "different", Severity: "error", Message: "INSi has another code: the one valid at birth counts, and communes merge and change their names"},
	}, details)
	require.False(t, ins.Verdict{}.Coherent(), "nothing compared is not coherent")
}
