package drim_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

// A message is read, judged and acknowledged.
func ExampleParseMessage() {
	raw := []byte(strings.ReplaceAll(`MSH|^~\&|RIS|CENTRE|DRIMBOX|CENTRE|20260310101500||OMI^O23^OMI_O23|M-7|P|2.5.1
PID|||IPP-0001^^^CENTRE&1.2.250.1.999.1&ISO^PI||FICTIVE-DURAND^CAMILLE^^^^^L||19850314|F
ORC|CA
IPC|ACC-0001||1.2.250.1.999.20.1`, "\n", "\r"))
	message, err := drim.ParseMessage(raw)
	if change, ok := message.(*drim.ImageChange); ok {
		fmt.Println("study", change.StudyUID, "removed:", change.Removed)
	}
	ack, err := drim.Ack(raw, drim.AckOptions{Err: err, Time: time.Date(2026, 3, 10, 9, 15, 1, 0, time.UTC), ControlID: "A-7"})
	fmt.Println(strings.Split(string(ack), "\r")[1], err)
	// Output:
	// study 1.2.250.1.999.20.1 removed: true
	// MSA|AA|M-7 <nil>
}

// Two objects of one exam are compared, and what differs is named without its value.
func ExampleCrossCheck() {
	report := segur.DocumentHeader{Patient: segur.Traits{BirthName: "FICTIVE-DURAND"}}
	entry := xds.DocumentEntry{SourcePatientInfo: []string{"PID-5|FICTIVE-DUPONT^CAMILLE^^^^^L"}}
	checked := drim.CrossCheck(drim.Objects{Report: &report, Entry: &entry})
	name := checked.Rule("R3")
	fmt.Println(name.Verdict, name.Comparisons[0].A, "/", name.Comparisons[0].B)
	fmt.Println(checked.MayPublish() != nil)
	// Output:
	// failed CDA name/family[BR] / XDS PID-5.1
	// true
}
