package drim

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/url"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// PACS is the image archive as a source asks it: [*dicomweb.Client] is one.
type PACS interface {
	SearchStudies(ctx context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.Study, error]
	SearchSeries(ctx context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.Series, error]
	SearchInstances(ctx context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.InstanceRow, error]
}

// SourceConfig configures a [Source].
type SourceConfig struct {
	// Environment says which authorities of an INS are accepted. Required.
	Environment segur.Environment
	// PACS is the image archive. Required.
	PACS PACS
	// Records gives the record in the name of an actor; an error leaves the
	// study pending. Required.
	Records func(ctx context.Context, a Actor) (Record, error)
	// ReadReport reads the header of a report: cda.ReadHeader. Required.
	ReadReport func(io.Reader) (segur.DocumentHeader, error)
	// Archive keeps what is done and what remains: [OpenArchive]. Required.
	Archive Archive
	// RetrieveBase is the address of the WADO-RS of the source, https, on a host
	// of the white list. Required.
	RetrieveBase string
	// RetrieveLocationUID is the OID of the source. Optional.
	RetrieveLocationUID segur.OID
	// Manufacturer is the product that makes the manifests. Required.
	Manufacturer string
	// UIDRoot is the arc of the vendor for manifests. Required in production;
	// elsewhere 2.25 when empty.
	UIDRoot segur.OID
	// Guard refuses a host that is not that of a source of the white list. A
	// manifest that points there is not published. nil: not asked.
	Guard func(host string) error
	// WarnOnly names rules of [CrossCheck], "R29", that do not stop a publication
	// at this site.
	WarnOnly []string
	// Entry completes the metadata of a manifest.
	Entry xds.EntryOptions
	// Device publishes in the name of the system instead of the authors of the
	// report. Optional.
	Device *segur.DocumentActor
	// Manifest changes how a manifest is made, before it is. Optional.
	Manifest func(*kos.Context)

	// KeepRejected goes on sharing rejected instances that the image archive
	// still lists. By default those of the four rejection notes are left out.
	KeepRejected bool
	// AllowNoAccession publishes images that bear no accession number.
	AllowNoAccession bool
	// Deferred leaves the publication to [Source.Resume]: what is received is
	// filed, and no more.
	Deferred bool
	// RetryMin and RetryMax bound the time before a study is tried again, which
	// doubles each time. 0: one minute, one hour. What a person has to correct
	// is tried again after RetryMax.
	RetryMin, RetryMax time.Duration
	// SettleTime is how long a manifest that may have left, and is no longer
	// wanted, is looked for in the record. 0: 24 hours.
	SettleTime time.Duration

	// Clock gives the time. nil: time.Now. IDs makes the UIDs. nil: random ones.
	Clock func() time.Time
	IDs   segur.IDSource
	// Logger is told of what is tried in the background, without patient data.
	// nil: nobody.
	Logger *slog.Logger
}

// Source publishes the manifest of each study of a validated report in the
// national record, and keeps it as the report and the images are. Whatever
// happens between two steps, [Source.Resume] finishes them: nothing is lost,
// nothing is published twice. It is safe for concurrent use.
type Source struct {
	cfg SourceConfig
}

