package mssantetest

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-smtp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
)

// Mailboxes that a server has from the start.
const (
	// SenderMailbox is that of the imaging centre: [Server.Config] opens it.
	SenderMailbox = "ris@imagerie-fictive.mssante.fr"
	// PrescriberMailbox is that of a prescriber.
	PrescriberMailbox = "dominique.prescripteur@cabinet-fictif.mssante.fr"
)

// ProductNumber is the X-MSS-NIL of [Server.Config].
const ProductNumber = "0000000001"

// hostName is what the server calls itself.
const hostName = "fake.mssante.fr"

// Option changes a [Server].
type Option func(*Server)

// WithPKI takes certificates from p instead of from a PKI of the server's own.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithServerCertificate presents another certificate, an expired one for instance.
func WithServerCertificate(c tls.Certificate) Option { return func(s *Server) { s.certificate = &c } }

// WithoutSTARTTLS offers no TLS, as an attacker in the middle would make it
// look. Nothing is accepted in clear all the same.
func WithoutSTARTTLS() Option { return func(s *Server) { s.noTLS = true } }

// WithImplicitTLS speaks TLS from the first byte, as on ports 465 and 993.
func WithImplicitTLS() Option { return func(s *Server) { s.implicit = true } }

// WithMaxMessageBytes sets the limit that the server announces (SIZE). The
// default is 25,000,000.
func WithMaxMessageBytes(n int64) Option { return func(s *Server) { s.maxBytes = n } }

// WithoutDeliveryReceipts offers no DSN.
func WithoutDeliveryReceipts() Option { return func(s *Server) { s.noDSN = true } }

// WithoutPatients has no mailbox of Mon espace santé. By default every
// well-formed matricule has one.
func WithoutPatients() Option { return func(s *Server) { s.noPatients = true } }

// WithPatientBounces takes mails to addresses of Mon espace santé that nobody
// has, and returns them in words, as the operator of another domain sees it. By
// default they are refused at once.
func WithPatientBounces() Option { return func(s *Server) { s.patientBounces = true } }

// WithMaxPatientBytes sets from which size on Mon espace santé returns a mail.
// The default is 25,000,000.
func WithMaxPatientBytes(n int64) Option { return func(s *Server) { s.maxPatientBytes = n } }

// WithGreylisting refuses each recipient of each sender a number of times for
// now (450), then takes the mail.
func WithGreylisting(times int) Option { return func(s *Server) { s.greylisting = times } }

// WithWhiteList sets the domains that mail may go to, the operator's own
// included. By default it may go to any domain below mssante.fr.
func WithWhiteList(domains ...string) Option {
	return WithAllowDomain(func(domain string) bool {
		return slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) })
	})
}

// WithAllowDomain is [WithWhiteList] for the guard of a white list.
func WithAllowDomain(allow func(domain string) bool) Option {
	return func(s *Server) { s.allow = allow }
}

// WithClock dates what the server writes. The default is time.Now.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.clock = now } }

// WithProductNumbers sets the values of X-MSS-NIL that are accepted. By
// default any is.
func WithProductNumbers(numbers ...string) Option { return func(s *Server) { s.numbers = numbers } }

// Server is a fake MSSanté operator: submission, mailboxes and reading. It is
// safe for concurrent use.
type Server struct {
	// SMTP and IMAP are the addresses of the services, on 127.0.0.1.
	SMTP, IMAP string

	pki         *credentialtest.PKI
	certificate *tls.Certificate
	noTLS       bool
	implicit    bool
	noDSN       bool
	noPatients  bool
	maxBytes    int64
	numbers     []string

	patientBounces  bool
	maxPatientBytes int64
	greylisting     int
	allow           func(domain string) bool
	clock           func() time.Time

	smtp      *smtp.Server
	imap      *imapserver.Server
	listeners []net.Listener
	closed    chan struct{}
	once      sync.Once
	wait      sync.WaitGroup

	mu        sync.Mutex
	mailboxes map[string]*mailbox
	seen      map[string]bool // Message-IDs
	faults    []*Fault
	refused   []string
	greyed    map[string]int // refusals so far, by sender and recipient
	reports   int            // written so far
}

