package cda

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// RecordTarget is the patient of a document, read from its recordTarget element
// alone. Its printed forms are redacted.
type RecordTarget struct {
	// IDs are the identifiers as they are written, INS included: an INS is told
	// by its root, and is checked by [segur.ParseINS].
	IDs []segur.Identifier
	// Traits are the identity traits.
	Traits segur.Traits
	// BirthPlaceName is the name of the commune or of the country of birth.
	BirthPlaceName string
	// Address is the first postal address.
	Address segur.Address
	// Telecoms are phone numbers and mail addresses.
	Telecoms []segur.Telecom
	// Warnings lists what departs from the national rules and was understood all
	// the same.
	Warnings []segur.Detail
}

// String returns a redacted form.
func (t RecordTarget) String() string { return "RecordTarget(redacted)" }

// Format writes the redacted form whatever the verb.
func (t RecordTarget) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue makes slog write the redacted form.
func (t RecordTarget) LogValue() slog.Value { return slog.StringValue(t.String()) }

// CheckPatient checks a patient as every document does, and returns the copy
// that is written: blanks normalised, and without the INS of an identity that is
// not qualified. Of cfg it uses Environment, which is required, and Clock. The
// error is [segur.ErrInvalidInput] and lists everything that is wrong.
func CheckPatient(cfg Config, p segur.Patient) (segur.Patient, error) {
	return checkPatient("cda.CheckPatient", cfg, p)
}

func checkPatient(op string, cfg Config, p segur.Patient) (segur.Patient, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	c := &checker{cfg: cfg, naming: true}
	if !cfg.Environment.Valid() {
		c.Add("environment", "must be segur.Production, segur.Qualification or segur.Fake")
	}
	p = c.patient(p)
	if err := c.problems.Err(op); err != nil {
		return segur.Patient{}, err
	}
	return p, nil
}

// WriteRecordTarget writes the recordTarget element of a patient alone, in the
// namespace urn:hl7-org:v3 and in canonical form: what a document of this package
// holds, for those who write the rest themselves. birthPlaceName is optional. See
// [CheckPatient] for cfg and the errors.
func WriteRecordTarget(cfg Config, p segur.Patient, birthPlaceName string) ([]byte, error) {
	const op = "cda.WriteRecordTarget"
	p, err := checkPatient(op, cfg, p)
	if err != nil {
		return nil, err
	}
	x := xmlEncoder{xmlw.New(make([]byte, 0, 2<<10))}
	x.Start("recordTarget")
	x.NS("", nsCDA)
	x.patient(&p, clean(birthPlaceName))
	x.End()
	b, err := x.Bytes()
	if err != nil { // a character that XML has no place for
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "a text cannot be written in XML", Err: err}
	}
	if len(b) > maxHeaderBytes {
		return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Message: "the patient takes more than 1 MiB"}
	}
	return b, nil
}

// ReadRecordTarget reads a recordTarget element that stands alone, with the
// tolerance of [Reader.Parse] and its kinds of errors. 1 MiB at most.
func ReadRecordTarget(data []byte) (*RecordTarget, error) {
	text, err := toUTF8(data)
	if err != nil {
		return nil, err
	}
	t := &RecordTarget{}
	d := &decoder{
		Scanner: xmlr.NewScanner(text, xmlr.Options{MaxBytes: maxHeaderBytes, MaxDepth: maxTargetDepth}),
		src:     text, out: &Parsed{}, target: t,
	}
	for d.Next() {
		if d.Scanner.Kind() != xmlr.StartElement {
			continue
		}
		if !d.Is(nsCDA, "recordTarget") {
			return nil, &segur.Error{Op: opParse, Kind: segur.KindProtocol, Message: "the root element is not recordTarget in urn:hl7-org:v3"}
		}
		d.seen = true
		d.recordTarget()
	}
	if err := d.Err(); err != nil {
		return nil, parseError(err)
	}
	if !d.seen {
		return nil, &segur.Error{Op: opParse, Kind: segur.KindProtocol, Message: "there is no recordTarget element"}
	}
	t.IDs, t.Traits, t.Warnings = d.out.Header.PatientIDs, d.out.Header.Patient, d.out.Warnings
	return t, nil
}

// maxTargetDepth is far beyond what the schema allows.
const maxTargetDepth = 64
