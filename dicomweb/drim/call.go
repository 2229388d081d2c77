package drim

import (
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// Call is a contextual call: what a RIS or another record system tells the consumer of images about the patient that is on
// its screen (specification of the DRIMbox, 4.6.1). It is a form, posted by the browser: nothing of it is ever in an
// address. It is health data that names a patient; its printed forms are redacted.
type Call struct {
	// INS is the patient's number (Patient.identifier.value and .system). Required.
	INS segur.INS
	// Traits are the birth name, the given names, the sex, the date and the place of birth. Required, all five. What is
	// sent for Patient.name.given, one name or several, is FirstGivenName whole: the form does not say which. GivenNames
	// is written where FirstGivenName is empty.
	Traits segur.Traits
	// Information is what is sent for InformationEtOppositionConsultation: the patient was informed and is not opposed.
	// Required. Which words say yes is not public: see [Call.Informed].
	Information string
	// LocalID and LocalIssuer are the identifier of the patient in the calling system (PatientID, PatientIDIssuer), as
	// sent: the issuer may be an OID or a whole CX-4. Required. See [Call.LocalIdentifier].
	LocalID, LocalIssuer string

	// StudyUID limits the search to one study. Optional, like all that follows.
	StudyUID segur.OID
	// Modality is a DICOM code, such as CT.
	Modality string
	// Accession is an accession number and the OID of its issuer.
	Accession segur.Identifier
	// StudyFrom and StudyTo are the days between which the study was made, the same for one day.
	StudyFrom, StudyTo segur.Date
	// Region is a code of JDV_RegionAnatomique_CISIS.
	Region string
	// Situation selects the structure in whose name the user acts, when Pro Santé Connect knows several.
	Situation string
}

// String is redacted.
func (c Call) String() string { return "Call(redacted)" }

// Format writes the redacted form whatever the verb.
func (c Call) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue makes slog write the redacted form.
func (c Call) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Informed reports whether Information says yes: true, 1, oui, o, yes or y, in any case. known is false for a word that
// says neither yes nor no.
func (c *Call) Informed() (yes, known bool) {
	switch strings.ToLower(c.Information) {
	case "true", "1", "oui", "o", "yes", "y":
		return true, true
	case "false", "0", "non", "n", "no":
		return false, true
	}
	return false, false
}

// LocalIdentifier is the local identifier below the OID of its issuer; false when the issuer is neither an OID nor a CX-4
// that bears one.
func (c *Call) LocalIdentifier() (segur.Identifier, bool) {
	root, ok := issuerOID(c.LocalIssuer)
	return segur.Identifier{Root: root, Extension: c.LocalID}, ok
}

// issuerOID reads an assigning authority: an OID, or "name&OID&ISO".
func issuerOID(s string) (segur.OID, bool) {
	if parts := strings.Split(s, "&"); len(parts) == 3 && parts[2] == "ISO" {
		s = parts[1]
	}
	oid, err := segur.ParseOID(s)
	return oid, err == nil
}

const opCall = "drim.call"

func callError(kind segur.Kind, status int, code, message string, details ...segur.Detail) *segur.Error {
	return &segur.Error{Op: opCall, Kind: kind, Status: status, Code: code, Message: message, Details: details, Help: helpOf(code)}
}

const (
	maxCall       = 64 << 10
	maxCallValue  = 1024 // bytes
	maxCallParams = 64
)

// ParseCall reads a contextual call of at most 64 KiB. Values are percent-decoded as forms are. The error is an
// *[segur.Error] that lists everything wrong with names of parameters, never values, and whose Status is that of the
// answer: 400, 405, 413 or 415. Parameters in the address are refused: it is written to logs.
func ParseCall(r *http.Request) (*Call, error) {
	switch {
	case r.Method != http.MethodPost:
		return nil, callError(segur.KindInvalidInput, http.StatusMethodNotAllowed, CodeNotAForm, "the request is not a POST")
	case !isForm(r.Header):
		return nil, callError(segur.KindInvalidInput, http.StatusUnsupportedMediaType, CodeNotAForm, "the request is not a form in UTF-8")
	case r.URL != nil && (r.URL.RawQuery != "" || r.URL.ForceQuery):
		return nil, callError(segur.KindInvalidInput, http.StatusBadRequest, CodeBadCall, "the address bears parameters: they belong to the form")
	case r.Body == nil:
		return parseCall("")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCall+1))
	switch {
	case len(body) > maxCall || r.ContentLength > maxCall:
		return nil, callError(segur.KindTooLarge, http.StatusRequestEntityTooLarge, CodeCallTooLarge, "the form is larger than 64 KiB")
	case err != nil:
		return nil, callError(segur.KindTruncated, http.StatusBadRequest, CodeBadCall, "the form stops before its end")
	}
	return parseCall(string(body))
}

