package segur

// Agreement is how one trait, or number, of an identity stands to that of
// another: of a document to the own records, of INSi to what was searched.
type Agreement uint8

// The agreements. The zero value is the weakest that is not a contradiction.
const (
	// AgreementUnknown: one of the two sides does not have it.
	AgreementUnknown Agreement = iota
	// AgreementSame: equal as written.
	AgreementSame
	// AgreementEquivalent: equal for the rules of the INS, written otherwise:
	// case, accents, hyphen or apostrophe for a blank, the first given name as the
	// beginning of the list, a date completed by rule.
	AgreementEquivalent
	// AgreementCompatible: one side knows less than the other and nothing
	// contradicts: a person decides.
	AgreementCompatible
	// AgreementDifferent: the two contradict each other.
	AgreementDifferent
)

var agreementNames = [...]string{"unknown", "same", "equivalent", "compatible", "different"}

// String names the agreement.
func (a Agreement) String() string {
	if int(a) < len(agreementNames) {
		return agreementNames[a]
	}
	return "invalid"
}
