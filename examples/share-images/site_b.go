package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// siteB reads the images: its DRIMbox is a consumer. Its patient has another
// number here.
type siteB struct {
	*world
	session  *psc.Session
	list     *whitelist.Client
	manifest *dmp.Manifests
	consumer *drim.Consumer
	pacs     *dicomweb.Client
	calls    *drim.CallHandler
	address  string // where the RIS posts its contextual calls

	stop func()
}

// openSiteB logs the radiologist of site B in, and starts the consumer: one user
// of one structure.
func openSiteB(ctx context.Context, w *world) (b *siteB, err error) {
	b = &siteB{world: w, stop: func() {}}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if err = b.login(ctx); err != nil {
		return b, err
	}
	if b.list, err = w.whiteList(ctx, "site-b.xml"); err != nil {
		return b, err
	}

	// The record, read by a user who proved who they are (AIR).
	structure := hospital()
	cfg := w.record.Config()
	cfg.Mode, cfg.Structure, cfg.User = dmp.IndirecteRenforcee, structure, neighbour()
	w.watch(&cfg.ClientConfig)
	cfg.Credentials = segur.StaticCredential(w.pki.Organization(credentialtest.StructureID(structure.ID)))
	cfg.Signing = segur.StaticCredential(w.pki.Signature(credentialtest.StructureID(structure.ID)))
	record, err := dmp.New(cfg)
	if err != nil {
		return b, err
	}
	b.manifest = record.Manifests(dmp.ManifestOptions{})
	if b.consumer, err = drim.NewConsumer(b.config()); err != nil {
		return b, err
	}
	pacs := w.pacsB.Config()
	w.watch(&pacs.ClientConfig)
	if b.pacs, err = dicomweb.New(pacs); err != nil {
		return b, err
	}
	return b, b.serveCalls(ctx)
}

// config is the configuration of the consumer. A scene changes a copy.
func (b *siteB) config() drim.ConsumerConfig {
	return drim.ConsumerConfig{
		ClientConfig: b.client(b.pki.Organization(credentialtest.StructureID(hospital().ID))),
		Record:       b.manifest, Boxes: b.list.Guard(), Tokens: b.session, SpoolDir: b.folder,
	}
}

// login opens the Pro Santé Connect session of the radiologist, by the browser.
func (b *siteB) login(ctx context.Context) error {
	cfg := b.provider.Config()
	b.watch(&cfg.ClientConfig)
	client, err := psc.New(cfg)
	if err != nil {
		return err
	}
	target, pending, err := client.AuthCodeURL(ctx, psc.LoginOptions{})
	if err != nil {
		return err
	}
	callback, err := b.provider.Login(ctx, target, psctest.Decision{User: neighbour().ID}) // plays the browser and the user
	if err != nil {
		return err
	}
	b.session, err = client.Exchange(ctx, pending, callback)
	return err
}

// serveCalls receives the contextual calls of the RIS of site B.
func (b *siteB) serveCalls(ctx context.Context) (err error) {
	b.calls, err = drim.NewCallHandler(drim.CallHandlerConfig{Environment: segur.Fake, Front: "/images"})
	if err != nil {
		return err
	}
	l, err := b.listen(ctx)
	if err != nil {
		return err
	}
	b.address = "https://" + l.Addr().String() + "/appel"
	srv := &http.Server{Handler: b.calls, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }()
	before := b.stop
	b.stop = func() { _ = srv.Close(); before() }
	return nil
}

// call posts a contextual call as the RIS of site B does for the patient on its
// screen, and redeems it as the front end of the consumer does.
func (b *siteB) call(ctx context.Context, c *drim.Call) (*drim.Call, error) {
	form, err := c.Encode()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.address, bytes.NewReader(form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	resp, err := b.browser().Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	where, err := drim.ReadCallAnswer(resp)
	if err != nil {
		return nil, err
	}
	return b.calls.Redeem(ctx, where.Query().Get("uuid"))
}

// browser follows no redirection, so that the story can show it.
func (b *siteB) browser() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: b.pki.Roots()}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (b *siteB) close() {
	if b.consumer != nil {
		b.consumer.Close()
	}
	b.stop()
}

// whoCalls is what the RIS of site B tells of its patient.
func whoCalls() *drim.Call {
	p := patient()
	return &drim.Call{INS: p.INS, Traits: p.Traits, Information: "true", LocalID: localID.Extension, LocalIssuer: string(localID.Root)}
}

// local is the patient as the PACS of site B knows her.
func local() drim.LocalIdentity {
	p := patient()
	return drim.LocalIdentity{INS: p.INS, PatientID: localID.Extension, Issuer: localID.Assigner, IssuerOID: localID.Root,
		Name: p.Traits.BirthName + "^" + p.Traits.FirstGivenName, Accession: "B-ACC-7", System: "share-images"}
}
