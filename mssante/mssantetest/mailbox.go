package mssantetest

import (
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
)

// mailbox is one address.
type mailbox struct {
	address   string
	structure string // OU of the certificates that open it
	password  string
	token     func(string) bool
	user      *imapmemserver.User
	messages  []Message
	bytes     int64

	full     bool
	quota    int64
	status   int // of the server that returns the mail; 0: it does not
	code     string
	bounce   Bounce
	held     bool
	pending  []envelope
	reading  *Reading
	absent   bool // an address of Mon espace santé that nobody has
	sessions map[*imapSession]bool
}

// Message is a mail as it was delivered to a mailbox.
type Message struct {
	// From and To are those of the envelope.
	From string
	To   []string
	// Raw is the mail without the trace headers of the server.
	Raw []byte
	// DeliveryReceipt says that a notification of success was asked for.
	DeliveryReceipt bool

	uid imap.UID
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
	return WithTokenCheck(func(given string) bool { return token != "" && given == token })
}

// WithTokenCheck lets SASL XOAUTH2 open the mailbox with the tokens that check
// accepts, and no certificate: tokens that expire, those of a fake provider.
func WithTokenCheck(check func(token string) bool) MailboxOption {
	return func(m *mailbox) { m.token, m.structure = check, "" }
}

// Full refuses deliveries: the mailbox has no room left.
func Full() MailboxOption { return func(m *mailbox) { m.full = true } }

// Quota refuses deliveries that would make the mailbox hold more than n bytes.
func Quota(n int64) MailboxOption { return func(m *mailbox) { m.quota = n } }

// Returns makes the operator take the mail, and the server of the recipient
// refuse it with that reply: the sender gets a failure notification. 550 and
// "5.1.1" for an unknown mailbox, 552 and "5.2.2" for a full one.
func Returns(status int, code string) MailboxOption {
	return func(m *mailbox) { m.status, m.code = status, code }
}

// Bounces makes Mon espace santé return the mail in words. See [Bounce].
func Bounces(why Bounce) MailboxOption { return func(m *mailbox) { m.bounce = why } }

// Held makes the operator keep the mail, since the server of the recipient does
// not answer: the sender gets a delay notification. [Server.Release] delivers.
func Held() MailboxOption { return func(m *mailbox) { m.held = true } }

// Reads makes the reader of the mailbox answer each mail by itself. See
// [Reading].
func Reads(r Reading) MailboxOption { return func(m *mailbox) { m.reading = &r } }

func newMailbox(address string, opts ...MailboxOption) *mailbox {
	m := &mailbox{address: address, structure: credentialtest.DefaultStructureID, sessions: map[*imapSession]bool{}}
	for _, o := range opts {
		o(m)
	}
	m.user = imapmemserver.NewUser(address, "")
	if err := m.user.Create("INBOX", nil); err != nil {
		panic("mssantetest: " + err.Error())
	}
	return m
}

