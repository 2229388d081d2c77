package dicomwebtest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"github.com/coder/websocket"

	"github.com/segur-sdk/segur/dicomweb"
)

// maxWaiting bounds the events that a channel holds for a slow subscriber, which
// is then cut off.
const maxWaiting = 10000

// channel is one open channel of events.
type channel struct {
	mu      sync.Mutex
	waiting []string
	wake    chan struct{}
	cut     chan struct{}
	once    sync.Once
}

func (c *channel) send(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting = append(c.waiting, text); len(c.waiting) > maxWaiting {
		c.end()
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *channel) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	texts := c.waiting
	c.waiting = nil
	return texts
}

func (c *channel) end() { c.once.Do(func() { close(c.cut) }) }

// upsEvents serves a channel of events: a WebSocket (PS3.18 8.10.4). What
// happens while a subscriber has none is lost to it.
func (s *Server) upsEvents(w http.ResponseWriter, r *http.Request, escaped string, quirks Quirks) {
	title, err := url.PathUnescape(escaped)
	if err != nil || title == "" || len(title) > 16 {
		http.Error(w, "not an AE title", http.StatusBadRequest)
		return
	}
	c := &channel{wake: make(chan struct{}, 1), cut: make(chan struct{})}
	s.worklist.join(title, c) // before the client learns that it is open
	defer s.worklist.leave(title, c)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{OnPingReceived: func(context.Context, []byte) bool { return !quirks.MuteEvents }})
	if err != nil {
		return // it was answered
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := conn.CloseRead(context.WithoutCancel(r.Context())) // answers pings
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.cut:
			return
		case <-s.closed:
			_ = conn.Close(websocket.StatusGoingAway, "")
			return
		case <-c.wake:
		}
		for _, text := range c.take() {
			if quirks.MuteEvents {
				continue
			}
			if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
				return
			}
		}
	}
}

func (l *worklist) join(title string, c *channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.channels == nil {
		l.channels = map[string][]*channel{}
	}
	l.channels[title] = append(l.channels[title], c)
}

func (l *worklist) leave(title string, c *channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.channels[title] = slices.DeleteFunc(l.channels[title], func(o *channel) bool { return o == c })
}

// Listeners returns how many channels of events of the application are open.
func (s *Server) Listeners(aeTitle string) int {
	s.worklist.mu.Lock()
	defer s.worklist.mu.Unlock()
	return len(s.worklist.channels[aeTitle])
}

// SendEvent sends a text through the channels of the application as it is: what
// is no event, what is too large, an event of a type that the server has none
// of.
func (s *Server) SendEvent(aeTitle, text string) {
	s.worklist.mu.Lock()
	defer s.worklist.mu.Unlock()
	for _, c := range s.worklist.channels[aeTitle] {
		c.send(text)
	}
}

// CutEvents cuts the channels of the application as a network does that fails.
// The subscriptions stay.
func (s *Server) CutEvents(aeTitle string) {
	s.worklist.mu.Lock()
	defer s.worklist.mu.Unlock()
	for _, c := range s.worklist.channels[aeTitle] {
		c.end()
	}
}

// AnnounceStatus tells every application that has a channel of the status of the
// service. It changes nothing else.
func (s *Server) AnnounceStatus(status dicomweb.ServiceStatus) {
	l := &s.worklist
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.event(dicomweb.UPSAll, dicomweb.UPSServiceStatus,
		dicomweb.Text(dicomweb.TagSCPStatus, status.Status), dicomweb.Text(dicomweb.TagSubscriptionListStatus, status.Subscriptions),
		dicomweb.Text(dicomweb.TagWorkitemListStatus, status.Workitems))
	for _, list := range l.channels {
		for _, c := range list {
			c.send(text)
		}
	}
}

// assignments are the attributes that say whom a workitem is for.
var assignments = []dicomweb.Tag{dicomweb.TagScheduledStationName, dicomweb.TagScheduledHumanPerformers}

func (i *workitem) assigned() bool {
	return slices.ContainsFunc(assignments, func(t dicomweb.Tag) bool { return len(i.dataset.Items(t)) > 0 })
}

// reported are the attributes of each type of event (PS3.4 table CC.2.4-1).
var reported = map[dicomweb.UPSEventType][]dicomweb.Tag{
	dicomweb.UPSStateReport:    {dicomweb.TagProcedureStepState, dicomweb.TagInputReadinessState},
	dicomweb.UPSProgressReport: {dicomweb.TagProgressInformation},
	dicomweb.UPSAssigned:       assignments,
}

// report sends an event about the workitem to its subscribers.
func (i *workitem) report(t dicomweb.UPSEventType) {
	for title := range i.subscribers {
		i.reportTo(t, title)
	}
}

func (i *workitem) reportTo(t dicomweb.UPSEventType, title string) {
	if len(i.list.channels[title]) == 0 {
		return
	}
	var elems []dicomweb.Element
	for _, tag := range reported[t] {
		if e, ok := i.dataset.Get(tag); ok {
			elems = append(elems, e)
		}
	}
	if t == dicomweb.UPSCancelRequested {
		elems = append(slices.Collect(i.cancelAsked.All()), dicomweb.Text(dicomweb.TagRequestingAE, "DICOMWEBTEST"))
	}
	text := i.list.event(i.uid, t, elems...)
	for _, c := range i.list.channels[title] {
		c.send(text)
	}
}

// event is the text of an event report (PS3.18 11.13).
func (l *worklist) event(uid string, t dicomweb.UPSEventType, elems ...dicomweb.Element) string {
	l.messages++
	ds := dicomweb.NewDataset(
		dicomweb.Element{Tag: dicomweb.TagAffectedSOPClassUID, VR: dicomweb.UI, Values: []string{"1.2.840.10008.5.1.4.34.6.1"}},
		dicomweb.Element{Tag: dicomweb.TagMessageID, VR: dicomweb.US, Values: []string{strconv.Itoa(l.messages % 0x10000)}},
		dicomweb.Element{Tag: dicomweb.TagAffectedSOPInstanceUID, VR: dicomweb.UI, Values: []string{uid}},
		dicomweb.Element{Tag: dicomweb.TagEventTypeID, VR: dicomweb.US, Values: []string{strconv.Itoa(int(t))}},
	)
	for _, e := range elems {
		ds.Set(e)
	}
	return string(ds.AppendJSON(nil))
}
