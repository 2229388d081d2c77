package whitelist

import (
	"crypto/x509"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/segur-sdk/segur/internal/dn"
)

// Entry is one DRIMbox of the list.
type Entry struct {
	// Box is the host of its WADO-RS service (db), in lower-case ASCII, followed by its port when the list says one.
	Box string
	// Viewer is the host of the source's viewer (vi), in the same form; empty when the list has none.
	Viewer string
	// Operator is the name of the operator (Denomination).
	Operator string
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
	namespace string
	entries   []Entry          // in the order of the document
	boxes     map[string][]int // by host, without port
	viewers   map[string][]int
	ignored   []Ignored
	loopback  bool
	anyPort   bool
}

// Ignored is what was left out of the list: an entry whose db is no host, or the viewer of one whose vi is none.
type Ignored struct {
	// Entry is its number in the list, from 1.
	Entry int
	// Rule is what it breaks.
	Rule string
}

// Generated is when the list was made (DateDeGeneration).
func (l *List) Generated() time.Time { return l.generated }

// Namespace is that of its elements: one of [Config.Namespaces].
func (l *List) Namespace() string { return l.namespace }

// Boxes is the number of hosts that are boxes.
func (l *List) Boxes() int { return len(l.boxes) }

// Entries is the number of entries: a host may have several.
func (l *List) Entries() int { return len(l.entries) }

// Ignored lists what was left out.
func (l *List) Ignored() []Ignored { return slices.Clone(l.ignored) }

// All iterates over the entries, in the order of the list.
func (l *List) All() iter.Seq[Entry] { return slices.Values(l.entries) }

// Box gives the entries whose box is this host, none when it is no box: "host", for the port 443, or "host:port", in any
// case, in ASCII or Unicode. A nil list has no box.
func (l *List) Box(host string) []Entry {
	if l == nil {
		return nil
	}
	return l.find(l.boxes, host, func(e Entry) string { return e.Box })
}

// Viewer gives the entries whose viewer is this host, as [List.Box]. A box is no viewer, nor the opposite, unless the list
// says both.
func (l *List) Viewer(host string) []Entry {
	if l == nil {
		return nil
	}
	return l.find(l.viewers, host, func(e Entry) string { return e.Viewer })
}

func (l *List) find(index map[string][]int, host string, of func(Entry) string) []Entry {
	a, ok := parseAddress(host, l.loopback)
	if !ok {
		return nil
	}
	var out []Entry
	for _, i := range index[a.host] {
		listed, _ := parseAddress(of(l.entries[i]), l.loopback)
		if a.port == listed.port || l.anyPort && !listed.said {
			out = append(out, l.entries[i])
		}
	}
	return out
}

// AllowsOperator reports whether the list names this certificate as that of the operator of the box: DNCertificatOperateur,
// compared attribute by attribute (RFC 4514).
func (l *List) AllowsOperator(host string, c *x509.Certificate) bool {
	if c == nil {
		return false
	}
	subject, err := dn.Decode(c.RawSubject)
	if err != nil || len(subject) == 0 {
		return false
	}
	return slices.ContainsFunc(l.Box(host), func(e Entry) bool {
		written, err := dn.Parse(e.OperatorDN)
		return err == nil && written.Equal(subject)
	})
}

// text writes an address as entries hold it.
func (a address) text() string {
	if !a.said {
		return a.host
	}
	return a.host + ":" + a.portText()
}

func (a address) portText() string { return strconv.Itoa(int(a.port)) }
