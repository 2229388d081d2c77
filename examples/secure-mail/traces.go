package main

import (
	"bytes"
	"encoding/csv"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur/mssante"
)

// traces are the functional traces of the mailboxes: who did what, when, with which
// answer. A product writes them to a table of its own. They hold neither token nor
// content, and no address of a patient.
type traces struct {
	mu      sync.Mutex
	actions []mssante.Action
}

// add is mssante.Config.Trace; several goroutines call it.
func (t *traces) add(a mssante.Action) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.actions = append(t.actions, a)
}

// csv writes them as a table.
func (t *traces) csv() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"id", "time", "actor", "mailbox", "service", "action", "message_id", "recipients", "codes", "command", "reply", "result"})
	for _, a := range t.actions {
		var to []string
		for _, r := range a.Recipients {
			who := r.Address
			if who == "" {
				who = r.Ref // a patient, named by a hash
			}
			to = append(to, strings.TrimSpace(who+" "+r.Reply))
		}
		_ = w.Write([]string{a.ID, a.Time.Format(time.RFC3339Nano), a.Actor, a.Mailbox, a.Service, string(a.Kind), a.MessageID,
			strings.Join(to, "; "), strings.Join(a.Codes, ","), a.Command, a.Reply, a.Result})
	}
	w.Flush()
	return b.Bytes()
}
