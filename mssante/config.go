package mssante

import (
	"context"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Config is what a [Client] needs: one mailbox at one operator.
type Config struct {
	// Of ClientConfig, Timeout bounds each wait for the server; IdleTimeout,
	// Retry, Proxy and HTTPClient have no use here.
	segur.ClientConfig

	// SMTP is the operator's submission service, "host" or "host:port". The
	// default port is 587 (STARTTLS); 465 means TLS from the first byte.
	// Empty: the client only reads.
	SMTP string
	// IMAP is the operator's reading service, "host" or "host:port". The
	// default port is 143 (STARTTLS); 993 means TLS from the first byte.
	// Empty: the client only sends.
	IMAP string
	// ImplicitTLS means TLS from the first byte whatever the ports. Clear text
	// is never used, and a server that does not offer STARTTLS is refused.
	ImplicitTLS bool

	// Mailbox is the address of the mailbox.
	Mailbox string
	// Kind is what kind of mailbox it is, as the health directory says. It
	// decides how the sender is labelled: a person, or a functional entity.
	// Empty: either is taken.
	Kind MailboxKind
	// ProductNumber is X-MSS-NIL, the reference that the ANS gave to the
	// product. Required: every mail carries it (ECO.2.4.3).
	ProductNumber string
	// Auth says how the mailbox is opened once TLS is up. The zero value is
	// [Certificate]: mailboxes of applications and structures.
	Auth Auth
	// Password is that of Mailbox, for Auth [Password].
	Password string
	// Token gives a Pro Santé Connect access token, for Auth [Token]. It is
	// asked for at each connection and never kept; after a refusal it is asked
	// once more, for tokens live two minutes. A second refusal is final.
	Token func(ctx context.Context) (string, error)

	// SourceID is the OID of the sending system. It goes to METADATA.XML, and
	// identifiers of submissions are made below it.
	SourceID segur.OID
	// Sender names the sender to people who open the archive by hand. Name
	// defaults to the functional entity of the message, Application to the
	// user agent.
	Sender ArchiveSender
	// ContentType is contentTypeCode of METADATA.XML (TRE_R209). Zero: 07,
	// "Consultations soins externes".
	ContentType segur.Code
	// AllowUnknownCodes takes document codes that the SDK's value sets do not
	// hold.
	AllowUnknownCodes bool

	// MaxMessageBytes bounds a message as it is sent, base64 included. 0:
	// 25,000,000, the limit of Mon espace santé. The operator's own limit
	// (SMTP extension SIZE) applies as well. Messages are built in memory.
	MaxMessageBytes int64
	// MaxPatientMessageBytes bounds a message to a patient in the same way. 0:
	// 25,000,000: Mon espace santé returns what is larger.
	MaxPatientMessageBytes int64
	// MaxReceivedBytes bounds a message that is read. 0: 64 MiB.
	MaxReceivedBytes int64
	// AllOrNone sends to nobody when the operator refuses one recipient. By
	// default the others get the message, and [Client.Send] returns an
	// [segur.ErrPartial] error that names those who did not: a report that
	// reaches one of two doctors is worth more than none.
	AllOrNone bool
	// AllowDomain says whether a mail domain is in the national white list.
	// nil: not checked here; the operator does.
	AllowDomain func(domain string) bool
	// VisibilityRules say what may be sent to whom. nil:
	// [DefaultVisibilityRules]. Whatever they say, nothing hidden from the
	// patient goes to the patient, nor anything hidden from professionals to a
	// professional.
	VisibilityRules []VisibilityRule
	// RefuseWithoutINS refuses documents that hold no INS. By default they go
	// to professionals, with X-MSS-INS: N and, in METADATA.XML, the local
	// identifier as patientId: what that is without an INS is not published.
	RefuseWithoutINS bool
	// CipherSuites lists the suites of TLS 1.2. nil: ECDHE with AEAD. The list
	// of the reference (ECO.1.1.3) is not public.
	CipherSuites []uint16
	// ActionSlot is the metadata attribute that says that documents replace
	// others. Empty: [xdm.DefaultActionSlot].
	ActionSlot string
	// ReportsFromMailbox sends read receipts and mails of integration error with
	// the mailbox as return path. By default it is empty, as RFC 8098 section 3
	// and RFC 3834 ask, so that they are never answered; some operators take
	// nothing without a return path.
	ReportsFromMailbox bool
	// RequireReturnPath refuses to answer by itself a mail that has no
	// Return-Path. By default the sender (From) stands for it: operators of
	// MSSanté let nobody write another one, and not all write a Return-Path.
	RequireReturnPath bool
	// BounceSubjects are subjects of bounces, beside those that the SDK knows:
	// those of Mon espace santé are not all public. Case and accents do not
	// count.
	BounceSubjects []string

	// Watch tunes [Client.Watch].
	Watch WatchPolicy
	// Processed remembers which mails were processed, where the server keeps no
	// keywords. Optional.
	Processed Ledger
	// ProcessedKeyword is the IMAP keyword of processed mails. Empty:
	// "SegurProcessed".
	ProcessedKeyword string

	// Trace gets the functional trace of every action on the mailbox
	// (ECO.4.1.1). It is called while the action is under way, by several
	// goroutines at once, and must not block. Optional.
	Trace func(Action)
	// Actor is the author of actions in traces, unless [WithActor] says
	// another: the national identifier of the professional, or that of the
	// software. Required with Trace.
	Actor string

	// HeloName is what the client calls itself in EHLO. Empty: "localhost".
	HeloName string
}

// ArchiveSender is who sends, in the words of the archive's start page.
type ArchiveSender struct {
	Name, Organization, Address, Phone string
	Application, Version, Vendor       string
}

// Auth is a way to open a mailbox.
type Auth uint8

// The ways. The reference for client software asks for a Pro Santé Connect
// token where a person is in front, and for an organisation certificate where
// none is. Which SASL step follows the certificate is the operator's choice:
// EXTERNAL when it is announced, none when the session is open already.
const (
	// Certificate: the TLS client certificate, confirmed with SASL EXTERNAL.
	Certificate Auth = iota
	// Token: SASL XOAUTH2 with a Pro Santé Connect access token.
	Token
	// Password: SASL PLAIN.
	Password
)

const (
	defaultMaxMessage  = 25_000_000
	defaultMaxReceived = 64 << 20
)

var keyword = regexp.MustCompile(`^[0-9A-Za-z$_.-]{1,64}$`)

var productNumber = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/-]{0,63}$`)

// again reports whether a refusal may come from a token that just expired.
func (c *Client) again(err error) bool {
	return c.cfg.Auth == Token && segur.KindOf(err) == segur.KindAuthentication
}

// Client sends from one mailbox and reads it. It is immutable and safe for
// concurrent use: each call has a connection of its own. [Client.Outbox] and
// [Client.Inbox] keep one open.
type Client struct {
	cfg       Config
	transport *transport.Client
}

// New checks cfg completely; the error ([segur.ErrInvalidInput]) lists all
// that is wrong.
func New(cfg Config) (*Client, error) {
	var p segur.Problems
	cfg.ClientConfig.Check(&p)
	cfg.check(&p)
	if err := p.Err("mssante.New"); err != nil {
		return nil, err
	}
	cfg.ClientConfig = cfg.WithDefaults()
	if cfg.MaxMessageBytes == 0 {
		cfg.MaxMessageBytes = defaultMaxMessage
	}
	if cfg.MaxPatientMessageBytes == 0 {
		cfg.MaxPatientMessageBytes = defaultMaxMessage
	}
	if cfg.MaxReceivedBytes == 0 {
		cfg.MaxReceivedBytes = defaultMaxReceived
	}
	if cfg.ContentType.IsZero() {
		cfg.ContentType = segur.Code{Code: "07", System: "1.2.250.1.213.2.2", Display: "Consultations soins externes"}
	}
	if cfg.ProcessedKeyword == "" {
		cfg.ProcessedKeyword = "SegurProcessed"
	}
	cfg.Watch.setDefaults()
	if cfg.HeloName == "" {
		cfg.HeloName = "localhost"
	}
	if cfg.Sender.Application == "" {
		cfg.Sender.Application = cfg.UserAgent
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{CipherSuites: cfg.CipherSuites})
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, transport: t}, nil
}

func (c *Config) check(p *segur.Problems) {
	if c.HTTPClient != nil {
		p.Add("httpClient", "must be unset: mail does not go over HTTP")
	}
	if c.ClientConfig.Proxy != nil {
		p.Add("proxy", "must be unset: mail does not go over HTTP")
	}
	if c.SMTP == "" && c.IMAP == "" {
		p.Add("smtp", "is required to send, imap to read")
	}
	c.SMTP = endpoint(p, "smtp", c.SMTP, "587")
	c.IMAP = endpoint(p, "imap", c.IMAP, "143")
	if rule := addressProblem(c.Mailbox); rule != "" {
		p.Add("mailbox", rule)
	}
	if !productNumber.MatchString(c.ProductNumber) {
		p.Add("productNumber", "is required: letters, digits, '.', '_', '/' and '-', 64 at most (X-MSS-NIL)")
	}
	switch c.Auth {
	case Certificate:
		if c.Credentials == nil {
			p.Add("credentials", "are required: the mailbox is opened with a certificate")
		}
	case Token:
		if c.Token == nil {
			p.Add("token", "is required: the mailbox is opened with an access token")
		}
	case Password:
		if c.Password == "" {
			p.Add("password", "is required: the mailbox is opened with a password")
		}
	default:
		p.Add("auth", "must be Certificate, Token or Password")
	}
	if c.SMTP != "" && !c.SourceID.Valid() {
		p.Add("sourceID", "must be an OID: that of the sending system")
	}
	if c.MaxMessageBytes < 0 {
		p.Add("maxMessageBytes", "must not be negative")
	}
	if c.MaxPatientMessageBytes < 0 {
		p.Add("maxPatientMessageBytes", "must not be negative")
	}
	if c.Kind == CitizenMailbox || IsPatientAddress(c.Mailbox) && c.Kind != "" {
		p.Add("kind", "must be that of a professional's mailbox")
	}
	if c.MaxReceivedBytes < 0 {
		p.Add("maxReceivedBytes", "must not be negative")
	}
	if c.Trace != nil && strings.TrimSpace(c.Actor) == "" {
		p.Add("actor", "is required with trace: a trace names its author (ECO.4.1.2)")
	}
	if c.ProcessedKeyword != "" && !keyword.MatchString(c.ProcessedKeyword) {
		p.Add("processedKeyword", "must have letters, digits, '$', '_', '.' and '-' only, 64 at most")
	}
	c.Watch.check(p)
	if strings.ContainsFunc(c.HeloName, func(r rune) bool { return r <= ' ' || r > '~' }) {
		p.Add("heloName", "must be printable ASCII without blank")
	}
}

// endpoint adds the default port.
func endpoint(p *segur.Problems, field, address, port string) string {
	if address == "" {
		return ""
	}
	host, given, err := net.SplitHostPort(address)
	switch {
	case err != nil && !strings.ContainsAny(address, ":/@ []"):
		return net.JoinHostPort(address, port)
	case err != nil || host == "" || strings.ContainsAny(host, "/@ "):
		p.Add(field, "must be host or host:port")
	default:
		if n, err := strconv.ParseUint(given, 10, 16); err != nil || n == 0 {
			p.Add(field, "must have a port between 1 and 65535")
		}
	}
	return address
}

// implicit reports whether TLS starts with the connection.
func (c *Config) implicit(address, port string) bool {
	_, given, _ := net.SplitHostPort(address)
	return c.ImplicitTLS || given == port
}
