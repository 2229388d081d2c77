package ins

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/traits"
)

// compareDates compares a local birth date with the one of INSi. Each side may have a date whose month or day is
// unknown; the local side may have completed it by rule.
//
//   - What INSi has incomplete agrees with the local date completed by the rules, whatever marks it: Equivalent.
//   - A local date of which parts are unknown, or marked as completed by rule, is Compatible when what both sides know
//     agrees: it was not INSi's date that was known here, so a person must compare. Where the rules make exactly INSi's
//     date of it: Equivalent, or Same.
//   - A complete local date that INSi has incomplete is Different unless the rules make it: INSi cannot prove the rest.
func compareDates(local segur.Traits, returned segur.Date) Agreement {
	date := local.BirthDate
	switch {
	case date.IsZero() || returned.IsZero():
		return Unknown
	case date == returned:
		return Same
	case traits.Completed(date) == traits.Completed(returned):
		return Equivalent
	case date.Complete() && !local.BirthDateInterpreted:
		return Different
	case traits.StandsFor(date, returned), !date.Complete() && traits.Overlap(date, returned):
		return Compatible
	}
	return Different
}
