package mssante

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// Resolver looks service records up. *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
}

// Discovery says how [Discover] looks for the services of an operator. Its zero value is the names of RFC 6186 and RFC 8314,
// below the domain of the mailbox only. The names that the reference demands (ECO.1.1.9) are not public.
type Discovery struct {
	// Resolver asks the DNS. nil: net.DefaultResolver.
	Resolver Resolver
	// AllowedDomains lists the domains that the servers may be in, or below, besides that of the mailbox: the operator's
	// own. The DNS is not trusted: an answer elsewhere is refused, and TLS verifies the name of the server.
	AllowedDomains []string
	// Submission and SubmissionTLS are the labels of sending with STARTTLS and with TLS from the first byte. Empty:
	// "submission" and "submissions". "-": not asked for.
	Submission, SubmissionTLS string
	// IMAP and IMAPTLS are those of reading. Empty: "imap" and "imaps". "-": not asked for.
	IMAP, IMAPTLS string
}

// Server is one server that the DNS announces.
type Server struct {
	// Host is in lower case, without a final dot; TLS verifies it. Port is the TCP port.
	Host string
	Port uint16
	// ImplicitTLS: TLS from the first byte; otherwise STARTTLS.
	ImplicitTLS bool
	// Priority and Weight are those of the record: the lowest priority first.
	Priority, Weight uint16
}

// Address is "host:port".
func (s Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port))) }

// Services are the servers found, best first: STARTTLS before TLS from the first byte, as the rules name it, then by
// priority, in the order of the resolver.
type Services struct {
	SMTP, IMAP []Server
}

// maxServers bounds what is taken of one answer.
const maxServers = 16

// Discover asks the DNS which servers serve a mailbox (SRV records of its domain). It is an [segur.ErrNotFound] error when
// there are none, [segur.ErrRefused] when all are outside the allowed domains, [segur.ErrUnavailable] when the DNS does
// not answer for a service of which nothing else was found. One service may be missing from the result: that of a mailbox
// that only sends, for instance.
func Discover(ctx context.Context, mailbox string, d Discovery) (*Services, error) {
	const op = "mssante.discover"
	var p segur.Problems
	if rule := addressProblem(mailbox); rule != "" {
		p.Add("mailbox", rule)
	}
	domain := domainOf(mailbox)
	allowed := []string{domain}
	for i, a := range d.AllowedDomains {
		name, ok := hostName(a)
		if !ok || !strings.Contains(name, ".") {
			p.Add("allowedDomains["+strconv.Itoa(i)+"]", "must be a domain in ASCII, of two labels or more")
		}
		allowed = append(allowed, name)
	}
	labels := []label{
		{"submission", cmp.Or(d.Submission, "submission"), false, false}, {"submissionTLS", cmp.Or(d.SubmissionTLS, "submissions"), false, true},
		{"imap", cmp.Or(d.IMAP, "imap"), true, false}, {"imapTLS", cmp.Or(d.IMAPTLS, "imaps"), true, true},
	}
	for _, l := range labels {
		if _, ok := hostName(l.service); l.service != "-" && (!ok || strings.Contains(l.service, ".")) {
			p.Add(l.field, "must be one label, without the underscore")
		}
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	s := search{op: op, domain: domain, allowed: allowed, resolver: d.Resolver}
	if s.resolver == nil {
		s.resolver = net.DefaultResolver
	}
	for _, l := range labels {
		if l.service == "-" {
			continue
		}
		if err := s.ask(ctx, l); err != nil {
			return nil, err
		}
	}
	return s.result()
}

type label struct {
	field, service string
	reading        bool
	implicit       bool
}

type search struct {
	op, domain string
	allowed    []string
	resolver   Resolver
	found      Services
	refused    []segur.Detail
	failed     [2]error // of the DNS, other than "there is none", for sending and for reading
}

func (s *search) ask(ctx context.Context, l label) error {
	into, failed := &s.found.SMTP, &s.failed[0]
	if l.reading {
		into, failed = &s.found.IMAP, &s.failed[1]
	}
	_, records, err := s.resolver.LookupSRV(ctx, l.service, "tcp", s.domain)
	if ctx.Err() != nil {
		return s.ended(ctx)
	}
	if err != nil {
		var dns *net.DNSError
		if !errors.As(err, &dns) || !dns.IsNotFound {
			*failed = err
		}
		// Records that do not read come with those that do.
	}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b *net.SRV) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, r := range records[:min(len(records), maxServers)] {
		if r.Target == "." || r.Target == "" || r.Port == 0 { // RFC 2782: the service is not offered
			continue
		}
		host, ok := hostName(strings.TrimSuffix(r.Target, "."))
		if !ok || !s.inside(host) {
			s.refused = append(s.refused, segur.Detail{Field: "_" + l.service + "._tcp", Message: "names a server outside the allowed domains: " + printable(host, ok)})
			continue
		}
		*into = append(*into, Server{Host: host, Port: r.Port, ImplicitTLS: l.implicit, Priority: r.Priority, Weight: r.Weight})
	}
	return nil
}