func isForm(h http.Header) bool {
	if len(h.Values("Content-Type")) != 1 || h.Get("Content-Encoding") != "" {
		return false
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, given := params["charset"]
	return err == nil && media == "application/x-www-form-urlencoded" && (!given || strings.EqualFold(charset, "utf-8"))
}

// parameters of a call, in the order in which they are written.
const (
	paramINS           = "Patient.identifier.value"
	paramINSAuthority  = "Patient.identifier.system"
	paramFamily        = "Patient.name.family"
	paramGiven         = "Patient.name.given"
	paramGender        = "Patient.gender"
	paramBirthDate     = "Patient.birthDate"
	paramDistrict      = "Address.district"
	paramInformation   = "InformationEtOppositionConsultation"
	paramInformation0  = "InformationEtConsentement" // its older name
	paramLocalID       = "PatientID"
	paramLocalIssuer   = "PatientIDIssuer"
	paramStudy         = "StudyInstanceUID"
	paramModality      = "Modality"
	paramAccession     = "AccessionNumber"
	paramAccIssuer     = "AccessionNumberIssuer"
	paramStudyDate     = "StudyDate"
	paramRegion        = "AnatomicRegion"
	paramSituation     = "Situation"
	mandatoryCallParam = 10 // of callParams
)

var callParams = []string{
	paramINS, paramINSAuthority, paramFamily, paramGiven, paramGender, paramBirthDate, paramDistrict, paramInformation, paramLocalID,
	paramLocalIssuer, paramStudy, paramModality, paramAccession, paramAccIssuer, paramStudyDate, paramRegion, paramSituation,
}

// callForm is a form under examination.
type callForm struct {
	values   map[string]string
	problems []segur.Detail
}

func (f *callForm) wrong(field, message string) {
	f.problems = append(f.problems, segur.Detail{Field: field, Message: message})
}

func parseCall(body string) (*Call, error) {
	f := callForm{values: map[string]string{}}
	f.split(body)
	for _, name := range callParams[:mandatoryCallParam] {
		if _, ok := f.values[name]; !ok {
			f.wrong(name, "is required")
		}
	}
	c := f.call()
	if len(f.problems) > 0 {
		return nil, callError(segur.KindInvalidInput, http.StatusBadRequest, CodeBadCall, "the contextual call is not valid", f.problems...)
	}
	return c, nil
}

// split decodes the parameters. A name that is not known is not repeated: it may hold anything. A parameter with a problem
// counts as given.
func (f *callForm) split(body string) {
	n := 0
	for pair := range strings.SplitSeq(body, "&") {
		if pair != "" {
			n++
		}
	}
	if n > maxCallParams {
		f.wrong("", "more than 64 parameters")
		return
	}
	n = 0
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		n++
		name, value, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if name == paramInformation0 {
			name = paramInformation
		}
		_, twice := f.values[name]
		switch {
		case nameErr != nil || !slices.Contains(callParams, name):
			f.wrong("", fmt.Sprintf("parameter number %d is not known", n))
			continue
		case twice:
			f.wrong(name, "is given twice")
			continue
		case valueErr != nil || !utf8.ValidString(value):
			f.wrong(name, "is not percent-encoded UTF-8")
			value = ""
		case len(value) > maxCallValue:
			f.wrong(name, "is longer than 1024 bytes")
			value = ""
		case strings.ContainsFunc(value, unicode.IsControl):
			f.wrong(name, "holds a control character")
			value = ""
		default:
			if value = strings.TrimSpace(value); value == "" {
				f.wrong(name, "has no value")
			}
		}
		f.values[name] = strings.Clone(value) // a call that waits must not hold on to the whole form
	}
}

