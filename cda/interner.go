package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// interner makes strings of what a document says, once for a value that comes
// again: a document names the same people and systems many times. It serves one
// goroutine; nil is one that keeps nothing and serves all.
type interner struct {
	slots [256]string
	run   strings.Builder // of short strings side by side, in one allocation for many
}

// runSize bounds what one string keeps in memory with it.
const runSize = 2 << 10

// make copies a short string.
func (in *interner) make(b []byte) string {
	if in.run.Cap()-in.run.Len() < len(b) {
		in.run.Reset() // what it held stays with the strings of it
		in.run.Grow(runSize)
	}
	at := in.run.Len()
	in.run.Write(b)
	return in.run.String()[at:]
}

// value makes a string of an attribute value, without the blanks around it.
func (in *interner) value(b []byte) string {
	for len(b) > 0 && b[0] <= ' ' {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] <= ' ' {
		b = b[:len(b)-1]
	}
	return in.get(b)
}

func (in *interner) get(b []byte) string {
	n := len(b)
	if n == 0 {
		return ""
	}
	if n > maxInterned || in == nil {
		return string(b)
	}
	i := internSlot(b[0], b[n/2], b[n-1], n)
	if s := in.slots[i]; s == string(b) {
		return s
	}
	if s := frequent[i]; s == string(b) {
		return s
	}
	s := in.make(b)
	in.slots[i] = s
	return s
}

const maxInterned = 128

func internSlot(first, middle, last byte, n int) uint8 {
	return uint8(int(first)*7 + int(middle)*31 + int(last)*61 + n*131)
}

// frequent are values that every document has: they need not be allocated.
var frequent = func() (slots [256]string) {
	for _, s := range []string{
		"Médecin - Radio-diagnostic (SM)", "CR d'imagerie médicale", "Localisation anatomique", "Ambulatoire", "AMBULATOIRE", "Normal",
		"fr-FR", "N", "F", "M", "WP", "REF", "INF", "PRF", "CD", "121139", "39111-0", "Modalité", "18748-4", "G15_10/SM44",
		nos.HL7Gender, nos.HL7ActCode, nos.HL7Confidentiality, nos.HL7Function, nos.R02Sector, nos.A01PracticeSetting, nos.A02Specialty,
		templateXDSSD, templateHL7France, templateCISIS, mediaTypePDF, "RPLC", "B64", "CCAM", "DCM", "LOINC", "SNOMED CT",
		string(segur.OIDINSNIR), string(segur.OIDINSNIA), nos.CCAM, nos.SNOMEDCT, nos.DCM, nos.LOINC,
		string(segur.OIDProfessional), string(segur.OIDStructure), // of two at the same place the last one stays
	} {
		slots[internSlot(s[0], s[len(s)/2], s[len(s)-1], len(s))] = s
	}
	return slots
}()
