package drim

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/segur-sdk/segur"
)

// Actor is in whose name the record is called. When a report changed, it is
// the sender of the message; when images changed, with no user behind, it is
// that of the submission of the archive.
type Actor struct {
	// Sender is PRT SB of the message. Zero when the report came without one.
	Sender Sender
	// Authenticator is the legal authenticator of the report, Author its first
	// author, each with the structure.
	Authenticator, Author segur.Professional
	// FacilityType is the kind of structure of the report (SA07), which the
	// assertion repeats.
	FacilityType segur.Code
	// Secret says that the connection is a secret one (CONNEXION_SECRETE).
	Secret bool
	// FromArchive says that nobody acts now: images changed.
	FromArchive bool
}

// Professional is the user that the assertion names: the sender, else who
// authenticated the report, else its author. Profession and specialty of a
// sender are completed from the report when that names the same person; what
// they still lack, the caller knows of its users, or publishes as an automaton.
func (a Actor) Professional() segur.Professional {
	p := a.Sender.Professional
	for _, other := range []segur.Professional{a.Authenticator, a.Author} {
		if p.ID == "" {
			p = other
		}
		if p.ID != other.ID {
			continue
		}
		if p.Profession.IsZero() {
			p.Profession = other.Profession
		}
		if p.Specialty.IsZero() {
			p.Specialty = other.Specialty
		}
	}
	if p.Profession.IsZero() {
		p.Profession = professionOf(p.Specialty)
	}
	structure := a.Structure()
	p.Organization = &structure
	return p
}

// professionOf is the profession that an author specialty tells: "G15_10/SM44"
// of JDV_J01 is that of a physician (TRE_G15, code 10).
func professionOf(specialty segur.Code) segur.Code {
	rest, ok := strings.CutPrefix(specialty.Code, "G15_")
	code, _, _ := strings.Cut(rest, "/")
	if !ok || code == "" {
		return segur.Code{}
	}
	return segur.Code{Code: code, System: "1.2.250.1.71.1.2.7"}
}

// Structure is the structure on whose behalf the record is called: that of the
// sender, else of who authenticated the report, else of its author. Its sector
// is that of the report when it has none.
func (a Actor) Structure() segur.Organization {
	o := a.Sender.Structure
	for _, other := range []segur.Professional{a.Authenticator, a.Author} {
		if o.ID == "" && other.Organization != nil {
			o = *other.Organization
		}
	}
	if o.Sector.IsZero() {
		o.Sector = a.FacilityType
	}
	return o
}

// String names nobody.
func (a Actor) String() string {
	return fmt.Sprintf("Actor(secret %t, from archive %t)", a.Secret, a.FromArchive)
}

// Format writes the redacted form whatever the verb.
func (a Actor) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue makes slog write the redacted form.
func (a Actor) LogValue() slog.Value { return slog.StringValue(a.String()) }

// actorOf is who acts for a report.
func actorOf(sender Sender, h segur.DocumentHeader, secret bool) Actor {
	a := Actor{Sender: sender, Authenticator: h.LegalAuthenticator.Professional, FacilityType: h.FacilityType, Secret: secret}
	if len(h.Authors) > 0 {
		a.Author = h.Authors[0].Professional
	}
	return a
}
