package mssante

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// PatientDomain is the mail domain of Mon espace santé.
const PatientDomain = "patient.mssante.fr"

// PatientAddress is the address of a patient in Mon espace santé: the 15
// characters of the matricule, key included, at [PatientDomain]. It exists
// for qualified identities only (ECO.2.2.6), and in production only when the
// identity is not one of test or demonstration.
func PatientAddress(patient segur.Patient, env segur.Environment) (string, error) {
	var p segur.Problems
	ins, ok := patient.QualifiedINS()
	switch {
	case !ok:
		p.Add("patient.status", "must be qualified: a patient is written to only at the address of a qualified identity")
	case !env.AcceptsINS(ins.Authority()):
		p.Add("patient.ins.authority", "test identities have no mailbox in production")
	}
	if err := p.Err("mssante.PatientAddress"); err != nil {
		return "", err
	}
	return ins.Matricule() + "@" + PatientDomain, nil
}

// IsPatientAddress reports whether the address is in [PatientDomain].
func IsPatientAddress(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return strings.EqualFold(domain, PatientDomain)
}

// addressProblem returns the rule that address breaks, or "". Only plain
// ASCII addresses are taken (no quotes, no comment, no SMTPUTF8): none of
// their characters means anything in a header or an SMTP command.
func addressProblem(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case address == "":
		return "is required"
	case !ok || local == "" || domain == "":
		return "must be a mail address"
	case len(local) > 64 || len(address) > 254:
		return "is too long for a mail address"
	case strings.ContainsFunc(local, func(r rune) bool { return !isAtext(r) && r != '.' }) ||
		strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, ".."):
		return "has a character that a plain mail address must not have"
	case !strings.Contains(domain, "."):
		return "must have a domain"
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, func(r rune) bool {
			return !isAlnum(r) && r != '-'
		}) {
			return "has a domain that is not written in ASCII (international names take their xn-- form)"
		}
	}
	return ""
}

func isAlnum(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// isAtext is atext of RFC 5322 section 3.2.3.
func isAtext(r rune) bool {
	return isAlnum(r) || r < 0x7f && strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

// sameAddress ignores case: operators do.
func sameAddress(a, b string) bool { return strings.EqualFold(a, b) }

// domainOf returns what follows the at sign.
func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return strings.ToLower(domain)
}
