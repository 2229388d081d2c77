package whitelist

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/segur-sdk/segur/internal/xmlr"
)

var (
	errRoot     = errors.New("the root is not ListeBlancheDRIM-M in a known namespace")
	errVersion  = errors.New("the version of the format is not known")
	errDate     = errors.New("the date of generation is missing, given twice or not a date")
	errRepeated = errors.New("an entry gives the same element twice")
	errNested   = errors.New("an element holds elements where text is expected")
	errEmpty    = errors.New("the list holds no box")
)

// reader reads the list from the events that the signature covers. Elements that it does not know are passed over.
type reader struct {
	namespaces, versions []string
	list                 *List
	dated                bool
	count                int

	domains bool  // inside ListeDomaines
	inside  bool  // of an entry
	field   field // whose text is being read
	entry   [fields]string
	given   [fields]bool
	text    []byte
}

// field is an element with a place in the list.
type field uint8

const (
	fieldNone field = iota
	fieldDate
	fieldBox
	fieldViewer
	fieldOperator
	fieldOperatorDN
	fieldResponsible
	fieldSupport
	fieldUpdated
	fields
)

var fieldNames = map[string]field{
	"db": fieldBox, "vi": fieldViewer, "Denomination": fieldOperator, "DNCertificatOperateur": fieldOperatorDN,
	"ResponsableContact": fieldResponsible, "SupportContact": fieldSupport, "DateMAJ": fieldUpdated,
}

func newReader(cfg *Config) *reader {
	return &reader{namespaces: cfg.Namespaces, versions: cfg.Versions, list: &List{
		boxes: map[string][]int{}, viewers: map[string][]int{}, loopback: cfg.loopback(), anyPort: cfg.AnyPort,
	}}
}

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
	if s.Depth() == 1 {
		return r.root(s)
	}
	if s.Space() != r.list.namespace {
		return nil
	}
	local := s.Local()
	switch depth := s.Depth(); {
	case depth == 2:
		switch string(local) {
		case "DateDeGeneration":
			r.begin(fieldDate)
		case "ListeDomaines":
			r.domains = true
		}
	case depth == 3 && r.domains && string(local) == "Domaine":
		r.inside, r.given, r.entry = true, [fields]bool{}, [fields]string{}
		r.count++
	case depth == 4 && r.inside:
		f := fieldNames[string(local)]
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

func (r *reader) root(s *xmlr.Scanner) error {
	if string(s.Local()) != "ListeBlancheDRIM-M" || !slices.Contains(r.namespaces, s.Space()) {
		return errRoot
	}
	if version, _ := s.Attr("", "versionFormat"); !slices.Contains(r.versions, string(version)) {
		return errVersion
	}
	r.list.namespace = s.Space()
	return nil
}

func (r *reader) begin(f field) { r.field, r.text = f, r.text[:0] }

func (r *reader) end(depth int) error {
	if f := r.field; f != fieldNone {
		r.field = fieldNone
		value := string(bytes.Trim(r.text, " \t\r\n"))
		if f != fieldDate {
			r.entry[f] = value
			return nil
		}
		t, ok := parseDate(value)
		if !ok || r.dated {
			return errDate
		}
		r.list.generated, r.dated = t, true
		return nil
	}
	switch {
	case depth == 2:
		r.domains = false
	case depth == 3 && r.inside:
		r.inside = false
		r.add()
	}
	return nil
}

// parseDate reads a date and time, or a date. Without a time zone it is UTC.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// add keeps the entry. One that names no box does not cost the others their place.
func (r *reader) add() {
	l := r.list
	box, ok := parseAddress(r.entry[fieldBox], l.loopback)
	if !ok {
		l.ignored = append(l.ignored, Ignored{Entry: r.count, Rule: "db is not the name of a host"})
		return
	}
	viewer, ok := address{}, true
	if written := r.entry[fieldViewer]; written != "" {
		if viewer, ok = parseAddress(written, l.loopback); !ok {
			l.ignored = append(l.ignored, Ignored{Entry: r.count, Rule: "vi is not the name of a host"})
		}
	}
	updated, _ := parseDate(r.entry[fieldUpdated])
	i := len(l.entries)
	e := Entry{
		Box: box.text(), Operator: r.entry[fieldOperator], OperatorDN: r.entry[fieldOperatorDN],
		ResponsibleContact: r.entry[fieldResponsible], SupportContact: r.entry[fieldSupport], Updated: updated,
	}
	l.boxes[box.host] = append(l.boxes[box.host], i)
	if ok && viewer.host != "" {
		e.Viewer = viewer.text()
		l.viewers[viewer.host] = append(l.viewers[viewer.host], i)
	}
	l.entries = append(l.entries, e)
}

// Result implements the reader of a signed list.
func (r *reader) Result() (*List, time.Time, error) {
	switch {
	case !r.dated:
		return nil, time.Time{}, errDate
	case len(r.list.entries) == 0:
		return nil, time.Time{}, errEmpty
	}
	return r.list, r.list.generated, nil
}
