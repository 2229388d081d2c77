package segur

import (
	"fmt"
	"log/slog"
)

// Code is a coded concept: a code, the OID of the code system it belongs to,
// and labels for people. Two codes are the same when Code and System are
// equal; labels are never compared.
type Code struct {
	// Code is the code itself, such as "18748-4".
	Code string
	// System is the OID of the code system, such as 2.16.840.1.113883.6.1.
	System OID
	// SystemName is the name of the code system, such as "LOINC". Optional.
	SystemName string
	// Display is the label of the code in its value set. Optional on input,
	// filled from the SDK's tables where they know the code.
	Display string
}

// IsZero reports whether c holds neither code nor system.
func (c Code) IsZero() bool { return c.Code == "" && c.System == "" }

// Equal reports whether both are the same concept, ignoring labels.
func (c Code) Equal(other Code) bool { return c.Code == other.Code && c.System == other.System }

// Identifier is an instance identifier: an assigning authority and the value
// it assigned. It carries local patient numbers (IPP), order and accession
// numbers. The printed forms of a matricule are redacted.
type Identifier struct {
	// Root is the OID of the assigning authority.
	Root OID
	// Extension is the value, unique below Root. May be empty when Root alone identifies.
	Extension string
	// Assigner is the authority's name for people. Optional.
	Assigner string
}

// IsZero reports whether the identifier is empty.
func (i Identifier) IsZero() bool { return i.Root == "" && i.Extension == "" }

// insArc holds the authorities that assign an INS and those of the former INS-C.
const insArc OID = "1.2.250.1.213.1.4"

// personal reports whether Extension is the national number of a person.
func (i Identifier) personal() bool { return i.Extension != "" && i.Root.Within(insArc) }

// Format writes a matricule in a redacted form whatever the verb, and every
// other identifier as its fields.
func (i Identifier) Format(f fmt.State, verb rune) {
	type plain Identifier
	if i.personal() {
		i.Extension = "(redacted)"
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), plain(i))
}

// LogValue makes slog redact a matricule.
func (i Identifier) LogValue() slog.Value {
	if i.personal() {
		i.Extension = "(redacted)"
	}
	return slog.GroupValue(slog.String("root", string(i.Root)), slog.String("extension", i.Extension))
}