func printable(host string, ok bool) string {
	if !ok {
		return "not a host name"
	}
	return host
}

func (s *search) ended(ctx context.Context) error {
	e := &segur.Error{Op: s.op, Kind: segur.KindCanceled, Message: "the call was cancelled", Err: ctx.Err()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind, e.Message = segur.KindTimeout, "the deadline of the call passed"
	}
	return e
}

// inside reports whether a host is an allowed domain or below one.
func (s *search) inside(host string) bool {
	return slices.ContainsFunc(s.allowed, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}

func (s *search) result() (*Services, error) {
	var failed error
	for i, found := range [][]Server{s.found.SMTP, s.found.IMAP} {
		if len(found) == 0 && s.failed[i] != nil {
			failed = s.failed[i]
		}
	}
	some := len(s.found.SMTP)+len(s.found.IMAP) > 0
	switch {
	case some && failed == nil:
		return &s.found, nil
	case !some && len(s.refused) > 0:
		return nil, &segur.Error{Op: s.op, Kind: segur.KindRefused, Message: "the DNS names servers outside the allowed domains only", Details: s.refused}
	case failed != nil:
		return nil, &segur.Error{Op: s.op, Kind: segur.KindUnavailable, Message: "the DNS does not answer", Err: safeDNS(failed)}
	}
	return nil, &segur.Error{Op: s.op, Kind: segur.KindNotFound, Message: "the domain of the mailbox announces no server"}
}

// safeDNS keeps the causes whose text is known.
func safeDNS(err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns
	}
	return nil
}

// hostName returns the lower-case form of a name in ASCII, and whether it is one: letters, digits and hyphens.
func hostName(s string) (string, bool) {
	s = strings.ToLower(s)
	if s == "" || len(s) > 253 {
		return s, false
	}
	for l := range strings.SplitSeq(s, ".") {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' ||
			strings.ContainsFunc(l, func(r rune) bool { return !isAlnum(r) && r != '-' }) {
			return s, false
		}
	}
	return s, net.ParseIP(s) == nil
}

// Configure fills cfg.SMTP, cfg.IMAP and, where it is needed, cfg.ImplicitTLS with the best servers, leaving what is set.
// It is an [segur.ErrInvalidInput] error when one starts with TLS and the other with STARTTLS on ports that do not tell.
func (s *Services) Configure(cfg *Config) error {
	var smtp, imap *Server
	if cfg.SMTP == "" && len(s.SMTP) > 0 {
		smtp = &s.SMTP[0]
	}
	if cfg.IMAP == "" && len(s.IMAP) > 0 {
		imap = &s.IMAP[0]
	}
	need, refuse := false, cfg.SMTP != "" && smtp == nil || cfg.IMAP != "" && imap == nil
	for server, port := range map[*Server]uint16{smtp: 465, imap: 993} {
		if server == nil {
			continue
		}
		switch {
		case server.ImplicitTLS && server.Port != port:
			need = true
		case !server.ImplicitTLS && (server.Port == port || cfg.ImplicitTLS):
			return &segur.Error{Op: "mssante.discover", Kind: segur.KindInvalidInput, Message: "the DNS announces STARTTLS where the port or the configuration means TLS from the first byte"}
		case !server.ImplicitTLS:
			refuse = true
		}
	}
	if need && refuse && !cfg.ImplicitTLS {
		return &segur.Error{Op: "mssante.discover", Kind: segur.KindInvalidInput, Message: "one service starts with TLS and the other with STARTTLS, on ports that do not tell: configure two clients"}
	}
	if smtp != nil {
		cfg.SMTP = smtp.Address()
	}
	if imap != nil {
		cfg.IMAP = imap.Address()
	}
	cfg.ImplicitTLS = cfg.ImplicitTLS || need
	return nil
}
