package identity

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/segur-sdk/segur"
)

// Config is what a structure decides.
type Config struct {
	// Documents is the list of documents that an operator may choose from. nil: [DefaultDocuments]. A user interface
	// shows it without a default selection (EXI ID 19).
	Documents []Document
	// Places knows the codes of the places of birth. nil: their shape alone is checked. The SDK does not embed the
	// tables of INSEE; a référentiel d'identités must have them (EXI ID 14, EXI ID 15).
	Places Places
}

// Rules make and restore the identities of one structure. They are immutable and safe for concurrent use.
type Rules struct {
	documents []Document
	places    Places
}

// NewRules checks the configuration and says everything that is wrong at once.
func NewRules(cfg Config) (*Rules, error) {
	documents := cfg.Documents
	if documents == nil {
		documents = DefaultDocuments()
	}
	var p segur.Problems
	checkDocuments(&p, documents)
	if err := p.Err("identity.NewRules"); err != nil {
		return nil, err
	}
	return &Rules{documents: cloneDocuments(documents), places: cfg.Places}, nil
}

// Documents is the list for a user interface, in the order of the configuration.
func (r *Rules) Documents() []Document { return cloneDocuments(r.documents) }

// Entry is what an operator or a device entered. Its printed forms are redacted.
type Entry struct {
	// Traits must have the five strict traits: birth name, first given name, sex, complete birth date, place of birth.
	Traits segur.Traits
	// Method is how they were collected. Required.
	Method Method
}

// String returns a redacted form: the method only.
func (e Entry) String() string { return "Entry(" + string(e.Method) + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (e Entry) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.String())) }

// LogValue makes slog write the redacted form.
func (e Entry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// New creates a provisional identity. The five strict traits are required.
func (r *Rules) New(act Act, entry Entry) (Identity, error) {
	var p segur.Problems
	act.check(&p)
	checkMethod(&p, "method", entry.Method)
	checkTraits(&p, "traits", entry.Traits)
	r.checkEntered(&p, act, entry.Traits)
	if err := p.Err("identity.create"); err != nil {
		return Identity{}, err
	}
	var none Identity
	created := Identity{rules: r, method: entry.Method}
	created.setTraits(entry.Traits)
	return none.record(created, act, OperationCreate, nil), nil
}

// checkEntered is for the traits that people enter: what INSi or the storage gives is not checked against today's
// tables.
func (r *Rules) checkEntered(p *segur.Problems, act Act, t segur.Traits) {
	if !act.At.IsZero() && t.BirthDate.Complete() && t.BirthDate.Valid() && after(t.BirthDate, dateOf(act.At)) {
		p.Add("traits.birthDate", "must not be in the future")
	}
	if r.places == nil || t.BirthPlace == segur.BirthplaceUnknown || CheckBirthPlace(t.BirthPlace) != nil {
		return
	}
	if known, ok := r.places.Known(t.BirthPlace, t.BirthDate); ok && !known {
		p.Add("traits.birthPlace", "is not a code in force at the date of birth (EXI ID 14, EXI ID 15)")
	}
}

func after(a, b segur.Date) bool {
	return slices.Compare([]int{a.Year, a.Month, a.Day}, []int{b.Year, b.Month, b.Day}) > 0
}

func checkMethod(p *segur.Problems, field string, m Method) {
	if !m.Known() {
		p.Add(field, "must be SM, CV, INSI, CB or RFID")
	}
}