// AddMailbox makes a mailbox of any domain, or a new one in its place. Without
// option the default fictional structure owns it.
func (s *Server) AddMailbox(address string, opts ...MailboxOption) {
	m := newMailbox(address, opts...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailboxes[strings.ToLower(address)] = m
}

// find returns a mailbox, made on demand for a patient, or nil.
func (s *Server) find(address string) *mailbox {
	key := strings.ToLower(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mailboxes[key]
	if m != nil || !mssante.IsPatientAddress(address) {
		return m
	}
	local, _, _ := strings.Cut(address, "@")
	if _, err := segur.ParseINS(local, segur.OIDINSNIRTest); err != nil || s.noPatients {
		if s.patientBounces {
			return &mailbox{address: address, absent: true}
		}
		return nil
	}
	m = newMailbox(address)
	s.mailboxes[key] = m
	return m
}

// must is find for the methods of tests.
func (s *Server) must(address string) *mailbox {
	m := s.find(address)
	if m == nil || m.absent {
		panic("mssantetest: no mailbox of that address")
	}
	return m
}

// Messages are those that came to a mailbox, oldest first.
func (s *Server) Messages(address string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.mailboxes[strings.ToLower(address)]; m != nil {
		return append([]Message(nil), m.messages...)
	}
	return nil
}

// Deliver puts a mail in a mailbox as it is, without any check nor trace
// header: bad ones are what a reader must survive. It panics when there is no
// such mailbox.
func (s *Server) Deliver(address string, raw []byte) {
	s.put(s.must(address), Message{To: []string{address}, Raw: raw}, "")
}

// put stores a mail under the trace headers.
func (s *Server) put(m *mailbox, message Message, trace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := m.user.Append("INBOX", literal{strings.NewReader(trace + string(message.Raw))}, &imap.AppendOptions{Time: s.clock()})
	if err != nil {
		panic("mssantetest: " + err.Error())
	}
	message.uid = data.UID
	m.messages = append(m.messages, message)
	m.bytes += int64(len(message.Raw))
}

// literal gives its size as go-imap wants it.
type literal struct{ *strings.Reader }

// another runs f in a session of another program on a mailbox.
func (s *Server) another(address string, f func(*mailbox, *imapmemserver.UserSession) error) {
	m := s.must(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	x := imapmemserver.NewUserSession(m.user)
	_, err := x.Select("INBOX", &imap.SelectOptions{})
	if err == nil {
		err = f(m, x)
	}
	_ = x.Close()
	if err != nil {
		panic("mssantetest: " + err.Error())
	}
}

// Flag sets flags on the message of that place in [Server.Messages], as another
// program that has the mailbox open does. With "-" before its name a flag is
// taken off.
func (s *Server) Flag(address string, i int, flags ...string) {
	s.another(address, func(m *mailbox, x *imapmemserver.UserSession) error {
		for _, flag := range flags {
			change := imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.Flag(strings.TrimPrefix(flag, "-"))}}
			if strings.HasPrefix(flag, "-") {
				change.Op = imap.StoreFlagsDel
			}
			if err := x.Store(nil, imap.UIDSetNum(m.messages[i].uid), &change, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Expunge removes the message of that place in [Server.Messages] from the
// mailbox, as another program does. Messages still has it.
func (s *Server) Expunge(address string, i int) {
	s.another(address, func(m *mailbox, x *imapmemserver.UserSession) error {
		set := imap.UIDSetNum(m.messages[i].uid)
		deleted := imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
		if err := x.Store(nil, set, &deleted, nil); err != nil {
			return err
		}
		return x.Expunge(nil, &set)
	})
}

// Rebuild makes the folder of a mailbox anew, as operators do when they restore
// it or move it: same mails and flags, other UIDs and UIDVALIDITY. Programs that
// have it open are disconnected.
func (s *Server) Rebuild(address string) {
	s.another(address, func(m *mailbox, x *imapmemserver.UserSession) error {
		const name = "REBUILT"
		if err := m.user.Create(name, nil); err != nil {
			return err
		}
		var all imap.UIDSet
		all.AddRange(1, 0)
		// A number that was never used, so that no UID stays the same.
		if _, err := m.user.Append(name, literal{strings.NewReader("")}, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagDeleted}}); err != nil {
			return err
		}
		moved, err := x.Copy(all, name)
		if err != nil {
			return err
		}
		other := imapmemserver.NewUserSession(m.user)
		if _, err := other.Select(name, &imap.SelectOptions{}); err != nil {
			return err
		}
		first := imap.UIDSetNum(1)
		if err := other.Expunge(nil, &first); err != nil {
			return err
		}
		_ = other.Close()
		from, _ := moved.SourceUIDs.Nums()
		to, _ := moved.DestUIDs.Nums()
		for i := range m.messages {
			for j, uid := range from {
				if m.messages[i].uid == uid {
					m.messages[i].uid = to[j]
					break
				}
			}
		}
		if err := m.user.Delete("INBOX"); err != nil {
			return err
		}
		return m.user.Rename(name, "INBOX", nil)
	})
	s.Disconnect(address)
}

// Disconnect cuts the reading connections of a mailbox: a network that fails, an
// operator that ends sessions with their token.
func (s *Server) Disconnect(address string) {
	m := s.must(address)
	s.mu.Lock()
	defer s.mu.Unlock()
	for x := range m.sessions {
		if x.raw != nil {
			_ = x.raw.Close()
		}
	}
}
