package interop

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// Bounds on an HL7 v2 message. One that carries a document may be large; its PID
// is not.
const (
	maxMessageBytes = 160 << 20
	maxPIDBytes     = 64 << 10
)

// ReadPID reads the patient of an HL7 v2 message, or of a PID segment given
// alone. Delimiters are those of the message. What is not UTF-8 is read as
// ISO-8859-1, or -15 when MSH-18 says so.
//
// The errors are [segur.ErrProtocol] for a message that is none, that has no PID
// or that has several (whose patient would it be?), and [segur.ErrTooLarge].
func (c *Codec) ReadPID(message []byte) (*Reading, error) {
	const op = "interop.ReadPID"
	if len(message) > maxMessageBytes {
		return nil, tooLarge(op, "the message is larger than any is")
	}
	segments, err := hl7.Select(string(message), "MSH", "PID")
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the message cannot be read", Err: err}
	}
	var pid hl7.Segment
	var charset string
	found := 0
	for _, s := range segments {
		if s.Name == "PID" {
			pid = s
			found++
		} else if found == 0 {
			charset = s.Field(18)
		}
	}
	switch {
	case found == 0:
		return nil, protocol(op, "the message has no PID segment")
	case found > 1:
		return nil, protocol(op, "the message has several PID segments: read the one you mean")
	case pid.Len() > maxPIDBytes:
		return nil, tooLarge(op, "the PID segment is larger than any is")
	}
	r := c.reader(message)
	v := pidReader{reader: r, pid: pid, latin9: strings.Contains(charset, "8859/15")}
	v.read()
	return r.settle("PID", false), nil
}

type pidReader struct {
	*reader
	pid    hl7.Segment
	latin9 bool
	legacy bool // a text was not UTF-8
}

func (r *pidReader) read() {
	p := &r.out.Identity.Patient
	r.identifiers()
	r.names()
	if s := r.value(pidBirthDate); s != "" {
		d, err := segur.ParseDate(s[:min(len(s), 8)])
		if err != nil {
			r.warn("PID-7", "is not a date")
		} else {
			p.Traits.BirthDate = d
		}
	}
	p.Traits.Sex = hl7.ParseSex(r.value(pidSex))
	r.places()
	for _, n := range []int{pidHomePhone, pidWorkPhone} {
		for i, rep := range r.repetitions(n) {
			x := hl7.ParseXTN(rep)
			if x.Number == "" && x.Mail == "" || x.Number == `""` {
				continue
			}
			if t, ok := telecomOf(x); ok {
				p.Telecoms = append(p.Telecoms, t)
			} else {
				r.warn(fmt.Sprintf("PID-%d[%d]", n, i+1), "is neither a telephone number nor a mail address; left out")
			}
		}
	}
	r.deduce = true
	for i, code := range r.repetitions(pidReliability) {
		code, _, _ = strings.Cut(code, "^")
		path := fmt.Sprintf("PID-32[%d]", i+1)
		if s, ok := statusOf(code); ok {
			r.state(path, s)
		} else if code != "" {
			r.code(path, code)
		}
	}
	if !r.stated {
		if len(r.current) > 0 {
			r.warn("PID-32", "states no status")
		}
		r.stated, r.silent, r.status = true, true, segur.Provisional
	}
	if r.value(pidUnknown) == "Y" {
		r.warn("PID-31", "says that the identity is unknown")
		r.blocked = true
	}
	if r.legacy {
		r.warn("MSH-18", "the text is not UTF-8: read as ISO-8859")
	}
}

// value returns a field of one component.
func (r *pidReader) value(n int) string {
	reps := r.repetitions(n)
	if len(reps) == 0 {
		return ""
	}
	s, _, _ := strings.Cut(reps[0], "^")
	return strings.TrimSpace(s)
}

// repetitions returns those of a field in UTF-8; "" is HL7 for "delete", which is
// nothing here.
func (r *pidReader) repetitions(n int) []string {
	out := r.pid.Repetitions(n)
	if len(out) > maxRepeats {
		r.warn(fmt.Sprintf("PID-%d", n), "has too many repetitions: the first ones are read")
		out = out[:maxRepeats]
	}
	for i, s := range out {
		if s == `""` {
			s = ""
		}
		if !utf8.ValidString(s) {
			r.legacy = true
			s = fromLatin(s, r.latin9)
		}
		out[i] = s
	}
	return out
}

