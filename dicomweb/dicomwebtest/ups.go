package dicomwebtest

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/segur-sdk/segur/dicomweb"
)

// maxWorkitem bounds a request of the worklist service, in bytes.
const maxWorkitem = 4 << 20

// worklist is the state of the worklist service (PS3.4 CC).
type worklist struct {
	mu    sync.Mutex
	items []*workitem
	// global are the subscriptions to all workitems and to filtered ones, by AE
	// title.
	global map[string]*globalSubscription
	// channels are those of events that are open, by AE title.
	channels map[string][]*channel
	messages int // sent as events
}

type workitem struct {
	list        *worklist
	uid         string
	state       dicomweb.UPSState
	transaction string
	dataset     *dicomweb.Dataset
	subscribers map[string]bool // AE title: with a deletion lock
	cancelAsked *dicomweb.Dataset
}

type globalSubscription struct {
	keys      []matchKey
	lock      bool
	suspended bool
}

// set changes the state and the attribute that tells it, and tells subscribers.
func (i *workitem) set(state dicomweb.UPSState) {
	i.state = state
	i.put(dicomweb.Text(dicomweb.TagProcedureStepState, string(state)))
	i.report(dicomweb.UPSStateReport)
}

// put replaces attributes in a copy, since answers hold the data set.
func (i *workitem) put(elems ...dicomweb.Element) {
	ds := dicomweb.NewDataset(slices.Collect(i.dataset.All())...)
	for _, e := range elems {
		ds.Set(e)
	}
	i.dataset = ds
}

func (l *worklist) find(uid string) *workitem {
	for _, w := range l.items {
		if w.uid == uid {
			return w
		}
	}
	return nil
}

// Workitem is what the server holds of a workitem.
type Workitem struct {
	// State is its state.
	State dicomweb.UPSState
	// Transaction is the Transaction UID under which it was taken.
	Transaction string
	// Subscribers are the AE titles, sorted.
	Subscribers []string
	// CancelRequested: its performer was told of a request for cancellation.
	CancelRequested bool
	// Attributes are all it has.
	Attributes *dicomweb.Dataset
}

// Workitem returns a workitem, and whether there is one of that UID.
func (s *Server) Workitem(uid string) (Workitem, bool) {
	s.worklist.mu.Lock()
	defer s.worklist.mu.Unlock()
	w := s.worklist.find(uid)
	if w == nil {
		return Workitem{}, false
	}
	out := Workitem{State: w.state, Transaction: w.transaction, CancelRequested: w.cancelAsked != nil, Attributes: w.dataset}
	for title := range w.subscribers {
		out.Subscribers = append(out.Subscribers, title)
	}
	slices.Sort(out.Subscribers)
	return out, true
}

// upsOperation names a request of the worklist service, "" for any other.
func upsOperation(method, path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] == "subscribers" && len(parts) == 2 && method == http.MethodGet {
		return OpUPSEvents
	}
	if parts[0] != "workitems" || len(parts) > 5 {
		return ""
	}
	switch n := len(parts); {
	case n == 1 && method == http.MethodPost:
		return OpUPSCreate
	case n == 1 && method == http.MethodGet:
		return OpUPSSearch
	case n == 2 && method == http.MethodGet:
		return OpUPSRetrieve
	case n == 2 && method == http.MethodPost:
		return OpUPSUpdate
	case n == 3 && method == http.MethodPut && parts[2] == "state":
		return OpUPSState
	case n == 3 && method == http.MethodPost && parts[2] == "cancelrequest":
		return OpUPSCancel
	case n == 4 && parts[2] == "subscribers" && (method == http.MethodPost || method == http.MethodDelete),
		n == 5 && parts[2] == "subscribers" && parts[4] == "suspend" && method == http.MethodPost:
		return OpUPSSubscribe
	}
	return ""
}

// ups is UPS-RS (PS3.18 11).
func (s *Server) ups(w http.ResponseWriter, r *http.Request, path string) {
	quirks := s.quirk()
	if quirks.NoUPS {
		http.Error(w, "no such resource", http.StatusNotFound)
		return
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	op := upsOperation(r.Method, path)
	if op == OpUPSEvents {
		s.upsEvents(w, r, parts[1], quirks)
		return
	}
	s.worklist.mu.Lock()
	defer s.worklist.mu.Unlock()
	if len(parts) > 1 && !dicomweb.ValidUID(parts[1]) {
		http.Error(w, "not a UID", http.StatusBadRequest)
		return
	}
	switch op {
	case OpUPSCreate:
		s.upsCreate(w, r)
		return
	case OpUPSSearch:
		s.upsSearch(w, r, quirks)
		return
	case OpUPSSubscribe:
		title, err := url.PathUnescape(parts[3])
		if err != nil || title == "" || len(title) > 16 {
			http.Error(w, "not an AE title", http.StatusBadRequest)
			return
		}
		s.upsSubscribe(w, r, subscribing{uid: parts[1], title: title, suspend: len(parts) == 5}, quirks)
		return
	}
	item := s.worklist.find(parts[1])
	if item == nil {
		http.Error(w, "no such workitem", http.StatusNotFound)
		return
	}
	switch op {
	case OpUPSRetrieve:
		if !accepts(r, "application/dicom+json") {
			http.Error(w, "Accept must take application/dicom+json", http.StatusNotAcceptable)
			return
		}
		writeJSON(w, []*dicomweb.Dataset{item.public()})
	case OpUPSUpdate:
		item.update(w, r)
	case OpUPSState:
		item.changeState(w, r)
	case OpUPSCancel:
		item.cancel(w, r)
	}
}

// public is the data set without the Transaction UID.
func (i *workitem) public() *dicomweb.Dataset {
	ds := &dicomweb.Dataset{}
	for e := range i.dataset.All() {
		if e.Tag != dicomweb.TagTransactionUID {
			ds.Set(e)
		}
	}
	return ds
}

// readOne reads a body of one data set; nil after an answer that refuses it.
func readOne(w http.ResponseWriter, r *http.Request) *dicomweb.Dataset {
	ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if ct != "application/dicom+json" && ct != "application/json" {
		http.Error(w, "Content-Type must be application/dicom+json", http.StatusUnsupportedMediaType)
		return nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWorkitem))
	if err != nil {
		http.Error(w, "the body is not complete", http.StatusBadRequest)
		return nil
	}
	list, err := dicomweb.ParseJSON(text)
	if err != nil || len(list) != 1 {
		http.Error(w, "the body must be an array of one data set", http.StatusBadRequest)
		return nil
	}
	return list[0]
}

