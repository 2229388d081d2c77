package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// world is everything outside the program: the record, and the configurations
// of its clients. One client is one user, one structure, one mode.
type world struct {
	// record is the fake; nil on a platform.
	record *dmptest.Server

	feed    dmp.Config  // publishes: INDIRECTE, the structure
	consult dmp.Config  // reads and changes: INDIRECTE_RENFORCEE, the radiologist
	card    *dmp.Config // both, and the web site: DIRECTE, by card; nil without one

	patient segur.Patient
	minor   *segur.Patient // nil on a platform
}

// journey carries what the steps hand to each other.
type journey struct {
	*world
	options options
	stdout  io.Writer

	publisher, reader, cardholder *dmp.Client

	report *cda.Document      // the version that is in the record
	entry  *xds.DocumentEntry // its metadata, as the record has them
	state  []byte             // what the last synchronisation left
}

// connect makes the clients. Nothing is sent yet: a configuration that is wrong
// is told as a whole, before the first call.
func (j *journey) connect() (err error) {
	if j.publisher, err = dmp.New(j.feed); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	if j.reader, err = dmp.New(j.consult); err != nil {
		return fmt.Errorf("consult: %w", err)
	}
	if j.card != nil {
		if j.cardholder, err = dmp.New(*j.card); err != nil {
			return fmt.Errorf("card: %w", err)
		}
	}
	return nil
}

// newWorld starts the fake, or takes the platform of the flags.
func newWorld(ctx context.Context, o options) (*world, error) {
	var w *world
	var err error
	if o.platform.given() {
		w, err = o.platform.world()
	} else {
		w, err = fakeWorld(ctx)
	}
	if err != nil {
		return nil, err
	}
	if o.out != "" {
		evidence, err := segur.NewEvidenceDir(filepath.Join(o.out, "exchanges"))
		if err != nil {
			w.close()
			return nil, err
		}
		for _, c := range w.configs() {
			c.Evidence = evidence
		}
	}
	if o.adjust != nil {
		o.adjust(w)
	}
	return w, nil
}

// fakeWorld is a fake record, with the past of the patient in it.
func fakeWorld(ctx context.Context) (*world, error) {
	record := dmptest.NewServer()
	w := &world{record: record, patient: dmptest.Patient(), minor: minorPatient()}

	w.feed = record.Config() // endpoint, certificates, structure, radiologist
	w.consult = w.feed
	w.consult.Mode = dmp.IndirecteRenforcee

	card := w.feed
	card.Mode, card.LocalAuthentication = dmp.Directe, dmp.ByCard
	card.Credentials = segur.StaticCredential(record.PKI().Professional())
	card.Signing = segur.StaticCredential(record.PKI().Professional(credentialtest.ForSignature()))
	card.WebHost = "web-ps.example"
	w.card = &card

	if err := past(ctx, w); err != nil {
		w.close()
		return nil, err
	}
	// The patient has a record, and has not authorised the radiologist yet.
	record.SetPatient(w.patient.INS, dmptest.Record{Unauthorized: true, AttachedToENS: true})
	record.SetPatient(w.minor.INS, dmptest.Record{})
	return w, nil
}

// configs gives the part that every client's configuration shares.
func (w *world) configs() []*segur.ClientConfig {
	all := []*segur.ClientConfig{&w.feed.ClientConfig, &w.consult.ClientConfig}
	if w.card != nil {
		all = append(all, &w.card.ClientConfig)
	}
	return all
}

func (w *world) close() {
	if w.record != nil {
		w.record.Close()
	}
}

// keep writes a file of -out; without -out it does nothing.
func (j *journey) keep(name string, b []byte) error {
	if j.options.out == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(j.options.out, name), b, 0o600); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}