// NewServer starts a server on 127.0.0.1. Like net/http/httptest it panics
// when it cannot listen.
func NewServer(opts ...Option) *Server {
	s := &Server{
		maxBytes: 25_000_000, maxPatientBytes: 25_000_000, clock: time.Now, closed: make(chan struct{}), mailboxes: map[string]*mailbox{}, seen: map[string]bool{}, greyed: map[string]int{},
		allow: func(domain string) bool { return strings.HasSuffix(strings.ToLower(domain), ".mssante.fr") },
	}
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI()
	}
	s.AddMailbox(SenderMailbox)
	s.AddMailbox(PrescriberMailbox)

	var config *tls.Config
	if !s.noTLS {
		config = s.pki.MutualTLS()
		if s.certificate != nil {
			config.Certificates = []tls.Certificate{*s.certificate}
		}
	}
	quiet := log.New(io.Discard, "", 0) // refused handshakes are what tests provoke
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSMTPSession))
	s.smtp.Domain, s.smtp.TLSConfig, s.smtp.ErrorLog = hostName, s.handshake(config, "TLS"), quiet
	s.smtp.MaxLineLength = 16 << 10 // AUTH lines have 12,288 bytes (RFC 4954 section 4)
	s.smtp.MaxMessageBytes, s.smtp.MaxRecipients, s.smtp.EnableDSN = s.maxBytes, 100, !s.noDSN
	s.imap = imapserver.New(&imapserver.Options{
		NewSession: s.newIMAPSession, TLSConfig: s.handshake(config, "IMAP-TLS"), Logger: quiet,
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapSASLIR: {}},
	})
	s.SMTP = s.listen(s.smtp.Serve, s.smtp.TLSConfig)
	s.IMAP = s.listen(s.imap.Serve, s.handshake(config, "IMAP-TLS"))
	return s
}

func (s *Server) listen(serve func(net.Listener) error, config *tls.Config) string {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		panic("mssantetest: " + err.Error())
	}
	s.listeners = append(s.listeners, l)
	var in net.Listener = &listener{l}
	if s.implicit && config != nil {
		in = tls.NewListener(in, config)
	}
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		_ = serve(in) // always returns an error, at the latest that of Close
	}()
	return l.Addr().String()
}

// Close stops the server and cuts its connections.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.closed)
		_ = s.smtp.Close()
		_ = s.imap.Close()
		for _, l := range s.listeners { // the servers do not know them yet when they are closed at once
			_ = l.Close()
		}
		s.wait.Wait()
	})
}

// PKI issued the certificates.
func (s *Server) PKI() *credentialtest.PKI { return s.pki }

// ClientConfig opens the server with the certificate of the default structure.
func (s *Server) ClientConfig() segur.ClientConfig {
	return segur.ClientConfig{
		Environment: segur.Fake, RootCAs: s.pki.Roots(), UserAgent: "RIS FICTIF",
		Credentials: segur.StaticCredential(s.pki.Organization()),
	}
}

// Config is a complete configuration for [SenderMailbox].
func (s *Server) Config() mssante.Config { return s.ConfigFor(SenderMailbox) }

// ConfigFor is a complete configuration for a mailbox: of a patient too,
// which only a fake allows.
func (s *Server) ConfigFor(address string) mssante.Config {
	return mssante.Config{
		ClientConfig: s.ClientConfig(), SMTP: s.SMTP, IMAP: s.IMAP, ImplicitTLS: s.implicit, Mailbox: address,
		ProductNumber: ProductNumber, SourceID: "1.2.250.1.999.1.587",
		Sender: mssante.ArchiveSender{Application: "RIS FICTIF", Version: "1.0", Vendor: "EDITEUR FICTIF"},
	}
}

// Refusals say why messages were refused, in the order they came.
func (s *Server) Refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refused...)
}
