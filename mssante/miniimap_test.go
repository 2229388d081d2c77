package mssante_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// miniIMAP is a server of one folder, for what well-behaved ones do not do:
// news inside answers, folders made anew, keywords refused, short lines.
type miniIMAP struct {
	address string
	srv     *mssantetest.Server

	mu        sync.Mutex
	conns     map[net.Conn]bool
	caps      string
	validity  int
	messages  [][]byte
	flags     map[int]string
	permanent string
	noIdle    bool
	noStores  int                         // refused
	maxLine   int                         // of a command; 0: any
	token     string                      // that XOAUTH2 takes
	before    func(command string) string // said before an answer
	said      []string
}

func newMiniIMAP(t *testing.T) *miniIMAP {
	t.Helper()
	m := &miniIMAP{srv: newServer(t), conns: map[net.Conn]bool{}, caps: "IMAP4rev1 IDLE AUTH=EXTERNAL AUTH=XOAUTH2 SASL-IR", validity: 1,
		flags: map[int]string{}, permanent: `\*`}
	l, err := tls.Listen("tcp", "127.0.0.1:0", m.srv.PKI().MutualTLS())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close(); m.cut() })
	m.address = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(c)
		}
	}()
	return m
}

func (m *miniIMAP) config(*testing.T) mssante.Config {
	cfg := m.srv.ConfigFor(box)
	cfg.IMAP, cfg.ImplicitTLS = m.address, true
	return cfg
}

func (m *miniIMAP) add(raw ...[]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, raw...)
}

// cut ends every connection.
func (m *miniIMAP) cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c := range m.conns {
		_ = c.Close()
	}
}

func (m *miniIMAP) serve(c net.Conn) {
	m.mu.Lock()
	m.conns[c] = true
	m.mu.Unlock()
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(c, format+"\r\n", args...) }
	line := func() string { s, _ := r.ReadString('\n'); return strings.TrimRight(s, "\r\n") }
	say("* OK mini")
	for {
		command := line()
		if command == "" {
			return
		}
		m.mu.Lock()
		m.said = append(m.said, command)
		before := m.before
		m.mu.Unlock()
		tag, rest, _ := strings.Cut(command, " ")
		if m.maxLine > 0 && len(command) > m.maxLine {
			say("%s BAD line too long", tag)
			continue
		}
		if before != nil {
			if s := before(rest); s != "" {
				say("%s", s)
			}
		}
		word, args, _ := strings.Cut(rest, " ")
		if word == "UID" {
			word, args, _ = strings.Cut(args, " ")
		}
		m.mu.Lock()
		switch word {
		case "CAPABILITY":
			say("* CAPABILITY %s", m.caps)
			say("%s OK", tag)
		case "AUTHENTICATE":
			_, initial, given := strings.Cut(args, " ")
			if !given {
				say("+ ")
				initial = line()
			}
			b, _ := base64.StdEncoding.DecodeString(initial)
			if strings.HasPrefix(args, "XOAUTH2") && string(b) != "user="+box+"\x01auth=Bearer "+m.token+"\x01\x01" {
				say("+ %s", base64.StdEncoding.EncodeToString([]byte(`{"status":"401"}`)))
				if empty := line(); empty != "" {
					say("%s BAD not empty", tag)
				}
				say("%s NO [AUTHENTICATIONFAILED] no", tag)
				break
			}
			say("%s OK", tag)
		case "SELECT", "EXAMINE":
			say("* %d EXISTS\r\n* OK [UIDVALIDITY %d] x\r\n* OK [PERMANENTFLAGS (%s)] x", len(m.messages), m.validity,
				strings.TrimSpace("\\Seen "+m.permanent))
			say("%s OK", tag)
		case "SEARCH":
			m.search(say, tag, args)
		case "FETCH":
			for i, raw := range m.messages {
				if !strings.Contains(","+strings.SplitN(args, " ", 2)[0]+",", fmt.Sprintf(",%d,", i+1)) && !inRange(args, i+1) {
					continue
				}
				if strings.Contains(args, "BODY") {
					say("* %d FETCH (UID %d BODY[] {%d}\r\n%s)", i+1, i+1, len(raw), raw)
				} else {
					say("* %d FETCH (UID %d FLAGS (%s) INTERNALDATE \"15-Jan-2026 10:46:00 +0000\" RFC822.SIZE %d)", i+1, i+1,
						strings.TrimSpace(m.flags[i+1]), len(raw))
				}
			}
			say("%s OK", tag)
		case "STORE":
			if m.noStores > 0 {
				m.noStores--
				say("%s NO [LIMIT] not now", tag)
				break
			}
			var uid int
			_, _ = fmt.Sscanf(args, "%d", &uid)
			m.flags[uid] += " " + strings.Trim(args[strings.IndexByte(args, '(')+1:], ")")
			say("%s OK", tag)
		case "IDLE":
			if m.noIdle {
				say("%s NO not now", tag)
				break
			}
			say("+ idling")
			m.mu.Unlock()
			line()
			m.mu.Lock()
			say("%s OK", tag)
		case "LOGOUT":
			say("* BYE")
			say("%s OK", tag)
		default:
			say("%s OK", tag)
		}
		m.mu.Unlock()
	}
}

func inRange(args string, n int) bool {
	set, _, _ := strings.Cut(args, " ")
	for part := range strings.SplitSeq(set, ",") {
		var a, b int
		if k, _ := fmt.Sscanf(part, "%d:%d", &a, &b); k == 2 && n >= a && n <= b {
			return true
		}
	}
	return false
}

func (m *miniIMAP) search(say func(string, ...any), tag, args string) {
	after := 0
	if i := strings.Index(args, ":*"); i >= 0 {
		_, _ = fmt.Sscanf(args[strings.LastIndexByte(args[:i], ' ')+1:i], "%d", &after)
		after--
	}
	var out strings.Builder
	for i := range m.messages {
		if i+1 <= after && i+1 != len(m.messages) { // "n:*" has the last one always
			continue
		}
		if strings.Contains(args, "SegurProcessed") && strings.Contains(m.flags[i+1], "SegurProcessed") {
			continue
		}
		fmt.Fprintf(&out, " %d", i+1)
	}
	say("* SEARCH%s", out.String())
	say("%s OK", tag)
}
