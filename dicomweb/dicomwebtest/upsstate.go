package dicomwebtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// authorised checks the Transaction UID of a change to a workitem.
func (i *workitem) authorised(w http.ResponseWriter, transaction string) bool {
	switch {
	case i.state == dicomweb.UPSInProgress && transaction == "":
		warn(w, http.StatusBadRequest, "The Transaction UID is missing.")
	case i.state == dicomweb.UPSInProgress && transaction != i.transaction:
		warn(w, http.StatusBadRequest, "The Transaction UID is incorrect.")
	case i.state.Final():
		warn(w, http.StatusConflict, "The submitted request is inconsistent with the state of the UPS Instance.")
	default:
		return true
	}
	return false
}

func (i *workitem) update(w http.ResponseWriter, r *http.Request) {
	ds := readOne(w, r)
	if ds == nil {
		return
	}
	for _, tag := range []dicomweb.Tag{dicomweb.TagProcedureStepState, dicomweb.TagTransactionUID, dicomweb.TagSOPInstanceUID} {
		if _, ok := ds.Get(tag); ok {
			http.Error(w, "an update must not hold "+tag.Keyword(), http.StatusBadRequest)
			return
		}
	}
	if !i.authorised(w, bareUID(r.URL.RawQuery, "transaction-uid", "TransactionUID")) {
		return
	}
	i.put(slices.Collect(ds.All())...)
	for _, c := range []struct {
		report  dicomweb.UPSEventType
		changes []dicomweb.Tag
	}{
		{dicomweb.UPSStateReport, []dicomweb.Tag{dicomweb.TagInputReadinessState}},
		{dicomweb.UPSProgressReport, []dicomweb.Tag{dicomweb.TagProgressInformation}},
		{dicomweb.UPSAssigned, assignments},
	} {
		if slices.ContainsFunc(c.changes, func(t dicomweb.Tag) bool { _, ok := ds.Get(t); return ok }) {
			i.report(c.report)
		}
	}
	w.WriteHeader(http.StatusOK)
}

func (i *workitem) changeState(w http.ResponseWriter, r *http.Request) {
	ds := readOne(w, r)
	if ds == nil {
		return
	}
	transaction := ds.Value(dicomweb.TagTransactionUID)
	to := dicomweb.UPSState(ds.Value(dicomweb.TagProcedureStepState))
	inconsistent := func() {
		warn(w, http.StatusConflict, "The submitted request is inconsistent with the state of the UPS Instance.")
	}
	switch {
	case !dicomweb.ValidUID(transaction):
		warn(w, http.StatusBadRequest, "The Transaction UID is missing.")
	case to != dicomweb.UPSInProgress && !to.Final():
		http.Error(w, "not a state to change to", http.StatusBadRequest)
	case i.state == to && to == dicomweb.UPSCanceled:
		warn(w, http.StatusGone, "The UPS is already in the requested state of CANCELED.")
	case i.state == to && to == dicomweb.UPSCompleted:
		warn(w, http.StatusGone, "The UPS is already in the requested state of COMPLETED.")
	case i.state.Final():
		inconsistent()
	case i.state == dicomweb.UPSScheduled && to == dicomweb.UPSInProgress:
		i.transaction = transaction
		i.set(to)
		w.WriteHeader(http.StatusOK)
	case i.state == dicomweb.UPSScheduled || to == dicomweb.UPSInProgress:
		inconsistent()
	case transaction != i.transaction:
		warn(w, http.StatusBadRequest, "The Transaction UID is incorrect.")
	default:
		i.set(to)
		w.WriteHeader(http.StatusOK)
	}
}

