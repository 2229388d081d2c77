package whitelist

import (
	"bytes"
	"errors"
	"time"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// namespace of ListeBlancheMSSante.
const namespace = "https://listeblanche.mssante.fr/schema"

var (
	errRoot     = errors.New("the root is not ListeBlancheMSSante")
	errDate     = errors.New("the date of generation is missing, given twice or not a date")
	errRepeated = errors.New("an entry gives the same element twice")
	errNested   = errors.New("an element holds elements where text is expected")
	errEmpty    = errors.New("the list holds no domain")
)

// reader reads the list from the events that the signature covers. Elements that it does not know are passed over.
type reader struct {
	generated time.Time
	dated     bool
	entries   []Entry
	ignored   []Ignored
	count     int

	section field // of depth 2
	inside  bool  // of an entry
	field   field // whose text is being read
	entry   [fields]string
	given   [fields]bool
	text    []byte
	shared  map[string]string // contacts and subjects repeat: an operator has many domains
}

// field is an element with a place in the list.
type field uint8

const (
	fieldNone field = iota
	fieldDate
	fieldDomains
	fieldName
	fieldDescription
	fieldOperator
	fieldResponsible
	fieldSupport
	fieldUpdated
	fields
)

func newReader() *reader { return &reader{shared: map[string]string{}} }

// Visit implements the reader of a signed list.
func (r *reader) Visit(s *xmlr.Scanner) error {
	switch s.Kind() {
	case xmlr.StartElement:
		return r.start(s)
	case xmlr.EndElement:
		return r.end(s.Depth())
	case xmlr.Text:
		if r.field != fieldNone {
			r.text = append(r.text, s.TextValue()...)
		}
	}
	return nil
}

func (r *reader) start(s *xmlr.Scanner) error {
	if r.field != fieldNone {
		return errNested
	}
	own := s.Space() == namespace
	local := s.Local()
	switch depth := s.Depth(); {
	case depth == 1:
		if !own || string(local) != "ListeBlancheMSSante" {
			return errRoot
		}
	case !own:
	case depth == 2:
		switch string(local) {
		case "DateDeGeneration":
			r.begin(fieldDate)
		case "ListeDomaines":
			r.section = fieldDomains
		}
	case depth == 3 && r.section == fieldDomains && string(local) == "Domaine":
		r.inside, r.given, r.entry = true, [fields]bool{}, [fields]string{}
		r.count++
	case depth == 4 && r.inside:
		f := fieldOf(local)
		if f == fieldNone {
			return nil
		}
		if r.given[f] {
			return errRepeated
		}
		r.given[f] = true
		r.begin(f)
	}
	return nil
}

func fieldOf(local []byte) field {
	switch string(local) {
	case "Nom":
		return fieldName
	case "Description":
		return fieldDescription
	case "DNCertificatOperateur":
		return fieldOperator
	case "ResponsableContact":
		return fieldResponsible
	case "SupportContact":
		return fieldSupport
	case "DateMAJ":
		return fieldUpdated
	}
	return fieldNone
}

func (r *reader) begin(f field) { r.field, r.text = f, r.text[:0] }

func (r *reader) end(depth int) error {
	if f := r.field; f != fieldNone {
		r.field = fieldNone
		value := bytes.Trim(r.text, " \t\r\n")
		switch f {
		case fieldDate:
			t, err := time.Parse(time.RFC3339, string(value))
			if err != nil || r.dated {
				return errDate
			}
			r.generated, r.dated = t.UTC(), true
		case fieldName, fieldDescription:
			r.entry[f] = string(value)
		default:
			r.entry[f] = r.share(value)
		}
		return nil
	}
	switch depth {
	case 2:
		r.section = fieldNone
	case 3:
		if r.inside {
			r.inside = false
			r.add()
		}
	}
	return nil
}

func (r *reader) share(value []byte) string {
	if s, ok := r.shared[string(value)]; ok {
		return s
	}
	s := string(value)
	r.shared[s] = s
	return s
}

// add keeps the entry. One that names no domain does not cost the others their place.
func (r *reader) add() {
	var buf [maxDomain]byte
	written := r.entry[fieldName]
	name, ok := normalize(buf[:0], written)
	if !ok {
		r.ignored = append(r.ignored, Ignored{Entry: r.count, Rule: "Nom is not the name of a mail domain"})
		return
	}
	if string(name) != written {
		written = string(name)
	}
	if n := len(r.entries); n > 0 && r.entries[n-1].Domain == written {
		written = r.entries[n-1].Domain
	}
	updated, err := time.Parse(time.RFC3339, r.entry[fieldUpdated])
	if err != nil {
		updated = time.Time{}
	}
	r.entries = append(r.entries, Entry{
		Domain: written, Description: r.entry[fieldDescription], OperatorDN: r.entry[fieldOperator],
		ResponsibleContact: r.entry[fieldResponsible], SupportContact: r.entry[fieldSupport], Updated: updated,
	})
}

// Result implements the reader of a signed list.
func (r *reader) Result() (*List, time.Time, error) {
	switch {
	case !r.dated:
		return nil, time.Time{}, errDate
	case len(r.entries) == 0:
		return nil, time.Time{}, errEmpty
	}
	return index(r.generated, r.entries, r.ignored), r.generated, nil
}
