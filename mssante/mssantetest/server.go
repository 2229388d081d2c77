package mssantetest

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
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
}

// mailbox is one address.
type mailbox struct {
	address   string
	structure string // OU of the certificates that open it
	password  string
	token     string
	user      *imapmemserver.User
	messages  []Message
	full      bool
}

// Message is a mail as it was delivered to a mailbox.
type Message struct {
	// From and To are those of the envelope.
	From string
	To   []string
	// Raw is the mail without the trace header of the server.
	Raw []byte
	// DeliveryReceipt says that a notification of success was asked for.
	DeliveryReceipt bool
}

// NewServer starts a server on 127.0.0.1. Like net/http/httptest it panics
// when it cannot listen.
func NewServer(opts ...Option) *Server {
	s := &Server{maxBytes: 25_000_000, closed: make(chan struct{}), mailboxes: map[string]*mailbox{}, seen: map[string]bool{}}
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
	s.smtp.Domain, s.smtp.TLSConfig, s.smtp.ErrorLog = "fake.mssante.fr", config, quiet
	s.smtp.MaxLineLength = 16 << 10 // AUTH lines have 12,288 bytes (RFC 4954 section 4)
	s.smtp.MaxMessageBytes, s.smtp.MaxRecipients, s.smtp.EnableDSN = s.maxBytes, 100, !s.noDSN
	s.imap = imapserver.New(&imapserver.Options{
		NewSession: s.newIMAPSession, TLSConfig: config, Logger: quiet,
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}, imap.CapSASLIR: {}},
	})
	s.SMTP = s.listen(s.smtp.Serve, config)
	s.IMAP = s.listen(s.imap.Serve, config)
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

// MailboxOption changes a mailbox.
type MailboxOption func(*mailbox)

// OwnedBy links the mailbox to another structure: only certificates whose OU
// is that identifier open it.
func OwnedBy(structureID string) MailboxOption { return func(m *mailbox) { m.structure = structureID } }

// WithPassword lets SASL PLAIN open the mailbox, and no certificate.
func WithPassword(password string) MailboxOption {
	return func(m *mailbox) { m.password, m.structure = password, "" }
}

// WithToken lets SASL XOAUTH2 open the mailbox with that token, and no
// certificate.
func WithToken(token string) MailboxOption {
	return func(m *mailbox) { m.token, m.structure = token, "" }
}

// Full refuses deliveries: the mailbox has no room left.
func Full() MailboxOption { return func(m *mailbox) { m.full = true } }

// AddMailbox makes a mailbox, or a new one in its place. Without option the
// default fictional structure owns it.
func (s *Server) AddMailbox(address string, opts ...MailboxOption) {
	m := &mailbox{address: address, structure: credentialtest.DefaultStructureID}
	for _, o := range opts {
		o(m)
	}
	m.user = imapmemserver.NewUser(address, "")
	if err := m.user.Create("INBOX", nil); err != nil {
		panic("mssantetest: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailboxes[strings.ToLower(address)] = m
}

// find returns a mailbox, made on demand for a patient, or nil.
func (s *Server) find(address string) *mailbox {
	key := strings.ToLower(address)
	s.mu.Lock()
	m := s.mailboxes[key]
	s.mu.Unlock()
	if m != nil || s.noPatients || !mssante.IsPatientAddress(address) {
		return m
	}
	local, _, _ := strings.Cut(address, "@")
	if _, err := segur.ParseINS(local, segur.OIDINSNIRTest); err != nil {
		return nil
	}
	s.AddMailbox(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mailboxes[key]
}

// Messages are those of a mailbox, oldest first.
func (s *Server) Messages(address string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.mailboxes[strings.ToLower(address)]; m != nil {
		return append([]Message(nil), m.messages...)
	}
	return nil
}

// Refusals say why messages were refused, in the order they came.
func (s *Server) Refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refused...)
}

// Deliver puts a mail in a mailbox as it is, without any check: bad ones are
// what a reader must survive. It panics when there is no such mailbox.
func (s *Server) Deliver(address string, raw []byte) {
	m := s.find(address)
	if m == nil {
		panic("mssantetest: no mailbox of that address")
	}
	s.deliver(m, Message{To: []string{address}, Raw: raw})
}

func (s *Server) deliver(m *mailbox, message Message) {
	literal := literal{strings.NewReader(string(message.Raw))}
	if _, err := m.user.Append("INBOX", literal, &imap.AppendOptions{}); err != nil {
		panic("mssantetest: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.messages = append(m.messages, message)
}

// literal gives its size as go-imap wants it.
type literal struct{ *strings.Reader }