func (i *workitem) cancel(w http.ResponseWriter, r *http.Request) {
	ds := &dicomweb.Dataset{}
	if r.ContentLength != 0 {
		if ds = readOne(w, r); ds == nil {
			return
		}
	}
	switch i.state {
	case dicomweb.UPSCanceled:
		w.Header().Set("Warning", "299 dicomwebtest: The UPS is already in the requested state of CANCELED.")
		w.WriteHeader(http.StatusConflict)
	case dicomweb.UPSCompleted:
		warn(w, http.StatusConflict, "The UPS is already COMPLETED.")
	case dicomweb.UPSInProgress:
		if len(i.subscribers) == 0 { // the performer hears of it by its subscription
			warn(w, http.StatusConflict, "The performer cannot be contacted.")
			return
		}
		i.cancelAsked = ds
		i.report(dicomweb.UPSCancelRequested)
		w.WriteHeader(http.StatusAccepted)
	default: // the server takes it and ends it itself
		i.cancelAsked = ds
		i.report(dicomweb.UPSCancelRequested)
		i.set(dicomweb.UPSInProgress)
		i.set(dicomweb.UPSCanceled)
		w.WriteHeader(http.StatusAccepted)
	}
}

// subscribing is a request about a subscription.
type subscribing struct {
	uid, title string
	suspend    bool
}

// takes reports whether a workitem matches the keys.
func (g *globalSubscription) takes(i *workitem) bool {
	return !slices.ContainsFunc(g.keys, func(k matchKey) bool { return !(&searchQuery{}).matches(i.dataset, k.path, k.value) })
}

func (s *Server) upsSubscribe(w http.ResponseWriter, r *http.Request, sub subscribing, quirks Quirks) {
	l := &s.worklist
	if l.global == nil {
		l.global = map[string]*globalSubscription{}
	}
	all := sub.uid == dicomweb.UPSAll || sub.uid == dicomweb.UPSFiltered
	item := l.find(sub.uid)
	lock := r.URL.Query().Get("deletionlock") == "true"
	switch {
	case !all && item == nil:
		http.Error(w, "no such workitem", http.StatusNotFound)
	case sub.suspend && !all:
		http.Error(w, "only a global subscription is suspended", http.StatusBadRequest)
	case sub.suspend && l.global[sub.title] == nil, r.Method == http.MethodDelete && all && l.global[sub.title] == nil:
		http.Error(w, "no such subscription", http.StatusNotFound)
	case sub.suspend:
		l.global[sub.title].suspended = true
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodDelete && all:
		delete(l.global, sub.title)
		for _, i := range l.items {
			delete(i.subscribers, sub.title)
		}
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodDelete:
		if _, ok := item.subscribers[sub.title]; !ok {
			http.Error(w, "no such subscription", http.StatusNotFound)
			return
		}
		delete(item.subscribers, sub.title)
		w.WriteHeader(http.StatusOK)
	case sub.uid == dicomweb.UPSFiltered && quirks.NoFilteredSubscriptions:
		warn(w, http.StatusForbidden, "Filtered Worklist Subscriptions are not supported.")
	default:
		g := &globalSubscription{lock: lock && !quirks.NoDeletionLock}
		query := r.URL.Query()
		query.Del("deletionlock")
		q, problem := parseQuery(query.Encode())
		if problem != "" || sub.uid == dicomweb.UPSFiltered && len(q.keys) == 0 {
			http.Error(w, "unknown or malformed parameter", http.StatusBadRequest)
			return
		}
		if g.keys = q.keys; all {
			l.global[sub.title] = g
			for _, i := range l.items {
				if g.takes(i) {
					i.subscribers[sub.title] = g.lock
					if g.lock {
						i.reportTo(dicomweb.UPSStateReport, sub.title)
					}
				}
			}
		} else {
			item.subscribers[sub.title] = g.lock
			item.reportTo(dicomweb.UPSStateReport, sub.title)
		}
		if lock && quirks.NoDeletionLock {
			w.Header().Set("Warning", "299 dicomwebtest: Deletion Lock not granted.")
		}
		w.Header().Set("Content-Location", "ws"+strings.TrimPrefix(baseURL(r), "http")+"/subscribers/"+url.PathEscape(sub.title))
		w.WriteHeader(http.StatusCreated)
	}
}
