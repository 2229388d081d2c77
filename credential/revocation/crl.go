package revocation

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"time"
)

var (
	errCRL          = errors.New("not a revocation list")
	errCRLIssuer    = errors.New("the list is of another authority")
	errCRLSignature = errors.New("the signature of the list does not verify")
	errCRLUsage     = errors.New("the authority may not sign lists")
	errCRLEndless   = errors.New("the list does not say when the next one comes")
	errCRLFuture    = errors.New("the list is not valid yet: check the clock")
	errCRLEnded     = errors.New("the list has ended")
	errCRLScope     = errors.New("the list is indirect, of another distribution point, or about some certificates only")
	errCRLDelta     = errors.New("the list only holds changes (delta)")
	errCRLCritical  = errors.New("the list has a critical extension that is not known")
	errCRLEntries   = errors.New("the list has more entries than allowed")
)

// list is a revocation list that was verified.
type list struct {
	issuer     *x509.Certificate
	point      string   // where it came from
	names      []string // of the distribution points of the certificate that it was read for
	thisUpdate time.Time
	nextUpdate time.Time
	number     *big.Int       // nil when it has none
	revoked    map[string]int // reason by serial number, as bytes
}

var (
	oidIssuingPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidDelta        = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidEntryIssuer  = asn1.ObjectIdentifier{2, 5, 29, 29}
	oidReasonCode   = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidity   = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidHold         = asn1.ObjectIdentifier{2, 5, 29, 23}
)

// before reports whether l was made before other, by its date, then by its number.
func (l *list) before(other *list) bool {
	if !l.thisUpdate.Equal(other.thisUpdate) {
		return l.thisUpdate.Before(other.thisUpdate)
	}
	return l.number != nil && other.number != nil && l.number.Cmp(other.number) < 0
}

// parseList reads a list in DER, or PEM, and verifies that the issuer signed it for a distribution point with one of the
// names that the certificate gives, and that it counts at the time now, or counted until then: an end that has passed is
// for the caller.
func parseList(data []byte, issuer *x509.Certificate, names []string, now time.Time, skew time.Duration, maxEntries int) (*list, error) {
	if bytes.HasPrefix(data, []byte("-----BEGIN X509 CRL-----")) {
		b, rest := pem.Decode(data)
		if b == nil || len(bytes.TrimSpace(rest)) > 0 {
			return nil, errCRL
		}
		data = b.Bytes
	}
	l, err := x509.ParseRevocationList(data)
	if err != nil || len(l.Raw) != len(data) { // it passes over what follows
		return nil, errCRL
	}
	switch {
	case len(l.RevokedCertificateEntries) > maxEntries:
		return nil, errCRLEntries
	case !bytes.Equal(l.RawIssuer, issuer.RawSubject):
		return nil, errCRLIssuer
	case issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0:
		return nil, errCRLUsage
	}
	if err := l.CheckSignatureFrom(issuer); err != nil {
		return nil, errCRLSignature
	}
	for _, x := range l.Extensions {
		switch {
		case x.Id.Equal(oidDelta):
			return nil, errCRLDelta
		case x.Id.Equal(oidIssuingPoint):
			if !wholeScope(x.Value, names) {
				return nil, errCRLScope
			}
		case x.Critical:
			return nil, errCRLCritical
		}
	}
	switch {
	case l.NextUpdate.IsZero():
		return nil, errCRLEndless
	case l.ThisUpdate.After(now.Add(skew)), !l.NextUpdate.After(l.ThisUpdate):
		return nil, errCRLFuture
	}
	out := &list{issuer: issuer, names: names, thisUpdate: l.ThisUpdate, nextUpdate: l.NextUpdate, number: l.Number,
		revoked: make(map[string]int, len(l.RevokedCertificateEntries))}
	for _, e := range l.RevokedCertificateEntries {
		for _, x := range e.Extensions {
			switch {
			case x.Id.Equal(oidEntryIssuer):
				return nil, errCRLScope
			case x.Critical && !x.Id.Equal(oidReasonCode) && !x.Id.Equal(oidInvalidity) && !x.Id.Equal(oidHold):
				return nil, errCRLCritical
			}
		}
		out.revoked[string(e.SerialNumber.Bytes())] = e.ReasonCode
	}
	return out, nil
}

// issuingPoint is IssuingDistributionPoint (RFC 5280 section 5.2.5).
type issuingPoint struct {
	Point         asn1.RawValue  `asn1:"optional,tag:0"`
	OnlyUser      bool           `asn1:"optional,tag:1"`
	OnlyCA        bool           `asn1:"optional,tag:2"`
	SomeReasons   asn1.BitString `asn1:"optional,tag:3"`
	Indirect      bool           `asn1:"optional,tag:4"`
	OnlyAttribute bool           `asn1:"optional,tag:5"`
}

// wholeScope reports whether the list is about all the certificates whose distribution points have these names, for all reasons
// (RFC 5280 section 6.3.3 b).
// An authority may share its certificates out between points: whoever is on the way, for the lists travel in the clear,
// could else give the list of another point, where the certificate is not.
func wholeScope(der []byte, names []string) bool {
	var p issuingPoint
	rest, err := asn1.Unmarshal(der, &p)
	return err == nil && len(rest) == 0 && !p.OnlyUser && !p.OnlyCA && p.SomeReasons.BitLength == 0 && !p.Indirect && !p.OnlyAttribute &&
		(len(p.Point.FullBytes) == 0 || pointIs(p.Point.Bytes, names))
}

// pointIs reports whether one of the names is a full name of a DistributionPointName.
func pointIs(der []byte, names []string) bool {
	var full asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &full); err != nil || len(rest) > 0 || full.Class != asn1.ClassContextSpecific || full.Tag != 0 {
		return false
	}
	const uri = 6 // of GeneralName
	for rest := full.Bytes; len(rest) > 0; {
		var name asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			return false
		}
		if name.Class == asn1.ClassContextSpecific && name.Tag == uri && slices.Contains(names, string(name.Bytes)) {
			return true
		}
	}
	return false
}