func (r *pidReader) identifiers() {
	for i, rep := range r.repetitions(pidIdentifiers) {
		path := fmt.Sprintf("PID-3[%d]", i+1)
		cx := hl7.ParseCX(rep)
		value, oid := strings.TrimSpace(cx.ID), cx.Authority.OID
		if cx.Authority.Type != "" { // not ISO
			oid = ""
		}
		switch authority := segur.IsINSAuthority(oid); {
		case value == "" || value == `""`:
		case cx.Type == hl7.TypeINSC || segur.IsFormerINSAuthority(oid):
			r.warn(path, "is an INS-C, which no longer identifies; left out")
		case authority && cx.Type == hl7.TypeINS:
			if ins, ok := r.ins(path, value, oid); ok {
				if d, err := segur.ParseDate(cx.Effective[:min(len(cx.Effective), 8)]); err == nil {
					r.out.Identity.INSSince = d
				}
				r.use(ins)
			}
		case authority:
			r.warn(path, "has the authority of an INS and not its type, INS; left out")
		case cx.Type == hl7.TypeINS, insLabel(cx.Authority.Namespace):
			r.warn(path, "is called an INS and has no OID of an INS authority; left out")
		case cx.Type == hl7.TypeLocal, cx.Type == "":
			r.local(path, value, oid, cx.Authority.Namespace)
		default:
			r.warn(path, "is of a type that is neither an INS nor a local number (PI); left out")
		}
	}
}

func (r *pidReader) names() {
	t := &r.out.Identity.Patient.Traits
	reps := r.repetitions(pidName)
	typed := slices.ContainsFunc(reps, func(s string) bool { return hl7.ParseXPN(s).Birth() })
	for i, rep := range reps {
		path := fmt.Sprintf("PID-5[%d]", i+1)
		x := hl7.ParseXPN(rep)
		family, given, list := name(x.Family), name(x.Given), name(x.OtherGiven)
		switch {
		case family == "" && given == "":
		case x.Birth() || x.Type == "" && !typed && t.BirthName == "":
			if x.Type == "" {
				r.warn(path, "has no type: taken as the name at birth")
			} else if t.BirthName != "" {
				r.warn(path, "is a second name at birth; left out")
				continue
			}
			t.BirthName = family
			r.givenNames(path, given, list)
		case x.Used():
			if t.UsedName != "" || t.UsedGivenName != "" {
				r.warn(path, "is a second used name; left out")
				continue
			}
			t.UsedName, t.UsedGivenName = family, given
		default:
			r.warn(path, "is a name of another type; left out")
		}
	}
}

func (r *pidReader) places() {
	p := &r.out.Identity.Patient
	for i, rep := range r.repetitions(pidAddress) {
		x := hl7.ParseXAD(rep)
		switch {
		case x.Type == "BDL":
			p.Traits.BirthPlace = r.cog(fmt.Sprintf("PID-11[%d]", i+1), x.County)
		case (x.Type == "H" || x.Type == "") && p.Address.IsZero():
			a := segur.Address{PostalCode: name(x.PostalCode), City: name(x.City), Country: name(x.Country)}
			for _, l := range []string{name(x.Street), name(x.Other)} {
				if l != "" {
					a.Lines = append(a.Lines, l)
				}
			}
			if a.Country == "FRA" {
				a.Country = ""
			}
			p.Address = a
		}
	}
}

// name normalises the blanks of a text; the HL7 null is nothing.
func name(s string) string {
	if s == `""` {
		return ""
	}
	return clean(s)
}

// cog checks the shape of a COG code; anything else would be taken for a place.
func (r *reader) cog(path, s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if s == "" {
		return ""
	}
	if !segur.IsCOG(s) {
		r.warn(path, "is no COG code; left out")
		return ""
	}
	return s
}

// fromLatin reads ISO-8859-1, or -15.
func fromLatin(s string, latin9 bool) string {
	table := charmap.ISO8859_1
	if latin9 {
		table = charmap.ISO8859_15
	}
	out, _ := table.NewDecoder().String(s) // every byte has a character
	return out
}
