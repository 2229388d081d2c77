package dicomweb

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// The operations of the worklist service.
const (
	opUPSCreate    = "dicomweb.ups.create"
	opUPSRetrieve  = "dicomweb.ups.retrieve"
	opUPSSearch    = "dicomweb.ups.search"
	opUPSUpdate    = "dicomweb.ups.update"
	opUPSState     = "dicomweb.ups.state"
	opUPSCancel    = "dicomweb.ups.cancel"
	opUPSSubscribe = "dicomweb.ups.subscribe"
	opUPSEvents    = "dicomweb.ups.events"
)

// UPSState is the state of a workitem (PS3.4 CC.1.1).
type UPSState string

// The states. A workitem that is COMPLETED or CANCELED does not change any more.
const (
	UPSScheduled  UPSState = "SCHEDULED"
	UPSInProgress UPSState = "IN PROGRESS"
	UPSCompleted  UPSState = "COMPLETED"
	UPSCanceled   UPSState = "CANCELED"
)

// Final reports whether the state does not change any more.
func (s UPSState) Final() bool { return s == UPSCompleted || s == UPSCanceled }

// Priorities and readiness of workitems.
const (
	UPSHigh   = "HIGH"
	UPSMedium = "MEDIUM"
	UPSLow    = "LOW"

	UPSReady       = "READY"
	UPSUnavailable = "UNAVAILABLE"
	UPSIncomplete  = "INCOMPLETE"
)

// UPSForm says how requests of the worklist service are written where the
// editions of PS3.18 and the servers differ. The zero value suits those that
// follow the standard.
type UPSForm struct {
	// CreateParameter is the query parameter that carries the UID of a workitem
	// to create. Empty: "AffectedSOPInstanceUID". "-": the UID alone is the
	// query (Azure). "workitem" is that of recent editions.
	CreateParameter string
	// TransactionParameter is the query parameter that carries the Transaction
	// UID of an update. Empty or "-": the UID alone is the query.
	TransactionParameter string
}

func (f UPSForm) check(p *segur.Problems) {
	for _, v := range []struct{ field, value string }{{"ups.createParameter", f.CreateParameter}, {"ups.transactionParameter", f.TransactionParameter}} {
		if strings.ContainsFunc(v.value, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			p.Add(v.field, "must be letters, digits, hyphens and underscores")
		}
	}
}

// query writes a UID as a parameter; name "-" writes it alone.
func uidQuery(name, uid string) string {
	if uid == "" {
		return ""
	}
	if name == "-" {
		return "?" + uid
	}
	return "?" + name + "=" + uid
}

// Workitem is a unified procedure step: a task of a worklist (PS3.3 C.30). Its
// printed forms are redacted.
type Workitem struct {
	// UID is its SOP Instance UID. Empty in [Client.CreateWorkitem]: a new one.
	UID string
	// State is SCHEDULED in a new one.
	State UPSState
	// Label says what is to be done. Required.
	Label string
	// Worklist is the label of the worklist that it belongs to.
	Worklist string
	// Priority is HIGH, MEDIUM or LOW. Empty in a new one: MEDIUM.
	Priority string
	// Readiness says whether what the task needs is there: READY, UNAVAILABLE or
	// INCOMPLETE. Empty in a new one: READY.
	Readiness string
	// Start is when it is to begin. Required.
	Start time.Time
	// Study is the Study Instance UID that it is about. Optional.
	Study string
	// PatientName is "FAMILY^GIVEN", PatientID the local identifier, Issuer who
	// gave it. BirthDate is complete or zero, Sex is "F", "M", "O" or empty.
	PatientName string
	PatientID   string
	Issuer      string
	BirthDate   segur.Date
	Sex         string
	// Progress is the part done, in percent; -1 when the server says nothing. It
	// is read only.
	Progress float64
	// Attributes are all those received. In a new workitem they are added to
	// those of the other fields, and replace them.
	Attributes *Dataset
}

// String returns a redacted form.
func (w Workitem) String() string { return "Workitem(" + string(w.State) + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (w Workitem) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, w.String()) }

// LogValue makes slog write the redacted form.
func (w Workitem) LogValue() slog.Value { return slog.StringValue(w.String()) }

// check names what is wrong with a workitem to create.
func (w *Workitem) check(p *segur.Problems) {
	if w.UID != "" && !ValidUID(w.UID) {
		p.Add("workitem.uid", uidRule)
	}
	if w.State != "" && w.State != UPSScheduled {
		p.Add("workitem.state", "must be SCHEDULED: a workitem begins so")
	}
	p.Require("workitem.label", w.Label)
	for _, v := range []struct {
		field, value string
		max          int
	}{{"label", w.Label, 64}, {"worklist", w.Worklist, 64}, {"patientID", w.PatientID, 64}, {"issuer", w.Issuer, 64}, {"patientName", w.PatientName, 3*64 + 2}} {
		if len([]rune(v.value)) > v.max || strings.ContainsFunc(v.value, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7F }) {
			p.Addf("workitem."+v.field, "must have %d characters at most, none of them a backslash or a control character", v.max)
		}
	}
	oneOf(p, "workitem.priority", w.Priority, "", UPSHigh, UPSMedium, UPSLow)
	oneOf(p, "workitem.readiness", w.Readiness, "", UPSReady, UPSUnavailable, UPSIncomplete)
	oneOf(p, "workitem.sex", w.Sex, "", "F", "M", "O")
	if w.Start.IsZero() {
		p.Add("workitem.start", "is required")
	}
	if w.Study != "" && !ValidUID(w.Study) {
		p.Add("workitem.study", uidRule)
	}
	if !w.BirthDate.IsZero() && !(w.BirthDate.Complete() && w.BirthDate.Valid()) {
		p.Add("workitem.birthDate", "must be a complete date")
	}
}

