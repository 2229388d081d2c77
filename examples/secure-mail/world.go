package main

import (
	"context"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
	"github.com/segur-sdk/segur/mssante/mssantetest"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// world is everything outside of the program: the fakes, and the configuration
// of each client. With real services only this file changes.
type world struct {
	provider  *psctest.Server
	list      *whitelisttest.Server
	directory *annuairetest.Server
	operator  *mssantetest.Server

	providerConfig  psc.Config
	listConfig      whitelist.Config
	directoryConfig annuaire.Config
	centreConfig    mssante.Config // the radiologist's mailbox, opened by a Pro Santé Connect token
	practiceConfig  mssante.Config // the prescriber's, opened by the certificate of the practice's software
}

// newWorld starts the fakes, which share one PKI.
func newWorld() (*world, error) {
	pki := credentialtest.NewPKI()
	w := &world{
		provider:  psctest.NewServer(psctest.WithPKI(pki), psctest.WithPollInterval(0)),
		directory: annuairetest.NewServer(annuairetest.WithPKI(pki)),
		operator:  mssantetest.NewServer(mssantetest.WithPKI(pki)),
		list: whitelisttest.NewServer(whitelisttest.WithPKI(pki),
			whitelisttest.WithDomains("imagerie-fictive.mssante.fr", "cabinet-fictif.mssante.fr", whitelist.CitizenDomain)),
	}
	if err := w.furnish(); err != nil {
		w.close()
		return nil, err
	}
	w.providerConfig, w.listConfig, w.directoryConfig = w.provider.Config(), w.list.Config(), w.directory.Config()
	w.centreConfig = w.operator.ConfigFor(radiologistMailbox)
	w.centreConfig.Kind, w.centreConfig.Auth = mssante.PersonalMailbox, mssante.Token
	w.practiceConfig = w.operator.ConfigFor(mssantetest.PrescriberMailbox)
	w.practiceConfig.Sender.Organization = "Cabinet médical fictif"
	w.practiceConfig.Actor = "LOGICIEL-CABINET"
	return w, nil
}

// furnish makes the mailboxes and fills the directory.
func (w *world) furnish() error {
	// The operator asks Pro Santé Connect whether a token is valid, as real ones do.
	provider, err := psc.New(w.provider.Config())
	if err != nil {
		return err
	}
	w.operator.AddMailbox(radiologistMailbox, mssantetest.WithTokenCheck(func(token string) bool {
		state, err := provider.Introspect(context.Background(), token)
		return err == nil && state.Active && state.Username == radiologistID
	}))
	w.operator.AddMailbox(secretariatMailbox)
	// One patient reads the mail, the other has closed the mailbox.
	for _, m := range []struct {
		patient segur.Patient
		conduct mssantetest.MailboxOption
	}{
		{knownPatient(), mssantetest.Reads(mssantetest.Reading{Disposition: "displayed", Manual: true})},
		{newPatient(), mssantetest.Bounces(mssantetest.BounceClosed)},
	} {
		address, err := mssante.PatientAddress(m.patient, segur.Fake)
		if err != nil {
			return err
		}
		w.operator.AddMailbox(address, m.conduct)
	}
	cabinet := w.directory.AddOrganization(*prescriber().Organization)
	w.directory.Add(prescriber(),
		annuaire.Mailbox{Address: formerMailbox, Kind: annuaire.Personal},
		annuaire.Mailbox{Address: secretariatMailbox, Kind: annuaire.Practice, Description: "Secrétariat du cabinet", Organization: cabinet},
		annuaire.Mailbox{Address: mssantetest.PrescriberMailbox, Kind: annuaire.Personal, Rank: 1},
	)
	homonym := prescriber()
	homonym.ID, homonym.Organization = "899900000072", nil
	w.directory.Add(homonym, annuaire.Mailbox{Address: "dominique.prescripteur2@imagerie-fictive.mssante.fr", Kind: annuaire.Personal})
	return nil
}

// configs gives the part that every client's configuration shares.
func (w *world) configs() []*segur.ClientConfig {
	return []*segur.ClientConfig{&w.providerConfig.ClientConfig, &w.listConfig.ClientConfig, &w.directoryConfig.ClientConfig,
		&w.centreConfig.ClientConfig, &w.practiceConfig.ClientConfig}
}

func (w *world) close() {
	w.operator.Close()
	w.directory.Close()
	w.list.Close()
	w.provider.Close()
}
