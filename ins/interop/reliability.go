package interop

import (
	"slices"

	"github.com/segur-sdk/segur"
)

// Identity reliability codes of HL7 table 0445 with its French extension, which
// FR Core takes up in its code systems.
const (
	codeHomonym         = "HOMA" // "homonyme avéré", the attribute of the RNIV
	codeHomonymDetected = "HOMD"
	codeDoubtful        = "DOUT"
	codeFictitious      = "FICT"
)

// blockingCodes say, without being attributes of the RNIV, that the identity is
// not that of the person: invalidated, usurped, anonymous.
var blockingCodes = []string{"INVA", "USUR", "ANOM"}

// managementCodes are the other codes of the table.
var managementCodes = []string{"VIDE", "DOUB", "DESA", "DPOT", "DOUA", "COLP", "COLV", "FILI", "CACH", "IDVER", "RECD", "IDRA"}

// attributeCodes lists the codes of attributes.
func (c *Codec) attributeCodes(a segur.IdentityAttributes) []string {
	var out []string
	if a.Has(segur.Homonym) {
		out = append(out, c.cfg.HomonymCode)
	}
	if a.Has(segur.Doubtful) {
		out = append(out, codeDoubtful)
	}
	if a.Has(segur.Fictitious) {
		out = append(out, codeFictitious)
	}
	return out
}

// technical is the status that the flows of two values send: PROV or VALI.
func technical(s segur.IdentityStatus) string {
	if s.IsChecked() {
		return segur.Validated.String()
	}
	return segur.Provisional.String()
}

// statusOf reads a status code.
func statusOf(code string) (segur.IdentityStatus, bool) {
	for _, s := range []segur.IdentityStatus{segur.Provisional, segur.Retrieved, segur.Validated, segur.Qualified} {
		if s.String() == code {
			return s, true
		}
	}
	return segur.Provisional, false
}

// code takes one code that is no status.
func (r *reader) code(path, code string) {
	switch {
	case code == codeHomonym, code == codeHomonymDetected:
		r.attributes |= segur.Homonym
	case code == codeDoubtful:
		r.attributes |= segur.Doubtful
	case code == codeFictitious:
		r.attributes |= segur.Fictitious
	case slices.Contains(blockingCodes, code):
		r.blocked = true
		r.keep(code)
	case slices.Contains(managementCodes, code):
		r.keep(code)
	default: // not kept: it may be anything
		r.warn(path, "is no identity reliability code")
	}
}

func (r *reader) keep(code string) {
	if !slices.Contains(r.out.Codes, code) {
		r.out.Codes = append(r.out.Codes, code)
	}
}

// state takes one status; of several the weakest facts count.
func (r *reader) state(path string, s segur.IdentityStatus) {
	if r.stated && s != r.status {
		r.warn(path, "contradicts another status: what both agree on is taken")
		s = segur.StatusOf(s.IsRetrieved() && r.status.IsRetrieved(), s.IsChecked() && r.status.IsChecked())
	}
	r.stated, r.status = true, s
}
