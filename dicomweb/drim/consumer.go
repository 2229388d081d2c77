package drim

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	opConsumer = "drim.consumer"
	opExams    = "drim.exams"
	opOpen     = "drim.open"
	opImages   = "drim.retrieve"
	opExport   = "drim.export"
)

// ConsumerRecord is the national record (DMP) as a consumer of images reads it:
// one user of one structure. What (*dmp.Client).Manifests gives satisfies it.
type ConsumerRecord interface {
	// Find gives the active entries of a patient that the query selects.
	Find(ctx context.Context, patient segur.INS, q xds.ManifestQuery) iter.Seq2[*xds.DocumentEntry, error]
	// Open gives the bytes of a document. Reading ends with an error other than
	// io.EOF when they are not those that the entry describes.
	Open(ctx context.Context, patient segur.INS, entry *xds.DocumentEntry) (io.ReadCloser, error)
}

// ConsumerConfig configures a [Consumer]. Of ClientConfig, RootCAs verifies the
// boxes of the others, and Credentials is what is presented to them.
type ConsumerConfig struct {
	segur.ClientConfig
	// Record is the record as the user sees it. Required.
	Record ConsumerRecord
	// Boxes refuses a host, "host" or "host:port", that is no source of the white
	// list: a [whitelist.Guard]. It is asked before a token is. Required.
	Boxes func(host string) error
	// Tokens gives the access token of the user (Pro Santé Connect): asked for
	// each request, and once more when a source refuses the one before. Required.
	Tokens dicomweb.TokenSource

	// Profile says what the images are for. Accept replaces it: the transfer
	// syntaxes that are asked for, with their weights, all above 0.
	Profile Profile
	Accept  Accept
	// Locations gives the base address of a source by its OID, for manifests that
	// give no other address. Optional.
	Locations func(oid string) (base string, ok bool)
	// Situation is sent with each request for images, as the header of that name.
	// Empty: not sent, as in every official request; the prototype declares it, and
	// its values are not public.
	Situation string
	// RequireINS refuses images to which the source did not add the INS, as the
	// specification has it do. By default they are judged by what they bear.
	RequireINS bool
	// Parallel is the number of requests to one source at a time. 0: 4.
	Parallel int
	// SourceTimeout bounds the time that one request may take, from the call to
	// the last image. 0: as long as bytes come within IdleTimeout.
	SourceTimeout time.Duration
	// SpoolDir is where images that are larger than 1 MiB, and those on their way
	// to the PACS, wait until they are whole, in files that only the user of the
	// process can read. It exists. Empty: the directory of the system for
	// temporary files. What a process that was killed left there is removed by the
	// next consumer, a day later.
	SpoolDir string
	// MaxManifestBytes bounds a manifest. 0: 64 MiB.
	MaxManifestBytes int64
}

const (
	defaultSourceParallel   = 4
	maxSourceParallel       = 64
	defaultMaxManifestBytes = 64 << 20
)

// Consumer finds the exams of a patient in the record and retrieves their images
// from the boxes of those who made them, in the name of one user. It is immutable
// and safe for concurrent use.
type Consumer struct {
	cfg    ConsumerConfig
	web    *dicomweb.Client
	accept string
}

// NewConsumer checks cfg completely and returns a consumer; nothing is asked yet.
// Close it when the session of the user ends.
func NewConsumer(cfg ConsumerConfig) (*Consumer, error) {
	var p segur.Problems
	cfg.ClientConfig.Check(&p)
	if cfg.Record == nil {
		p.Add("record", "is required")
	}
	if cfg.Boxes == nil {
		p.Add("boxes", "is required: a token goes to hosts of the white list only")
	}
	if cfg.Tokens == nil {
		p.Add("tokens", "is required")
	}
	if cfg.Profile > Lossy {
		p.Add("profile", "is not known")
	}
	if cfg.Parallel < 0 || cfg.Parallel > maxSourceParallel {
		p.Add("parallel", "must be between 1 and 64")
	}
	if cfg.SourceTimeout < 0 {
		p.Add("sourceTimeout", "must not be negative")
	}
	if !plainHeader(cfg.Situation) {
		p.Add("situation", "must be at most 200 visible ASCII characters and blanks")
	}
	if cfg.MaxManifestBytes < 0 {
		p.Add("maxManifestBytes", "must not be negative")
	}
	accept := acceptOf(&p, cfg.Profile, cfg.Accept)
	if err := p.Err(opConsumer); err != nil {
		return nil, err
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = defaultSourceParallel
	}
	if cfg.MaxManifestBytes == 0 {
		cfg.MaxManifestBytes = defaultMaxManifestBytes
	}
	// Every request has an address of its own, that of the manifest; a name that
	// nobody can have (RFC 2606) stands for the endpoint that there is not.
	web, err := dicomweb.New(dicomweb.Config{ClientConfig: cfg.ClientConfig, Endpoint: "https://drimbox.invalid", Tokens: cfg.Tokens})
	if err != nil {
		return nil, err
	}
	cfg.ClientConfig = cfg.ClientConfig.WithDefaults()
	sweepSpool(cfg.SpoolDir)
	return &Consumer{cfg: cfg, web: web, accept: accept}, nil
}

// Close closes the connections that no call uses.
func (c *Consumer) Close() { c.web.CloseIdleConnections() }

// plainHeader reports whether a text may be a header as it stands.
func plainHeader(s string) bool {
	return len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// acceptOf writes the Accept header.
func acceptOf(p *segur.Problems, profile Profile, own Accept) string {
	if len(own) == 0 {
		return FormatAccept(profile)
	}
	var list []string
	for i, a := range own {
		field := fmt.Sprintf("accept[%d]", i)
		if !dicomweb.ValidUID(a.Syntax) {
			p.Add(field+".syntax", "must be a transfer syntax")
		}
		if a.Weight <= 0 || a.Weight > 1000 {
			p.Add(field+".weight", "must be between 1 and 1000 thousandths")
		}
		tenths := max(int(math.Round(float64(a.Weight)/100)), 1) // boxes read one decimal
		list = append(list, acceptElement(a.Syntax, tenths))
	}
	return strings.Join(list, ",")
}

// consumerError is an error of the consumer itself.
func consumerError(op string, kind segur.Kind, code, message string) *segur.Error {
	return &segur.Error{Op: op, Kind: kind, Code: code, Message: message, Help: helpOf(code)}
}