// NewSource checks cfg completely and returns a source.
func NewSource(cfg SourceConfig) (*Source, error) {
	var p segur.Problems
	if !cfg.Environment.Valid() {
		p.Add("environment", "must be segur.Production, segur.Qualification or segur.Fake")
	}
	for _, f := range []struct {
		field   string
		missing bool
	}{
		{"pacs", cfg.PACS == nil}, {"records", cfg.Records == nil}, {"readReport", cfg.ReadReport == nil}, {"archive", cfg.Archive == nil},
		{"manufacturer", cfg.Manufacturer == ""},
	} {
		if f.missing {
			p.Add(f.field, "is required")
		}
	}
	if u, err := url.Parse(cfg.RetrieveBase); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.Add("retrieveBase", "must be an https address without query: https://db.example/rs")
	}
	switch {
	case cfg.UIDRoot != "" && !cfg.UIDRoot.Valid():
		p.Add("uidRoot", "must be an OID")
	case cfg.UIDRoot == "" && cfg.Environment == segur.Production:
		p.Add("uidRoot", "is required in production")
	case cfg.UIDRoot == "":
		cfg.UIDRoot = segur.OIDRootUUID
	}
	for _, d := range []struct {
		field    string
		value    *time.Duration
		standard time.Duration
	}{{"retryMin", &cfg.RetryMin, time.Minute}, {"retryMax", &cfg.RetryMax, time.Hour}, {"settleTime", &cfg.SettleTime, 24 * time.Hour}} {
		if *d.value < 0 {
			p.Add(d.field, "must not be negative")
		}
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if cfg.RetryMax < cfg.RetryMin {
		p.Add("retryMax", "must not be less than retryMin")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.IDs == nil {
		cfg.IDs = segur.NewIDSource(rand.Reader)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if err := p.Err("drim.NewSource"); err != nil {
		return nil, err
	}
	return &Source{cfg: cfg}, nil
}

// Report is a validated report that comes without an HL7 message.
type Report struct {
	// CDA is the document.
	CDA []byte
	// Action is what is asked for. Zero: publish or replace, as the document
	// says.
	Action Action
	// Flags say who may see the images. ToDMP must be Yes for a publication.
	Flags Flags
	// Status and Attributes are those of the identity: only [segur.Qualified]
	// is published.
	Status     segur.IdentityStatus
	Attributes segur.IdentityAttributes
	// LocalIDs are further local identifiers of the patient.
	LocalIDs []segur.Identifier
	// Sender is in whose name it is published. Optional.
	Sender Sender
	// Sent is when. Zero: now.
	Sent time.Time
}

// String is redacted.
func (r Report) String() string { return "Report(" + r.Action.String() + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (r Report) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Report) LogValue() slog.Value { return slog.StringValue(r.String()) }

// State is where a study stands.
type State uint8

// The states.
const (
	// StateNone: nothing is published, and nothing is asked for.
	StateNone State = iota
	// StatePublished: the manifest is in the record, as the report and the
	// images are.
	StatePublished
	// StateWithdrawn: it was removed from the record.
	StateWithdrawn
	// StatePending: something remains to be done, and will be tried again.
	StatePending
	// StateRefused: something remains to be done, and a person has to act.
	StateRefused
)

// String names the state.
func (s State) String() string {
	return [...]string{"none", "published", "withdrawn", "pending", "refused"}[min(s, StateRefused)]
}

// Effect is what a message changed in the archive.
type Effect uint8

// The effects.
const (
	// Applied: the archive holds it.
	Applied Effect = iota
	// Repeated: the archive held it already.
	Repeated
	// Outdated: a later message came before it; it changes nothing.
	Outdated
	// Noted: nothing is known that it could change; it is filed, so that what
	// comes after it is understood.
	Noted
)

// String names the effect.
func (e Effect) String() string {
	return [...]string{"applied", "repeated", "outdated", "noted"}[min(e, Noted)]
}

// StudyOutcome is where one study stands.
type StudyOutcome struct {
	// StudyUID is the study.
	StudyUID string
	// Effect is what the message changed.
	Effect Effect
	// State is where the study stands.
	State State
	// ManifestUID is the manifest that is in the record; empty when none is.
	ManifestUID string
	// Trouble says why the study is pending or refused.
	Trouble *Trouble
}

// Outcome says what became of a message: of each study that it is about.
type Outcome struct {
	Studies []StudyOutcome
}

// Settled reports whether nothing remains to be done.
func (o *Outcome) Settled() bool {
	for _, s := range o.Studies {
		if s.State == StatePending || s.State == StateRefused {
			return false
		}
	}
	return true
}