func oneOf(p *segur.Problems, field, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	p.Add(field, "must be one of "+strings.Trim(strings.Join(allowed, ", "), ", "))
}

// dataset is the workitem as it is created: what N-CREATE requires of the
// caller (PS3.4 table CC.2.5-3), attributes of type 2 empty when not known.
func (w *Workitem) dataset() *Dataset {
	date := ""
	if !w.BirthDate.IsZero() {
		date = w.BirthDate.Compact()
	}
	text := func(tag Tag, v string) Element {
		if v == "" {
			return Element{Tag: tag, VR: tag.VR()}
		}
		return Text(tag, v)
	}
	or := func(v, def string) string {
		if v == "" {
			return def
		}
		return v
	}
	ds := NewDataset(
		text(TagTransactionUID, ""), text(TagAdmittingDiagnosesDesc, ""), Sequence(TagAdmittingDiagnosesCode),
		text(TagPatientName, w.PatientName), text(TagPatientID, w.PatientID), text(TagIssuerOfPatientID, w.Issuer),
		text(TagPatientBirthDate, date), text(TagPatientSex, w.Sex),
		text(TagAdmissionID, ""), Sequence(TagIssuerOfAdmission),
		Text(TagScheduledStart, formatDT(w.Start)), Sequence(TagScheduledWorkitemCode), Sequence(TagScheduledStationName),
		Sequence(TagInputInformation), Text(TagInputReadinessState, or(w.Readiness, UPSReady)),
		Sequence(TagReferencedRequest), Text(TagProcedureStepState, string(UPSScheduled)), Sequence(TagProgressInformation),
		Text(TagStepPriority, or(w.Priority, UPSMedium)), text(TagWorklistLabel, w.Worklist), Text(TagProcedureStepLabel, w.Label),
		Sequence(TagScheduledParameters), Sequence(TagPerformedProcedure),
	)
	if w.Study != "" {
		ds.Set(Text(TagStudyInstanceUID, w.Study))
	}
	if w.Attributes != nil {
		for e := range w.Attributes.All() {
			ds.Set(e)
		}
	}
	return ds
}

// readWorkitem reads the fields that have a name. zone is that of times without
// one.
func readWorkitem(ds *Dataset, zone *time.Location) *Workitem {
	w := &Workitem{
		UID: ds.Value(TagSOPInstanceUID), State: UPSState(ds.Value(TagProcedureStepState)), Label: ds.Value(TagProcedureStepLabel),
		Worklist: ds.Value(TagWorklistLabel), Priority: ds.Value(TagStepPriority), Readiness: ds.Value(TagInputReadinessState),
		Study: ds.Value(TagStudyInstanceUID), PatientName: ds.Value(TagPatientName), PatientID: ds.Value(TagPatientID),
		Issuer: ds.Value(TagIssuerOfPatientID), BirthDate: ds.Date(TagPatientBirthDate), Sex: ds.Value(TagPatientSex),
		Progress: -1, Attributes: ds,
	}
	w.Start, _ = parseDT(ds.Value(TagScheduledStart), zone)
	for _, item := range ds.Items(TagProgressInformation) {
		if f, ok := item.Float(TagProcedureStepProgress); ok {
			w.Progress = f
		}
	}
	return w
}

// formatDT writes a time with its zone (PS3.5 6.2, DT).
func formatDT(t time.Time) string { return t.Format("20060102150405-0700") }

// parseDT reads a DT value, whose components may be missing from the right; one
// without a zone is in zone.
func parseDT(s string, zone *time.Location) (time.Time, bool) {
	if i := strings.LastIndexAny(s, "+-"); i > 0 {
		offset, err := time.Parse("-0700", s[i:])
		if err != nil {
			return time.Time{}, false
		}
		s, zone = s[:i], offset.Location()
	}
	const layout = "20060102150405"
	digits, fraction, _ := strings.Cut(s, ".")
	if len(digits) < 4 || len(digits) > len(layout) || fraction != "" && len(digits) != len(layout) {
		return time.Time{}, false
	}
	use := layout[:len(digits)]
	if fraction != "" {
		use, digits = use+"."+strings.Repeat("0", len(fraction)), digits+"."+fraction
	}
	t, err := time.ParseInLocation(use, digits, zone)
	return t, err == nil
}
