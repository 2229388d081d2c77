package identity

import "github.com/segur-sdk/segur"

// Places is a table of the code officiel géographique of INSEE, which a vendor fills and keeps up to date. It is safe
// for concurrent use.
type Places interface {
	// Known reports whether the code was in force on the day at: the code of a place of birth is the one of that time,
	// whatever happened to the commune since. ok is false when the table cannot tell; nothing is concluded then.
	Known(cog string, at segur.Date) (known, ok bool)
}

// PlaceKind is what the code of a place of birth stands for, as far as the code says.
type PlaceKind uint8

// The kinds.
const (
	// PlaceInvalid: not a code.
	PlaceInvalid PlaceKind = iota
	// PlaceCommune: a commune of a department of France.
	PlaceCommune
	// PlaceOverseas: a commune overseas, 97xxx or 98xxx.
	PlaceOverseas
	// PlaceCountry: a country, 99xxx.
	PlaceCountry
	// PlaceUnknown: 99999.
	PlaceUnknown
)

// KindOfPlace reads the shape of a code: two digits, or 2A or 2B, and three digits. Departments that are no more, such
// as 20, keep their codes for those who were born there.
func KindOfPlace(cog string) PlaceKind {
	if !segur.IsCOG(cog) {
		return PlaceInvalid
	}
	switch cog[:2] {
	case "97", "98":
		return PlaceOverseas
	case "99":
		if cog == segur.BirthplaceUnknown {
			return PlaceUnknown
		}
		return PlaceCountry
	}
	return PlaceCommune
}

// CheckBirthPlace refuses what is not a code of a place of birth. 99999, unknown, is one: a validated or qualified
// identity that has it gets a warning.
func CheckBirthPlace(cog string) error {
	var p segur.Problems
	switch {
	case cog == "":
		p.Add("birthPlace", "is required: one of the five strict traits; 99999 when it is not known")
	case KindOfPlace(cog) == PlaceInvalid:
		p.Add("birthPlace", "must be a COG code: 5 digits, with 2A or 2B for Corsica; 99 and three digits for a country; 99999 when it is not known")
	}
	return p.Err("identity.CheckBirthPlace")
}
