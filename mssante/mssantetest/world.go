package mssantetest

import (
	"context"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

// PrescriberNumber is the fictional RPPS number of the owner of
// [PrescriberMailbox].
const PrescriberNumber = "899900000023"

// World is everything that a program of secure mail talks to, on 127.0.0.1: an
// operator that knows the white list, the health directory, and the white list
// with a signer of its own. Certificates are of one infrastructure, as those of
// IGC-Santé are; keys differ.
type World struct {
	Operator  *Server
	Directory *annuairetest.Server
	WhiteList *whitelisttest.Server

	list *whitelist.Client
}

// NewWorld starts the servers. The directory has the prescriber with a mailbox,
// and the white list the domains of both mailboxes and of patients. Like [NewServer] it panics when it cannot.
func NewWorld(opts ...Option) *World {
	s := &Server{}
	for _, o := range opts {
		o(s)
	}
	pki := s.pki
	if pki == nil {
		pki = credentialtest.NewPKI()
	}
	w := &World{
		Directory: annuairetest.NewServer(annuairetest.WithPKI(pki)),
		WhiteList: whitelisttest.NewServer(whitelisttest.WithPKI(pki),
			whitelisttest.WithDomains(domainOf(SenderMailbox), domainOf(PrescriberMailbox), mssante.PatientDomain)),
	}
	w.Directory.Add(Prescriber(), annuaire.Mailbox{Address: PrescriberMailbox, Kind: "PER", Description: "Messagerie du Dr PRESCRIPTEUR"})
	var err error
	if w.list, err = whitelist.New(w.WhiteList.Config()); err == nil {
		err = w.Refresh(context.Background())
	}
	if err != nil {
		w.Close()
		panic("mssantetest: " + err.Error())
	}
	guard := w.list.Guard()
	w.Operator = NewServer(append([]Option{WithPKI(pki), WithAllowDomain(guard.AllowDomain)}, opts...)...)
	return w
}

// Refresh makes the operator read the white list again, after a change of what
// WhiteList publishes.
func (w *World) Refresh(ctx context.Context) error {
	_, err := w.list.Refresh(ctx)
	return err
}

// Close stops the servers.
func (w *World) Close() {
	w.Directory.Close()
	w.WhiteList.Close()
	if w.Operator != nil {
		w.Operator.Close()
	}
}

// Prescriber is the fictional owner of [PrescriberMailbox].
func Prescriber() segur.Professional {
	return segur.Professional{
		ID: PrescriberNumber, FamilyName: "PRESCRIPTEUR", GivenName: "Dominique", Title: "DR",
		Profession: segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7", Display: "Médecin"}, Specialty: segur.Code{Code: "G15_10/SM26"},
		Organization: &segur.Organization{ID: "1990000027", Name: "CABINET FICTIF", Sector: segur.Code{Code: "SA07"},
			Address: segur.Address{Lines: []string{"3 place des Essais"}, PostalCode: "69003", City: "LYON"}},
	}
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}
