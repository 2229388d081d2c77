package segur

// Environment says which world a client talks to. The zero value is refused
// by every client, so that nobody reaches production by omission.
type Environment string

const (
	// Production holds real patients. Test and demonstration identities are refused.
	Production Environment = "production"
	// Qualification holds test data of the national platforms.
	Qualification Environment = "qualification"
	// Fake is the environment of the fakes of this SDK: loopback only.
	Fake Environment = "fake"
)

// problem returns the rule that e breaks, or "".
func (e Environment) problem() string {
	switch e {
	case Production, Qualification, Fake:
		return ""
	case "":
		return "must be set: segur.Production, segur.Qualification or segur.Fake"
	}
	return "unknown: use segur.Production, segur.Qualification or segur.Fake"
}

// Valid reports whether e is one of the three environments.
func (e Environment) Valid() bool { return e.problem() == "" }

// AcceptsINS reports whether identities of this authority may be used here:
// test and demonstration authorities are refused in production. Qualification
// platforms answer with the real authorities on fictional persons, so they
// are accepted there.
func (e Environment) AcceptsINS(authority OID) bool {
	if !IsINSAuthority(authority) {
		return false
	}
	return e != Production || (authority != OIDINSNIRTest && authority != OIDINSNIRDemo)
}
