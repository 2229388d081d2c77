package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
)

// imaging asks for the imaging documents of the last five years: reports,
// manifests of images, what the patient has deposited.
func imaging(patient segur.INS) dmp.Query {
	return dmp.Query{
		Patient:      patient,
		Classes:      []segur.Code{{Code: "31", System: "1.2.250.1.213.1.1.4.1"}}, // JDV_J57: Imagerie médicale
		ServiceStart: xds.Period{From: time.Now().AddDate(-5, 0, 0)},
	}
}

// search finds and lists them (TD3.1).
func (j *journey) search(ctx context.Context) error {
	var found []*xds.DocumentEntry
	for e, err := range j.reader.Find(ctx, imaging(j.patient.INS)) {
		if err != nil {
			return err
		}
		found = append(found, e)
		if e.UniqueID == string(j.report.ID()) {
			j.entry = e
		}
	}
	slices.SortFunc(found, func(a, b *xds.DocumentEntry) int { return b.ServiceStart.Time.Compare(a.ServiceStart.Time) })
	j.say("TD3.1 imaging of five years", "%d documents, the latest first", len(found))
	for _, e := range found {
		fmt.Fprintln(j.stdout, "  "+line(e))
	}
	if j.entry == nil {
		return &segur.Error{Op: "dmp.find", Kind: segur.KindNotFound, Message: "the report is not in the record"}
	}
	return nil
}

// line is an entry as people read it: when, in local time (EX_3.1-1070), what,
// by whom, and who does not see it.
func line(e *xds.DocumentEntry) string {
	when := xds.Local(e.ServiceStart, nil).Time.Format("02/01/2006 15:04")
	who := ""
	if len(e.Authors) > 0 {
		who = e.Authors[0].Person.Family
		if len(e.Authors[0].Institutions) > 0 {
			who += ", " + e.Authors[0].Institutions[0].Name
		}
	}
	var flags []string
	if e.FromPatient() {
		flags, who = append(flags, "deposited by the patient"), "the patient"
	}
	if e.Has(xds.HiddenFromProfessionals) {
		flags = append(flags, "masked")
	}
	if e.Has(xds.HiddenFromPatient) {
		flags = append(flags, "not visible to the patient")
	}
	if e.Has(xds.HiddenFromRepresentatives) {
		flags = append(flags, "not visible to the parents")
	}
	out := fmt.Sprintf("%s  %-28s  %-31s  %s", when, e.Title, xds.Label(e.TypeCode).Display, who)
	if len(flags) > 0 {
		out += "  [" + strings.Join(flags, "; ") + "]"
	}
	return out
}

// read retrieves the report (TD3.2). The end of the content is the judgement:
// io.EOF comes only when size and hash are those of the metadata. What is read
// is shown, not stored in the local file (REC_3.2-1020).
func (j *journey) read(ctx context.Context) error {
	for _, warning := range j.entry.Warnings() { // before anything is shown (EX_3.2-1025)
		j.say("warning", "%s", warning.EN)
	}
	document, err := j.reader.Retrieve(ctx, j.patient.INS, j.entry)
	if err != nil {
		return err
	}
	defer func() { _ = document.Close() }()
	var content bytes.Buffer
	if _, err := io.Copy(&content, document); err != nil {
		return err
	}
	if err := document.Close(); err != nil {
		return err
	}
	j.say("TD3.2 document read", "%d bytes of %s, verified: %t", content.Len(), document.MimeType, document.Verified)
	return j.keep("read.xml", content.Bytes())
}

// synchronise asks what is new since the last time. The state is the caller's
// to store, with the patient's file.
func (j *journey) synchronise(ctx context.Context) error {
	request := dmp.SyncRequest{Patient: j.patient.INS, Since: time.Now().AddDate(-5, 0, 0)}
	if j.state != nil {
		if err := json.Unmarshal(j.state, &request.State); err != nil {
			return err
		}
	}
	result, err := j.reader.Sync(ctx, request)
	if err != nil {
		return err
	}
	counts := map[dmp.SyncKind]int{}
	for _, c := range result.Changes {
		counts[c.Kind]++
	}
	j.say("synchronisation", "%s", kinds(counts))
	if j.state, err = json.Marshal(result.State); err != nil {
		return err
	}
	return j.keep("state.json", j.state)
}

func kinds(counts map[dmp.SyncKind]int) string {
	var out []string
	for _, k := range []dmp.SyncKind{dmp.SyncNew, dmp.SyncReplaced, dmp.SyncVisibility, dmp.SyncMetadata, dmp.SyncArchived,
		dmp.SyncRestored, dmp.SyncDeleted, dmp.SyncGone} {
		if counts[k] > 0 {
			out = append(out, fmt.Sprintf("%d %s", counts[k], k))
		}
	}
	if out == nil {
		return "nothing new"
	}
	return strings.Join(out, ", ")
}