// warn refuses with one of the texts of the standard.
func warn(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Warning", "299 dicomwebtest: "+text)
	w.WriteHeader(status)
}

// bareUID is the UID of a query: alone, or the value of one of the names.
func bareUID(raw string, names ...string) string {
	if dicomweb.ValidUID(raw) {
		return raw
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return ""
	}
	for _, n := range names {
		if v := values.Get(n); v != "" {
			return v
		}
	}
	return ""
}

// required are the attributes that a workitem is created with (PS3.4 table
// CC.2.5-3, types 1 and 2); those of the first list have a value.
var (
	upsValues = []dicomweb.Tag{dicomweb.TagStepPriority, dicomweb.TagProcedureStepLabel, dicomweb.TagScheduledStart,
		dicomweb.TagProcedureStepState, dicomweb.TagInputReadinessState}
	upsPresent = []dicomweb.Tag{dicomweb.TagTransactionUID, dicomweb.TagPatientName, dicomweb.TagPatientID, dicomweb.TagPatientBirthDate,
		dicomweb.TagPatientSex, dicomweb.TagInputInformation, dicomweb.TagWorklistLabel, dicomweb.TagScheduledWorkitemCode, dicomweb.TagReferencedRequest}
)

func (s *Server) upsCreate(w http.ResponseWriter, r *http.Request) {
	ds := readOne(w, r)
	if ds == nil {
		return
	}
	uid := bareUID(r.URL.RawQuery, "AffectedSOPInstanceUID", "workitem")
	if uid == "" {
		uid = ds.Value(dicomweb.TagSOPInstanceUID)
	}
	if !dicomweb.ValidUID(uid) {
		http.Error(w, "the workitem has no UID", http.StatusBadRequest)
		return
	}
	for _, tag := range upsValues {
		if ds.Value(tag) == "" {
			http.Error(w, tag.Keyword()+" must have a value", http.StatusBadRequest)
			return
		}
	}
	for _, tag := range upsPresent {
		if _, ok := ds.Get(tag); !ok {
			http.Error(w, tag.Keyword()+" must be present", http.StatusBadRequest)
			return
		}
	}
	priority, readiness := ds.Value(dicomweb.TagStepPriority), ds.Value(dicomweb.TagInputReadinessState)
	switch {
	case ds.Value(dicomweb.TagProcedureStepState) != string(dicomweb.UPSScheduled), ds.Value(dicomweb.TagTransactionUID) != "",
		!slices.Contains([]string{dicomweb.UPSHigh, dicomweb.UPSMedium, dicomweb.UPSLow}, priority),
		!slices.Contains([]string{dicomweb.UPSReady, dicomweb.UPSUnavailable, dicomweb.UPSIncomplete}, readiness):
		http.Error(w, "an attribute has a value that it must not have", http.StatusBadRequest)
		return
	case s.worklist.find(uid) != nil:
		http.Error(w, "there is one of that UID", http.StatusConflict)
		return
	}
	item := &workitem{list: &s.worklist, uid: uid, state: dicomweb.UPSScheduled, dataset: ds, subscribers: map[string]bool{}}
	item.put(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2.840.10008.5.1.4.34.6.1"), dicomweb.Text(dicomweb.TagSOPInstanceUID, uid))
	for title, g := range s.worklist.global {
		if !g.suspended && g.takes(item) {
			item.subscribers[title] = g.lock
		}
	}
	s.worklist.items = append(s.worklist.items, item)
	item.report(dicomweb.UPSStateReport)
	if item.assigned() {
		item.report(dicomweb.UPSAssigned)
	}
	w.Header().Set("Content-Location", baseURL(r)+"/workitems/"+uid)
	w.WriteHeader(http.StatusCreated)
}

func (s *Server) upsSearch(w http.ResponseWriter, r *http.Request, quirks Quirks) {
	q, problem := parseQuery(r.URL.RawQuery)
	if problem != "" {
		http.Error(w, "unknown or malformed parameter", http.StatusBadRequest)
		return
	}
	if quirks.IgnoreFilters {
		q.keys = nil
	}
	if quirks.IgnoreOffset {
		q.offset = 0
	}
	var rows []*dicomweb.Dataset
	for _, item := range s.worklist.items {
		if !slices.ContainsFunc(q.keys, func(k matchKey) bool { return !q.matches(item.dataset, k.path, k.value) }) {
			rows = append(rows, item.public())
		}
	}
	rows = rows[min(q.offset, len(rows)):]
	if q.limit >= 0 && q.limit < len(rows) {
		rows = rows[:q.limit]
	}
	if len(rows) == 0 && !quirks.EmptyArray {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	writeJSON(w, rows)
}
