package dicomweb

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/segur-sdk/segur"
)

// UPSEventType is what happened (PS3.4 table CC.2.4-1). Servers may send others.
type UPSEventType int

// The types of events.
const (
	// UPSStateReport: the state or the readiness of a workitem is now as told;
	// also sent for a new one, and when a subscription begins.
	UPSStateReport UPSEventType = 1
	// UPSCancelRequested: somebody asks the performer to cancel a workitem.
	UPSCancelRequested UPSEventType = 2
	// UPSProgressReport: the work advances.
	UPSProgressReport UPSEventType = 3
	// UPSServiceStatus: the service goes down or was restarted. It names no
	// workitem.
	UPSServiceStatus UPSEventType = 4
	// UPSAssigned: a workitem is given to stations or persons.
	UPSAssigned UPSEventType = 5
)

// String returns the name of the standard.
func (t UPSEventType) String() string {
	names := [...]string{UPSStateReport: "UPS State Report", UPSCancelRequested: "UPS Cancel Requested", UPSProgressReport: "UPS Progress Report",
		UPSServiceStatus: "SCP Status Change", UPSAssigned: "UPS Assigned"}
	if t > 0 && int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("event %d", int(t))
}

// Values of [ServiceStatus].
const (
	ServiceRestarted = "RESTARTED"
	ServiceGoingDown = "GOING DOWN"

	// ListKept: the list is as before the restart, as far as the service knows.
	// ListLost: it is not; what it held is subscribed, or created, anew.
	ListKept = "WARM START"
	ListLost = "COLD START"
)

// ServiceStatus is what a worklist service says of itself.
type ServiceStatus struct {
	// Status is RESTARTED or GOING DOWN.
	Status string
	// Subscriptions and Workitems are WARM START or COLD START after a restart.
	Subscriptions, Workitems string
}

// UPSEvent is one event of a worklist service. Which fields are set depends on
// the type. Its printed forms are redacted.
type UPSEvent struct {
	// Type is what happened; 0 when the server did not say.
	Type UPSEventType
	// Workitem is the UID of the workitem; empty in UPSServiceStatus.
	Workitem string
	// State and Readiness are those of the workitem, in UPSStateReport.
	State     UPSState
	Readiness string
	// Reason and ReasonCode say why the workitem is, or is to be, canceled.
	Reason     string
	ReasonCode *segur.Code
	// RequestingAE is the application that asks, in UPSCancelRequested;
	// ContactName and ContactURI are whom to ask, there and in
	// UPSProgressReport.
	RequestingAE            string
	ContactName, ContactURI string
	// Progress is the part done, in percent; -1 when the event says nothing.
	Progress            float64
	ProgressDescription string
	// Service is the status of the service, in UPSServiceStatus.
	Service ServiceStatus
	// Stations and Performers are whom the workitem is for, in UPSAssigned.
	Stations, Performers []segur.Code
	// Attributes are all those received.
	Attributes *Dataset
}

// String returns a redacted form.
func (e UPSEvent) String() string { return "UPSEvent(" + e.Type.String() + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (e UPSEvent) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// LogValue makes slog write the redacted form.
func (e UPSEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

var (
	errEventText     = errors.New("an event is not one DICOM JSON data set")
	errEventWorkitem = errors.New("an event does not say which workitem it is about")
)

// readEvent reads an event report: one data set, the fields of the command among
// its attributes (PS3.18 8.10.5, 11.13). The examples of the standard give some
// attributes with the VR of others, and in older editions the type of the event
// under the tag beside its own: both are read.
func readEvent(text []byte) (*UPSEvent, error) {
	list, err := ParseJSON(text)
	if err != nil || len(list) != 1 {
		return nil, errEventText
	}
	ds := list[0]
	e := &UPSEvent{
		Workitem: ds.Value(TagAffectedSOPInstanceUID), State: UPSState(ds.Value(TagProcedureStepState)), Readiness: ds.Value(TagInputReadinessState),
		Reason: ds.Value(TagReasonForCancellation), RequestingAE: ds.Value(TagRequestingAE),
		ContactName: ds.Value(TagContactDisplayName), ContactURI: ds.Value(TagContactURI), Progress: -1,
		Service:  ServiceStatus{Status: ds.Value(TagSCPStatus), Subscriptions: ds.Value(TagSubscriptionListStatus), Workitems: ds.Value(TagWorkitemListStatus)},
		Stations: codes(ds.Items(TagScheduledStationName)), Performers: codes(ds.Items(TagHumanPerformerCode)), Attributes: ds,
	}
	if e.Service.Subscriptions == "COLD STARTED" { // one of the two spellings of the standard
		e.Service.Subscriptions = ListLost
	}
	for _, tag := range []Tag{TagEventTypeID, TagEventTypeID - 1} {
		if n, ok := ds.Int(tag); ok && e.Type == 0 && n > 0 && n <= 0xFFFF {
			e.Type = UPSEventType(n)
		}
	}
	if list := codes(ds.Items(TagDiscontinuationReasonCode)); len(list) > 0 {
		e.ReasonCode = &list[0]
	}
	for _, item := range ds.Items(TagProgressInformation) {
		if f, ok := item.Float(TagProcedureStepProgress); ok {
			e.Progress = f
		}
		e.ProgressDescription = item.Value(TagProgressDescription)
		for _, contact := range item.Items(TagCommunicationsURI) {
			e.ContactName, e.ContactURI = contact.Value(TagContactDisplayName), contact.Value(TagContactURI)
		}
	}
	for _, item := range ds.Items(TagScheduledHumanPerformers) {
		e.Performers = append(e.Performers, codes(item.Items(TagHumanPerformerCode))...)
	}
	switch {
	case e.Type == UPSServiceStatus:
		e.Workitem = "" // the class, or a UID that stands for all
	case !ValidUID(e.Workitem):
		return nil, errEventWorkitem
	}
	return e, nil
}

// codes reads the items of a code sequence (PS3.3 8.8).
func codes(items []*Dataset) (out []segur.Code) {
	for _, item := range items {
		c := segur.Code{Code: item.Value(TagCodeValue), SystemName: item.Value(TagCodingScheme), Display: item.Value(TagCodeMeaning)}
		if !c.IsZero() {
			out = append(out, c)
		}
	}
	return out
}
