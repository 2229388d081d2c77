package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/psc/psctest"
)

// oidRoot is the root of the identifiers made here. A product uses its own.
const oidRoot = segur.OID("1.2.250.1.999.1")

// world is everything outside of the software of the two sites: the national
// services, and the image archive of each. With real ones only this file, and
// the configurations that it gives, change.
type world struct {
	pki      *credentialtest.PKI
	record   *dmptest.Server
	provider *psctest.Server
	list     *whitelisttest.Server
	pacsA    *dicomwebtest.Server
	pacsB    *dicomwebtest.Server

	evidence segur.Evidence // of every client; nil without -out
	logger   *slog.Logger   // of every client; nil but in tests
	folder   string         // where the sites keep what they must not lose
	ids      segur.IDSource
	lists    int // white lists published
}

// newWorld starts the fakes, which share one PKI.
func newWorld(o options) (*world, error) {
	folder, err := os.MkdirTemp("", "share-images")
	if err != nil {
		return nil, fmt.Errorf("temporary folder: %w", err)
	}
	pki := credentialtest.NewPKI()
	w := &world{
		pki:      pki,
		record:   dmptest.NewServer(dmptest.WithPKI(pki)),
		provider: psctest.NewServer(psctest.WithPKI(pki), psctest.WithUsers(neighbourAccount())),
		list:     whitelisttest.NewServer(whitelisttest.WithPKI(pki)),
		pacsA:    dicomwebtest.NewServer(dicomwebtest.WithPKI(pki)),
		pacsB:    dicomwebtest.NewServer(dicomwebtest.WithPKI(pki)),
		folder:   folder,
		// Two runs make the same identifiers, for whoever compares them. A product
		// leaves the source of identifiers alone: it is random.
		ids: segur.NewIDSource(rand.NewChaCha8([32]byte{8})), //nolint:gosec // see above
	}
	if o.out != "" {
		if w.evidence, err = segur.NewEvidenceDir(filepath.Join(o.out, "exchanges")); err != nil {
			w.close()
			return nil, err
		}
	}
	if o.adjust != nil {
		o.adjust(w)
	}
	return w, nil
}

func (w *world) close() {
	w.record.Close()
	w.provider.Close()
	w.list.Close()
	w.pacsA.Close()
	w.pacsB.Close()
	_ = os.RemoveAll(w.folder)
}

// client is the common part of the configuration of a client of w.
func (w *world) client(c segur.Credential) segur.ClientConfig {
	return segur.ClientConfig{Environment: segur.Fake, RootCAs: w.pki.Roots(), Credentials: segur.StaticCredential(c), Evidence: w.evidence, Logger: w.logger}
}

// watch makes the client of a configuration leave its exchanges with the others.
func (w *world) watch(c *segur.ClientConfig) { c.Evidence, c.Logger = w.evidence, w.logger }

// The people and structures below are fictional.

// patient is as site A knows her: the identity is qualified.
func patient() segur.Patient {
	p := dmptest.Patient()
	p.LocalIDs = []segur.Identifier{{Root: oidRoot, Extension: "IPP-0001", Assigner: "CENTRE D'IMAGERIE FICTIF"}}
	return p
}

// localID is her number at site B.
var localID = segur.Identifier{Root: "1.2.250.1.999.2", Extension: "B-77041", Assigner: "HOPITAL VOISIN FICTIF"}

func radiologist() segur.Professional { return dmptest.Radiologist() }

func hospital() segur.Organization {
	return segur.Organization{ID: "1990000027", Name: "HÔPITAL VOISIN FICTIF", Sector: segur.Code{Code: "SA01"}}
}

// neighbour reads the images at site B.
func neighbour() segur.Professional {
	o := hospital()
	return segur.Professional{ID: "899900000023", FamilyName: "VOISINE", GivenName: "Dominique",
		Profession: segur.Code{Code: "10"}, Specialty: segur.Code{Code: "G15_10/SM44"}, Organization: &o}
}

// neighbourAccount is her account at Pro Santé Connect.
func neighbourAccount() psctest.User {
	p := neighbour()
	return psctest.User{NationalID: p.ID, FamilyName: p.FamilyName, GivenName: p.GivenName,
		Practices: []psctest.Practice{{Profession: "10", Specialty: "SM44", Sector: "SA01", StructureID: p.Organization.ID, StructureName: p.Organization.Name}}}
}

// start is when the exam was made: this morning.
func start() time.Time { return time.Now().Add(-4 * time.Hour).Truncate(time.Minute) }
