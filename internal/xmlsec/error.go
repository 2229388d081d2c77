package xmlsec

// Reason classifies a refusal.
type Reason string

// Reasons.
const (
	ReasonStructure   Reason = "structure" // not the XML that a signature is made of
	ReasonAlgorithm   Reason = "algorithm" // algorithm or transform unknown or refused by policy
	ReasonReference   Reason = "reference" // a reference that cannot be resolved safely
	ReasonDuplicateID Reason = "duplicate id"
	ReasonDigest      Reason = "digest"      // content differs from what was signed
	ReasonSignature   Reason = "signature"   // the signature value is wrong
	ReasonCertificate Reason = "certificate" // absent, unreadable or unfit
	ReasonTrust       Reason = "trust"       // the chain does not lead to a trusted root, or usage
	ReasonInput       Reason = "input"       // what the caller gave cannot be signed
	ReasonSigner      Reason = "signer"      // the key (card, HSM) failed
)

// Error is the refusal to sign or to accept a signature. Detail holds no content of the message.
type Error struct {
	Reason Reason
	Detail string
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	s := "xmlsec: " + string(e.Reason) + ": " + e.Detail
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func refuse(r Reason, detail string) *Error { return &Error{Reason: r, Detail: detail} }

func refuseWith(r Reason, detail string, err error) *Error {
	return &Error{Reason: r, Detail: detail, Err: err}
}
