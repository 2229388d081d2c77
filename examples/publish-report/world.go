package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// oidRoot is the root of the identifiers made here. A product uses its own.
const oidRoot = segur.OID("1.2.250.1.999.1")

// accession is the number that the RIS gave to the order.
const accession = "ACC-0001"

// world is everything outside the program: the fakes, and the configuration
// of each client. With real services only this file changes: endpoints,
// certificates, roots and segur.Qualification.
type world struct {
	insi *instest.Server
	dmp  *dmptest.Server
	mail *mssantetest.Server
	pacs *dicomwebtest.Server

	insConfig     ins.Config
	feedConfig    dmp.Config     // publishes: mode INDIRECTE
	consultConfig dmp.Config     // reads: mode INDIRECTE_RENFORCEE, on behalf of the radiologist
	mailConfig    mssante.Config // the centre's mailbox, which sends
	readConfig    mssante.Config // the prescriber's mailbox, which receives
	pacsConfig    dicomweb.Config
}

// journey carries what the steps hand to each other.
type journey struct {
	*world
	options options
	stdout  io.Writer

	patient  segur.Patient
	study    []segur.Content
	studyUID segur.OID
	pdf      segur.Content
	report   *cda.Document

	messageID string
}

// newWorld starts the fakes. They share one PKI, so one certificate of the
// structure opens all of them.
func newWorld(o options) (*world, error) {
	pki := credentialtest.NewPKI()
	w := &world{
		insi: instest.NewServer(instest.WithPKI(pki)),
		dmp:  dmptest.NewServer(dmptest.WithPKI(pki)),
		mail: mssantetest.NewServer(mssantetest.WithPKI(pki)),
		pacs: dicomwebtest.NewServer(dicomwebtest.WithPKI(pki)),
	}
	w.insConfig = w.insi.Config()
	w.pacsConfig = w.pacs.Config()
	w.mailConfig = w.mail.Config()
	w.readConfig = w.mail.ConfigFor(prescriberMailbox)
	w.feedConfig = w.dmp.Config()
	w.feedConfig.User, w.feedConfig.Structure, w.feedConfig.OIDRoot = radiologist(), centre(), oidRoot
	w.consultConfig = w.feedConfig
	w.consultConfig.Mode = dmp.IndirecteRenforcee

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

// configs gives the part that every client's configuration shares.
func (w *world) configs() []*segur.ClientConfig {
	return []*segur.ClientConfig{&w.insConfig.ClientConfig, &w.feedConfig.ClientConfig, &w.consultConfig.ClientConfig,
		&w.mailConfig.ClientConfig, &w.readConfig.ClientConfig, &w.pacsConfig.ClientConfig}
}

func (w *world) close() {
	w.insi.Close()
	w.dmp.Close()
	w.mail.Close()
	w.pacs.Close()
}

// keep writes a file of -out; without -out it does nothing.
func (j *journey) keep(name string, c segur.Content) error {
	if j.options.out == "" {
		return nil
	}
	b, err := readContent(c)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(j.options.out, name), b, 0o600); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// The people and structures below are fictional.

func centre() segur.Organization {
	return segur.Organization{
		ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF",
		Sector:   segur.Code{Code: "SA07"},
		Address:  segur.Address{Lines: []string{"12 rue des Essais"}, PostalCode: "69003", City: "LYON"},
		Telecoms: []segur.Telecom{{Value: "tel:+33400000001", Use: "WP"}},
	}
}

func radiologist() segur.Professional {
	o := centre()
	return segur.Professional{
		ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Title: "DR",
		Profession:   segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7"},
		Specialty:    segur.Code{Code: "G15_10/SM44", System: "1.2.250.1.213.1.1.4.5", Display: "Médecin - Radio-diagnostic (SM)"},
		Organization: &o,
	}
}

func prescriber() segur.Professional {
	return segur.Professional{
		ID: "899900000031", FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "DR",
		Specialty:    segur.Code{Code: "G15_10/SM26"},
		Address:      segur.Address{Lines: []string{"3 place des Tests"}, PostalCode: "69002", City: "LYON"},
		Telecoms:     []segur.Telecom{{Value: "tel:+33400000002", Use: "WP"}},
		Organization: &segur.Organization{ID: "1990000027", Name: "CABINET MÉDICAL FICTIF"},
	}
}

// localPatient is what the RIS holds when the patient arrives: traits checked
// against an identity document, no INS yet.
func localPatient() segur.Patient {
	return segur.Patient{
		Status: segur.Validated,
		Traits: segur.Traits{
			BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
			BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123",
		},
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
	}
}
