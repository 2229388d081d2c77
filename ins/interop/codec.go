package interop

import (
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/ins/identity"
)

// Config says how identities are written and read.
type Config struct {
	// Environment is required: test identities are refused in production, in both
	// directions.
	Environment segur.Environment
	// Clock tells which dates are in the future. nil: time.Now.
	Clock func() time.Time
	// IssuerLabels replaces the labels that HL7 v2 and DICOM want beside the OID
	// of an INS authority. Default: "ASIP-SANTE-INS-NIA" for
	// [segur.OIDINSNIA], "ASIP-SANTE-INS-NIR" for the three others. Labels are
	// written only: reading looks at the OID.
	IssuerLabels map[segur.OID]string
	// FourStatuses writes RECUP and QUAL in PID-32. Default: the two technical
	// statuses of the guide d'implémentation de l'INS, PROV and VALI.
	FourStatuses bool
	// HomonymCode is the code of the attribute "homonyme" in PID-32 and FHIR:
	// "HOMA" (default: FR Core names it the attribute) or "HOMD". Both are read.
	HomonymCode string
	// FRCore is the version of FR Core that resources are written for. Default:
	// [FRCore22]. All are read.
	FRCore FRCoreVersion
	// DICOMCharacterSet is the Specific Character Set (0008,0005) of the object
	// that the elements will be part of: "ISO_IR 100" or "ISO_IR 192". Default:
	// none, which holds ASCII only; any other letter is refused, since the object
	// would make another one of it.
	DICOMCharacterSet string
}

// Codec writes and reads identities. It is immutable and safe for concurrent
// use.
type Codec struct{ cfg Config }

// New checks the configuration and returns a Codec. The error is
// [segur.ErrInvalidInput] and lists everything that is wrong.
func New(cfg Config) (*Codec, error) {
	var p segur.Problems
	if !cfg.Environment.Valid() {
		p.Add("environment", "must be segur.Production, segur.Qualification or segur.Fake")
	}
	for oid := range cfg.IssuerLabels {
		if !segur.IsINSAuthority(oid) {
			p.Add("issuerLabels", "must have INS authorities as keys")
		}
	}
	switch cfg.HomonymCode {
	case "":
		cfg.HomonymCode = codeHomonym
	case codeHomonym, codeHomonymDetected:
	default:
		p.Add("homonymCode", "must be HOMA or HOMD")
	}
	switch cfg.FRCore {
	case 0:
		cfg.FRCore = FRCore22
	case FRCore21, FRCore22:
	default:
		p.Add("frCore", "is no version that this package knows")
	}
	switch cfg.DICOMCharacterSet {
	case "", charsetLatin1, charsetUTF8:
	default:
		p.Add("dicomCharacterSet", "must be ISO_IR 100, ISO_IR 192 or empty")
	}
	if err := p.Err("interop.New"); err != nil {
		return nil, err
	}
	cfg.IssuerLabels = maps.Clone(cfg.IssuerLabels)
	return &Codec{cfg}, nil
}

// label is what stands beside the OID of an INS authority.
func (c *Codec) label(oid segur.OID) string {
	if l, ok := c.cfg.IssuerLabels[oid]; ok {
		return l
	}
	if oid == segur.OIDINSNIA {
		return "ASIP-SANTE-INS-NIA"
	}
	return "ASIP-SANTE-INS-NIR"
}

// Identity is what the standards carry of a person. Its printed forms are
// redacted.
type Identity struct {
	// Patient is the person.
	Patient segur.Patient
	// Reliability says why the identity may be trusted. Optional; when it is
	// given, status and attributes are those of Patient. Filled when reading.
	Reliability identity.Reliability
	// INSSince is the day from which the INS is valid. Optional.
	INSSince segur.Date
	// History are former INS of the person. They leave with a qualified identity
	// only.
	History []segur.INS
	// BirthPlaceName is the name of the commune or country of birth. Optional.
	BirthPlaceName string
}

// String returns a redacted form: the status only.
func (i Identity) String() string {
	return "Identity(" + i.Patient.Status.String() + ", redacted)"
}

// Format writes the redacted form whatever the verb.
func (i Identity) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue makes slog write the redacted form.
func (i Identity) LogValue() slog.Value { return slog.StringValue(i.String()) }

// Reading is an identity that was read. Its printed forms are redacted.
type Reading struct {
	// Identity is what was understood. Patient.INS is there only when the
	// identity is qualified.
	Identity Identity
	// StatusStated says that what was read states the status. Otherwise it is
	// provisional where the standard has a place for it (PID, FHIR), and deduced
	// elsewhere: qualified when there is an INS, provisional when there is none.
	StatusStated bool
	// Codes are the other identity reliability codes that came (HL7 table 0445 of
	// France: DOUB, COLP, USUR ...), for the identity manager. INVA, USUR and
	// ANOM keep the INS out.
	Codes []string
	// FHIR is the whole resource; nil for other standards and for a resource that
	// the model cannot hold, which is said in Warnings.
	FHIR *fhir.Patient
	// Raw is what was read, as it came: personal data, left-out INS included. nil
	// for DICOM.
	Raw []byte
	// Warnings lists what was left out or understood in spite of its form. Field
	// is the path in the standard.
	Warnings []segur.Detail
}

// String returns a redacted form: the status only.
func (r Reading) String() string {
	return "Reading(" + r.Identity.Patient.Status.String() + ", redacted)"
}

// Format writes the redacted form whatever the verb.
func (r Reading) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Reading) LogValue() slog.Value { return slog.StringValue(r.String()) }

func (c *Codec) cda() cda.Config {
	return cda.Config{Environment: c.cfg.Environment, Clock: c.cfg.Clock}
}
