package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/psc/psctest"
)

// siteA made the images: its DRIMbox is a source.
type siteA struct {
	*world
	ris     *ris
	pacs    *dicomweb.Client
	archive *drim.FileArchive
	source  *drim.Source
	list    *whitelist.Client

	base string // of the WADO-RS, what RetrieveURL begins with
	host string // of it, on the white list
	hl7  string // address of the MLLP service

	stop func()

	mu       sync.Mutex
	outcome  *drim.Outcome // of the last message
	accesses []drim.Access // who asked for what
}

// openSiteA starts the DRIMbox of site A: the source, the service of its images
// for the other sites, and the service of HL7 messages for its RIS.
func openSiteA(ctx context.Context, w *world) (a *siteA, err error) {
	a = &siteA{world: w, stop: func() {}}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	front, err := w.listen(ctx)
	if err != nil {
		return a, err
	}
	a.onStop(func() { _ = front.Close() })
	messages, err := w.listen(ctx)
	if err != nil {
		return a, err
	}
	a.onStop(func() { _ = messages.Close() })
	a.host, a.hl7 = front.Addr().String(), messages.Addr().String()
	a.base = "https://" + a.host + "/drim/rs"

	// The operator has registered the box: it is on the national white list.
	w.register(a.host)
	if a.list, err = w.whiteList(ctx, "site-a.xml"); err != nil {
		return a, err
	}
	if a.ris, err = newRIS(w, "https://vi.centre-fictif.example/IHEInvokeImageDisplay"); err != nil {
		return a, err
	}
	cfg := w.pacsA.Config()
	w.watch(&cfg.ClientConfig)
	if a.pacs, err = dicomweb.New(cfg); err != nil {
		return a, err
	}
	if a.archive, err = drim.OpenArchive(filepath.Join(w.folder, "site-a")); err != nil {
		return a, err
	}
	a.onStop(func() { _ = a.archive.Close() })
	if a.source, err = drim.NewSource(a.config()); err != nil {
		return a, err
	}
	if _, err = a.source.Resume(ctx); err != nil { // what the last run left: here nothing
		return a, err
	}
	if err = a.serveImages(front); err != nil {
		return a, err
	}
	a.serveMessages(messages)
	return a, nil
}

// config is the configuration of the source. A scene changes a copy.
func (a *siteA) config() drim.SourceConfig {
	return drim.SourceConfig{
		Environment: segur.Fake, PACS: a.pacs, Records: a.ris.manifests, ReadReport: cda.ReadHeader, Archive: a.archive,
		RetrieveBase: a.base, RetrieveLocationUID: oidRoot + ".100", Manufacturer: "SEGUR SDK EXAMPLE", UIDRoot: oidRoot,
		Guard: a.list.Guard(), IDs: a.ids, Logger: a.logger,
	}
}

// serveImages gives the images to the boxes of other sites. The token of their
// user is checked at Pro Santé Connect at each request.
func (a *siteA) serveImages(l net.Listener) error {
	tokens, err := drim.NewIntrospection(drim.IntrospectionConfig{
		ClientConfig: a.client(a.pki.Organization()), Endpoint: a.introspection(), ClientID: psctest.ClientID, ClientSecret: psctest.ClientSecret,
	})
	if err != nil {
		return err
	}
	h, err := drim.NewHandler(drim.HandlerConfig{
		Base: "/drim/rs", Manifests: a.archive, Images: drim.ImagesFromPACS(a.pacs), Tokens: tokens,
		Observe: func(_ context.Context, access drim.Access) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.accesses = append(a.accesses, access)
		},
	})
	if err != nil {
		return err
	}
	// An answer that cannot be whole is cut, which the server logs.
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = srv.Serve(l) }()
	a.onStop(func() { _ = srv.Close() })
	return nil
}

// introspection is the endpoint of Pro Santé Connect that says whether a token is
// valid: that of its discovery document.
func (a *siteA) introspection() string {
	return a.provider.URL + "/protocol/openid-connect/token/introspect"
}

// serveMessages takes the messages of the RIS and acknowledges them.
func (a *siteA) serveMessages(l net.Listener) {
	handler := drim.MessageReader{}.Handler(a.act, drim.HandlerOptions{IDs: a.ids})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = drim.ServeMLLP(ctx, l, handler, drim.MLLPLimits{})
	}()
	a.onStop(func() { cancel(); <-done })
}

// act is (*drim.Source).Act, and notes the outcome for the story.
func (a *siteA) act(ctx context.Context, m drim.Message) (err error) {
	var outcome *drim.Outcome
	switch m := m.(type) {
	case *drim.ReportMessage:
		outcome, err = a.source.Receive(ctx, m)
	case *drim.ImageChange:
		outcome, err = a.source.ImagesChanged(ctx, m)
	default:
		err = errors.New("no such message")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outcome = outcome
	return err
}

// lastOutcome is what became of the last message.
func (a *siteA) lastOutcome() *drim.Outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.outcome
}

// answers are those that other sites got since the last call, each kind once.
func (a *siteA) answers() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, access := range a.accesses {
		text := strings.TrimSpace(fmt.Sprintf("%d %s", access.Status, access.Code))
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	a.accesses = nil
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// onStop adds what close does, the last first.
func (a *siteA) onStop(f func()) {
	before := a.stop
	a.stop = func() { f(); before() }
}

func (a *siteA) close() { a.stop() }

// register publishes a white list with these boxes, later than the one before.
func (w *world) register(hosts ...string) {
	w.lists++
	var boxes []whitelisttest.Box
	for _, h := range hosts {
		boxes = append(boxes, whitelisttest.Box{Host: h, Viewer: "vi.centre-fictif.example"})
	}
	w.list.Publish(whitelisttest.Document(time.Now().Add(-time.Hour+time.Duration(w.lists)*time.Minute), boxes...))
}

// listen listens with TLS on this machine.
func (w *world) listen(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{w.pki.Server()},
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: w.pki.Roots()}), nil
}

// whiteList fetches the white list, and verifies it.
func (w *world) whiteList(ctx context.Context, name string) (*whitelist.Client, error) {
	cfg := w.list.Config()
	cfg.Store = whitelist.FileStore(filepath.Join(w.folder, name))
	w.watch(&cfg.ClientConfig)
	client, err := whitelist.New(cfg)
	if err != nil {
		return nil, err
	}
	_, err = client.Refresh(ctx) // a service calls Run, which refreshes every day
	return client, err
}