// read gives the value to a reader, when there is one, and notes the rule that it breaks.
func (f *callForm) read(name, rule string, accept func(value string) bool) {
	if v := f.values[name]; v != "" && !accept(v) {
		f.wrong(name, rule)
	}
}

func (f *callForm) call() *Call {
	c := &Call{
		Traits:      segur.Traits{BirthName: f.values[paramFamily], FirstGivenName: f.values[paramGiven]},
		Information: f.values[paramInformation], LocalID: f.values[paramLocalID], LocalIssuer: f.values[paramLocalIssuer],
		Accession: segur.Identifier{Extension: f.values[paramAccession]}, Region: f.values[paramRegion], Situation: f.values[paramSituation],
	}
	var authority segur.OID
	f.read(paramINSAuthority, "must be the OID of an authority of the INS", func(v string) (ok bool) {
		oid, err := segur.ParseOID(v)
		authority = oid
		return err == nil && segur.IsINSAuthority(oid)
	})
	f.read(paramINS, "must be a matricule of 15 characters with its key", func(v string) bool {
		if !segur.IsINSAuthority(authority) {
			authority = segur.OIDINSNIR // said already; the number is judged all the same
		}
		ins, err := segur.ParseINS(v, authority)
		c.INS = ins
		return err == nil
	})
	f.read(paramGender, "must be male, female or unknown, or M, F or U", func(v string) (ok bool) {
		c.Traits.Sex, ok = readGender(v)
		return ok
	})
	f.read(paramBirthDate, "must be a date, YYYY-MM-DD", func(v string) bool {
		d, err := segur.ParseDate(v)
		c.Traits.BirthDate = d
		return err == nil
	})
	f.read(paramDistrict, "must be an INSEE code of 5 characters", func(v string) bool {
		c.Traits.BirthPlace = strings.ToUpper(v)
		return segur.IsCOG(c.Traits.BirthPlace)
	})
	f.read(paramStudy, "must be a UID", func(v string) bool {
		c.StudyUID = segur.OID(v)
		return c.StudyUID.Valid()
	})
	f.read(paramModality, "must be a DICOM code of 16 characters at most", func(v string) bool {
		c.Modality = v
		return len(v) <= 16 && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ") == ""
	})
	f.read(paramAccIssuer, "must be an OID", func(v string) (ok bool) {
		c.Accession.Root, ok = issuerOID(v)
		return ok
	})
	f.read(paramStudyDate, "must be YYYYMMDD or YYYYMMDD-YYYYMMDD", func(v string) (ok bool) {
		c.StudyFrom, c.StudyTo, ok = readStudyDate(v)
		return ok
	})
	return c
}

// readGender reads the words of FHIR and the letters of HL7 and of the INS.
func readGender(s string) (segur.Sex, bool) {
	switch strings.ToLower(s) {
	case "male", "m":
		return segur.Male, true
	case "female", "f":
		return segur.Female, true
	case "unknown", "other", "u", "o", "i":
		return segur.SexUnknown, true
	}
	return "", false
}

func readStudyDate(s string) (from, to segur.Date, ok bool) {
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	day := func(s string) segur.Date {
		d, err := segur.ParseDate(s)
		ok = ok && err == nil && len(s) == 8 && d.Complete()
		return d
	}
	ok = true
	from, to = day(first), day(last)
	return from, to, ok && from.Compact() <= to.Compact()
}
