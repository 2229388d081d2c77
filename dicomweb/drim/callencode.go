package drim

import (
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
)

// CallFormat says how a RIS writes a call, where what consumers expect is not public. The zero value is the best known.
type CallFormat struct {
	// GenderLetter writes M, F and U instead of male, female and unknown.
	GenderLetter bool
	// CompactBirthDate writes YYYYMMDD instead of YYYY-MM-DD.
	CompactBirthDate bool
	// FormerName writes InformationEtConsentement, which older consumers know, instead of
	// InformationEtOppositionConsultation.
	FormerName bool
}

// Values gives the parameters of the call. The error ([segur.ErrInvalidInput]) lists what is wrong or absent, by parameter:
// what [ParseCall] would refuse is not made.
func (f CallFormat) Values(c *Call) (url.Values, error) {
	pairs, err := f.pairs(c)
	if err != nil {
		return nil, err
	}
	v := url.Values{}
	for _, p := range pairs {
		v.Set(p.Name, p.Value)
	}
	return v, nil
}

// Encode gives the body of the form: application/x-www-form-urlencoded in UTF-8, in the order of the specification.
func (f CallFormat) Encode(c *Call) ([]byte, error) {
	pairs, err := f.pairs(c)
	if err != nil {
		return nil, err
	}
	return []byte(encodePairs(pairs)), nil
}

// Values is that of the zero [CallFormat].
func (c *Call) Values() (url.Values, error) { return CallFormat{}.Values(c) }

// Encode is that of the zero [CallFormat].
func (c *Call) Encode() ([]byte, error) { return CallFormat{}.Encode(c) }

type callPair struct{ Name, Value string }

func encodePairs(pairs []callPair) string {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value))
	}
	return b.String()
}

func (f CallFormat) pairs(c *Call) ([]callPair, error) {
	t := c.Traits
	given := t.FirstGivenName
	if given == "" {
		given = t.GivenNames
	}
	gender := map[segur.Sex][2]string{segur.Male: {"male", "M"}, segur.Female: {"female", "F"}, segur.SexUnknown: {"unknown", "U"}}[t.Sex][0]
	if f.GenderLetter && gender != "" {
		gender = strings.ToUpper(gender[:1])
	}
	birth := dashed(t.BirthDate)
	if f.CompactBirthDate {
		birth = t.BirthDate.Compact()
	}
	days := c.StudyFrom.Compact()
	if c.StudyTo != c.StudyFrom && !c.StudyTo.IsZero() {
		days += "-" + c.StudyTo.Compact()
	}
	values := []string{
		c.INS.Matricule(), string(c.INS.Authority()), t.BirthName, given, gender, birth, t.BirthPlace, c.Information, c.LocalID, c.LocalIssuer,
		string(c.StudyUID), c.Modality, c.Accession.Extension, string(c.Accession.Root), days, c.Region, c.Situation,
	}
	var pairs []callPair
	for i, v := range values {
		if v == "" {
			continue
		}
		name := callParams[i]
		if f.FormerName && name == paramInformation {
			name = paramInformation0
		}
		pairs = append(pairs, callPair{name, v})
	}
	if _, err := parseCall(encodePairs(pairs)); err != nil {
		return nil, err
	}
	return pairs, nil
}

// dashed writes the known parts of a date.
func dashed(d segur.Date) string {
	s := d.Compact()
	for i := 4; i < len(s); i += 3 {
		s = s[:i] + "-" + s[i:]
	}
	return s
}

var callPage = template.Must(template.New("call").Parse(`<form method="post" action="{{.Action}}" accept-charset="utf-8" enctype="application/x-www-form-urlencoded">
{{range .Pairs}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<button type="submit">{{.Label}}</button>
</form>
`))

// WriteForm writes an HTML form with a button, that posts the call to the consumer at action (https). It names the patient:
// serve it with Cache-Control: no-store. A page that submits it by itself adds its own script.
func (f CallFormat) WriteForm(w io.Writer, action, label string, c *Call) error {
	u, err := url.Parse(action)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return &segur.Error{Op: opCall, Kind: segur.KindInvalidInput, Message: "action: must be an https address without user and query"}
	}
	pairs, err := f.pairs(c)
	if err != nil {
		return err
	}
	if err := callPage.Execute(w, struct {
		Action, Label string
		Pairs         []callPair
	}{u.String(), label, pairs}); err != nil {
		return &segur.Error{Op: opCall, Kind: segur.KindUnavailable, Message: "the form could not be written", Err: err}
	}
	return nil
}

// ReadCallAnswer reads where the consumer wants the browser to go, for a RIS that posts the call itself: the Location of
// 303 or 302, resolved against the request, or the address that is the body of 200. It is https, and holds a one-time
// identifier: open it once, write it nowhere. Consumers do not agree on the status. The body is left open.
func ReadCallAnswer(resp *http.Response) (*url.URL, error) {
	bad := func(message string) error {
		return &segur.Error{Op: opCall, Kind: segur.KindProtocol, Status: resp.StatusCode, Message: message}
	}
	if resp.Request == nil || resp.Request.URL == nil {
		return nil, bad("the answer does not know its request")
	}
	var target string
	switch resp.StatusCode {
	case http.StatusSeeOther, http.StatusFound:
		target = resp.Header.Get("Location")
	case http.StatusOK:
		body, err := io.ReadAll(io.LimitReader(resp.Body, 4097))
		if err != nil || len(body) > 4096 {
			return nil, bad("the answer is not an address")
		}
		target = strings.TrimSpace(string(body))
	case http.StatusBadRequest:
		return nil, &segur.Error{Op: opCall, Kind: segur.KindRefused, Status: resp.StatusCode, Code: CodeBadCall, Message: "the consumer refuses the call", Help: helpOf(CodeBadCall)}
	default:
		return nil, bad("the answer is neither 303, 302 nor 200")
	}
	u, err := url.Parse(target)
	if err != nil || target == "" || resp.StatusCode == http.StatusOK && !u.IsAbs() { // a page is no path
		return nil, bad("the answer is not an address") // not repeated: it holds the identifier
	}
	if u = resp.Request.URL.ResolveReference(u); u.Scheme != "https" || u.User != nil || u.Host == "" {
		return nil, bad("the answer is not an https address")
	}
	return u, nil
}
