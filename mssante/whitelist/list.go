package whitelist

import (
	"crypto/x509"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur/internal/dn"
)

// Entry is one operator certificate that may carry the mail of one domain.
type Entry struct {
	// Domain is in lower-case ASCII.
	Domain string
	// Description is the text of the list.
	Description string
	// OperatorDN is the subject of the operator's certificate, as written in the list, CN first.
	OperatorDN string
	// ResponsibleContact and SupportContact are texts: a phone, an address.
	ResponsibleContact, SupportContact string
	// Updated is when the entry last changed; zero when the list does not say.
	Updated time.Time
}

// List is one edition of the white list. It is immutable.
type List struct {
	generated time.Time
	entries   []Entry // sorted by domain, then as in the list
	domains   map[string]span
	ignored   []Ignored
}

type span struct{ from, to int32 }

// Ignored is an entry of the list that names no domain, which is left out.
type Ignored struct {
	// Entry is its number in the list, from 1.
	Entry int
	// Rule is what it breaks.
	Rule string
}

// Generated is when the list was made (DateDeGeneration).
func (l *List) Generated() time.Time { return l.generated }

// Domains is the number of domains.
func (l *List) Domains() int { return len(l.domains) }

// Entries is the number of entries: one for each domain and operator certificate.
func (l *List) Entries() int { return len(l.entries) }

// Ignored lists the entries that were left out.
func (l *List) Ignored() []Ignored { return slices.Clone(l.ignored) }

// All iterates over the entries, by domain.
func (l *List) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, e := range l.entries {
			if !yield(e) {
				return
			}
		}
	}
}

// Allows reports whether the domain is in the list: the part of a mail address after the at sign, in any case, in
// ASCII or Unicode. A nil list allows nothing. It allocates nothing for an ASCII name.
func (l *List) Allows(domain string) bool {
	_, ok := l.find(domain)
	return ok
}

// Of gives the entries of a domain, none when it is not in the list.
func (l *List) Of(domain string) []Entry {
	s, ok := l.find(domain)
	if !ok {
		return nil
	}
	return slices.Clone(l.entries[s.from:s.to])
}

// AllowsOperator reports whether the list allows the operator that holds this certificate to carry the mail of the
// domain. Subjects are compared attribute by attribute (RFC 4514), since the list writes some with blanks.
func (l *List) AllowsOperator(domain string, c *x509.Certificate) bool {
	s, ok := l.find(domain)
	if !ok || c == nil {
		return false
	}
	subject, err := dn.Decode(c.RawSubject)
	if err != nil || len(subject) == 0 {
		return false
	}
	for _, e := range l.entries[s.from:s.to] {
		if written, err := dn.Parse(e.OperatorDN); err == nil && written.Equal(subject) {
			return true
		}
	}
	return false
}

func (l *List) find(domain string) (span, bool) {
	if l == nil {
		return span{}, false
	}
	// The buffer stays on the stack, and the conversion inside the index copies nothing.
	var buf [maxDomain]byte
	name, ok := lower(buf[:0], domain)
	if !ok {
		return span{}, false
	}
	s, ok := l.domains[string(name)]
	return s, ok
}

// index builds the list out of entries in the order of the document.
func index(generated time.Time, entries []Entry, ignored []Ignored) *List {
	slices.SortStableFunc(entries, func(a, b Entry) int { return strings.Compare(a.Domain, b.Domain) })
	names := 0
	for i := range entries {
		if i == 0 || entries[i].Domain != entries[i-1].Domain {
			names++
		}
	}
	l := &List{generated: generated, entries: slices.Clip(entries), ignored: ignored, domains: make(map[string]span, names)}
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].Domain == entries[from].Domain {
			to++
		}
		l.domains[entries[from].Domain] = span{int32(from), int32(to)} //nolint:gosec // bounded by xmlr.Options.MaxElements
		from = to
	}
	return l
}
