package datamatrix

import (
	"errors"
	"fmt"
	"log/slog"
	"unique"
)

// Payload is the content of an INS datamatrix, as [Encode] makes it. It holds the whole identity: its printed forms are
// redacted, JSON is refused, and the bytes come out by [Payload.Bytes] only. Payloads are comparable with ==.
type Payload struct {
	// A handle, so that fmt prints an address where it reaches the field by reflection.
	text unique.Handle[string]
}

// IsZero reports whether there is no payload.
func (p Payload) IsZero() bool { return p == Payload{} }

// Bytes returns the exact bytes of the symbol, separators (0x1D) included, for a printer or a library that draws it
// itself: Data Matrix ECC 200, GS as data, neither FNC1 nor ECI. Nil for the zero Payload.
func (p Payload) Bytes() []byte {
	if p.IsZero() {
		return nil
	}
	return []byte(p.text.Value())
}

// String returns a redacted form.
func (p Payload) String() string {
	if p.IsZero() {
		return "Payload(none)"
	}
	return "Payload(redacted)"
}

// Format writes the redacted form whatever the verb.
func (p Payload) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p Payload) LogValue() slog.Value { return slog.StringValue(p.String()) }

var errNoImplicitPayload = errors.New("datamatrix: a payload is not serialised implicitly: use Bytes()")

// MarshalJSON refuses: an identity leaves the program only where the caller names it.
func (p Payload) MarshalJSON() ([]byte, error) { return nil, errNoImplicitPayload }
