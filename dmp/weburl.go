package dmp

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
)

const opWebURL = "dmp.webURL" //nolint:gosec // no credential

// WebPage is a page of the web site of the record for professionals (TD0.9).
type WebPage string

// The pages.
const (
	// WebDashboard is the dashboard and the list of the authorised records;
	// with or without a patient.
	WebDashboard WebPage = "TableauDeBord"
	// WebRecord is the home page of the record of a patient.
	WebRecord WebPage = "DossierPatient"
	// WebManagement is the management of the record.
	WebManagement WebPage = "GestionDMPPatient"
	// WebDocuments lists the documents.
	WebDocuments WebPage = "Documents"
	// WebCarePathway is the care pathway.
	WebCarePathway WebPage = "ParcoursDeSoins"
	// WebAccessLog is the history of the accesses.
	WebAccessLog WebPage = "HistoriqueAcces"
	// WebSettings is the settings of the user; without a patient.
	WebSettings WebPage = "Parametrages"
	// WebRights is the patient's wishes and rights.
	WebRights WebPage = "VolontesEtDroits"
	// WebVaccination is the vaccination record.
	WebVaccination WebPage = "CarnetVaccination"
)

// WebAddress is the address of a page. It may hold the INS of a patient, by
// design of the service, so its printed forms are redacted: URL gives it to
// the browser.
type WebAddress struct {
	page WebPage
	url  string
}

// URL returns the address. It is for the browser of the user, never for a log.
func (a WebAddress) URL() string { return a.url }

// String returns a redacted form.
func (a WebAddress) String() string { return fmt.Sprintf("dmp.WebAddress{%s}", a.page) }

// Format writes the redacted form whatever the verb.
func (a WebAddress) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue makes slog write the redacted form.
func (a WebAddress) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalJSON refuses: the INS leaves the program only where the caller names it.
func (a WebAddress) MarshalJSON() ([]byte, error) {
	return nil, &segur.Error{Op: opWebURL, Kind: segur.KindInvalidInput, Message: "the address of a page is not for JSON: it may hold an INS"}
}

// WebURL returns the address of a page of the web site, on the host
// Config.WebHost, for the browser of the user, who authenticates there by card
// or e-CPS (TD0.9). The patient is left out ([segur.INS] zero) for
// [WebSettings] and may be for [WebDashboard]. Nothing is sent. The access in
// INDIRECTE_RENFORCEE (TD0.10) is not public and refused.
func (c *Client) WebURL(page WebPage, patient segur.INS) (WebAddress, error) {
	if c.cfg.Mode == IndirecteRenforcee {
		e := c.refusal(opWebURL, TD09)
		e.Message = "in INDIRECTE_RENFORCEE the web site is opened by TD0.10, of which no specification is public"
		e.Help = hint(TD09, c.purpose)
		return WebAddress{}, e
	}
	if err := c.allowed(opWebURL, TD09); err != nil {
		return WebAddress{}, err
	}
	var p segur.Problems
	p.Require("webHost", c.cfg.WebHost)
	switch page {
	case WebSettings:
		if !patient.IsZero() {
			p.Add("patient", "has no place on this page")
		}
	case WebDashboard, WebRecord, WebManagement, WebDocuments, WebCarePathway, WebAccessLog, WebRights, WebVaccination:
		if page != WebDashboard || !patient.IsZero() {
			p.Merge("", c.checkPatient(patient))
		}
	default:
		p.Add("page", "is none of the pages of package dmp")
	}
	if err := p.Err(opWebURL); err != nil {
		return WebAddress{}, err
	}
	u := url.URL{Scheme: "https", Host: c.cfg.WebHost, Path: "/AccesDirect/" + string(page)}
	if !patient.IsZero() {
		u.Path += "/" + patient.Matricule()
	}
	return WebAddress{page: page, url: u.String()}, nil
}

// checkWebHost wants a host and nothing else.
func (c *Config) checkWebHost(p *segur.Problems) {
	if c.WebHost == "" {
		return
	}
	u, err := url.Parse("https://" + c.WebHost)
	if err != nil || u.Host != c.WebHost || u.Hostname() == "" || strings.ContainsAny(c.WebHost, " @/?#\\%") {
		p.Add("webHost", "must be a host name, with its port where it has one")
	}
}
