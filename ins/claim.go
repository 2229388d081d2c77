package ins

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// Claim is an identity to verify: a number and the traits that it is said to belong to. Its printed forms are redacted.
type Claim struct {
	// ID refers to the claim in a batch: unique there, never personal data, since it may leave with the batch. Letters,
	// digits, ".", "_" and "-", 64 at most. Required by [VerifyAll] only.
	ID string
	// INS is the number.
	INS segur.INS
	// Matricule and Authority give the number as text where INS is zero, as a data base has it: 15 characters and the
	// OID, checked as [segur.ParseINS] does. Both empty when INS is given.
	Matricule string
	Authority segur.OID
	// Traits are the traits: BirthName, FirstGivenName, Sex and BirthDate are required, as INSi wants them ([Normalize]).
	Traits segur.Traits
	// Attributes are the marks of the local identity: a doubtful or fictitious one is not verified.
	Attributes segur.IdentityAttributes
}

// ClaimOf makes the claim of a patient.
func ClaimOf(id string, p segur.Patient) Claim {
	return Claim{ID: id, INS: p.INS, Traits: p.Traits, Attributes: p.Attributes}
}

// String returns a redacted form.
func (c Claim) String() string { return "Claim(redacted)" }

// Format writes the redacted form whatever the verb.
func (c Claim) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c Claim) LogValue() slog.Value { return slog.StringValue(c.String()) }

// checked returns the claim with its number in INS, the criteria and warnings. What is wrong is added to p, under path.
func (c Claim) checked(p *segur.Problems, path string, env segur.Environment, now time.Time) (Claim, segur.Traits, []segur.Detail) {
	switch {
	case !c.INS.IsZero() && (c.Matricule != "" || c.Authority != ""):
		p.Add(path+".matricule", "must be empty where ins is given")
	case c.INS.IsZero() && c.Matricule == "" && c.Authority == "":
		p.Add(path+".ins", "is required")
	case c.INS.IsZero():
		number, err := segur.ParseINS(c.Matricule, c.Authority)
		p.Merge(path, err)
		c.INS, c.Matricule, c.Authority = number, "", ""
	}
	checkINS(p, path+".ins", c.INS, env)
	checkAttributes(p, path+".attributes", c.Attributes)
	criteria, warnings := checkTraits(p, path+".traits", c.Traits, now)
	if c.Traits.GivenNames != "" {
		checkName(p, path+".traits.givenNames", c.Traits.GivenNames, givenName)
	}
	return c, criteria, warnings
}

// maxClaimID bounds the identifier of a claim.
const maxClaimID = 64

// checkID adds what is wrong with the identifier of a claim of a batch.
func (c Claim) checkID(p *segur.Problems, path string) {
	number := c.INS.Body()
	if number == "" && len(c.Matricule) >= 13 {
		number = c.Matricule[:13]
	}
	switch {
	case c.ID == "":
		p.Add(path, "is required")
	case !claimID(c.ID):
		p.Addf(path, "must be letters, digits, \".\", \"_\" or \"-\", %d at most", maxClaimID)
	case number != "" && strings.Contains(c.ID, number):
		p.Add(path, "must not hold the number itself")
	}
}

func claimID(s string) bool {
	return len(s) <= maxClaimID && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && r != '_' && r != '-' && (r > 'z' || !alphanumeric(string(r)))
	})
}
