package drim

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

const opServe = "drim.serve"

// HeaderManifest is the header of a request between DRIMbox that names the
// manifest through which the consumer knows of the images, by its SOP Instance
// UID.
const HeaderManifest = "KOS-SOPInstanceUID"

// ManifestSource knows which manifest of a study is published now. A
// [*FileArchive] is one, and [ManifestsOf] makes one of any archive.
type ManifestSource interface {
	// Manifest returns the manifest of a study when it is the one of that SOP
	// Instance UID and consumers may hold it now; [segur.ErrNotFound] when the
	// study is not known, when it was withdrawn, or when the manifest was
	// replaced.
	Manifest(ctx context.Context, studyUID, uid string) (*CurrentManifest, error)
}

// Transcoder converts images between transfer syntaxes. None is part of this
// module but for what needs no codec of images, see [dicomweb.CanConvert].
type Transcoder interface {
	// CanTranscode reports whether an image of one transfer syntax can be given
	// in another one.
	CanTranscode(from, to string) bool
	// Transcode gives the Part 10 file in the transfer syntax to. Its SOP
	// Instance UID stays. It is closed when it was read, or no longer wanted.
	Transcode(ctx context.Context, file io.Reader, to string) (io.ReadCloser, error)
}

// HandlerConfig is the configuration of [NewHandler].
type HandlerConfig struct {
	// Base is the path of the service, that of the RetrieveURL in the manifests
	// up to "/studies", such as "/drim/rs". Empty: the root.
	Base string
	// Manifests knows what is shared. Required.
	Manifests ManifestSource
	// Images gives the images. Required.
	Images ImageSource
	// Tokens checks the bearer tokens, at Pro Santé Connect. Required.
	Tokens TokenChecker
	// Transcoder makes transfer syntaxes that are not stored. nil: images of
	// which the consumer does not take the stored one are not delivered, but for
	// those that need no codec ([dicomweb.CanConvert]).
	Transcoder Transcoder
	// CheckPeer is asked before anything else whether the other side may call:
	// with its client certificate in r.TLS, for one that is on the white list.
	// An error refuses with 403. nil: everybody may, who has a token.
	CheckPeer func(r *http.Request) error
	// SamePatient decides whether an image of the PACS is that of the patient of
	// the manifest; its error keeps the image back. nil: [SamePatient].
	SamePatient func(ctx context.Context, published *CurrentManifest, manifest *kos.Manifest, image *dicomweb.Head) error
	// OmitINS leaves the images as they are stored. Otherwise the INS of the
	// manifest is added to Other Patient IDs Sequence.
	OmitINS bool
	// Ready says whether the service can work: the health check answers 503
	// after an error. nil: always.
	Ready func(ctx context.Context) error

	// MaxPerClient bounds the requests that one client has under way; one more
	// gets 429. 0: 16.
	MaxPerClient int
	// MaxRequests bounds the requests of all clients; one more gets 503. 0: 256.
	MaxRequests int
	// Client names who calls, for MaxPerClient. nil: the IP address, of IPv6 the
	// network of 64 bits. Behind a reverse proxy it must read the header that the
	// proxy sets.
	Client func(r *http.Request) string
	// StallTimeout ends a request whose client takes no bytes for that long.
	// 0: 30 seconds.
	StallTimeout time.Duration

	// HSTS is the Strict-Transport-Security header. Empty: two years with
	// subdomains, as the official sample has it. "-": none.
	HSTS string
	// Origins are the web origins that may call from a browser (CORS), or "*".
	// None: no such header is sent.
	Origins []string

	// Observe is told of every request when it ends: what a source has to trace.
	// nil: nobody is. It is called from many goroutines.
	Observe func(ctx context.Context, a Access)
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
	// Random makes boundaries. nil: crypto/rand.
	Random io.Reader
}

// Access is one request to a source: who asked for what, with which result. It
// never holds a token, nor data of the patient beyond the UIDs.
type Access struct {
	// At is when the request came, Duration how long it took.
	At       time.Time
	Duration time.Duration
	// Remote is the address of the other side, Peer the subject of its client
	// certificate, empty without one.
	Remote, Peer string
	// User and Client are those of the token, as the [TokenChecker] tells them:
	// the national identifier of the professional, and the service.
	User, Client string
	// Method is that of the request. Ref and Frames are what was asked; zero
	// when the path is none of the service.
	Method string
	Ref    dicomweb.Ref
	Frames []int
	// ManifestUID is the manifest that the request names.
	ManifestUID string
	// Health says that it is a health check.
	Health bool
	// Status is the HTTP status. Complete says that everything that was asked
	// left, and that the answer says so: without it the connection was cut, if
	// the status is 200.
	Status   int
	Complete bool
	// Listed counts the instances asked, Sent those that left, Bytes their size.
	Listed, Sent int
	Bytes        int64
	// Code says why something was refused or is missing: one of the codes
	// Serve…. Empty when all is well.
	Code string
	// Err is the cause, when there is one.
	Err error
	// Missing are the listed instances that did not leave, with the reason.
	Missing []MissingImage
	// Withheld counts images that the source of images gave and that the
	// manifest does not list.
	Withheld int
}

// MissingImage is a listed instance that was not delivered.
type MissingImage struct {
	Ref dicomweb.Ref
	// Code is one of ServeGone, ServeOtherPatient, ServeNotAcceptable and
	// ServeImageFailed.
	Code string
}

// Codes of an [Access].
const (
	ServeNotFound      = "serve-not-found"       // 404: no such resource, study or manifest, or no longer
	ServeMethod        = "serve-method"          // 405
	ServeMalformed     = "serve-malformed"       // 400: path, query, Accept or manifest header
	ServePeer          = "serve-peer"            // 403: CheckPeer
	ServeBusy          = "serve-busy"            // 429 or 503: too many requests
	ServeNoToken       = "serve-no-token"        //nolint:gosec // 401; a name
	ServeTokenRefused  = "serve-token-refused"   //nolint:gosec // 401; a name
	ServeTokenUnknown  = "serve-token-unchecked" // 503: the token could not be checked
	ServeArchive       = "serve-archive"         // 500 or 503: the archive does not answer, or is damaged
	ServeImages        = "serve-images"          // 500 or 503: the source of images failed
	ServeGone          = "serve-gone"            // 410 or 404: listed, and no longer there
	ServeOtherPatient  = "serve-other-patient"   // 500: the image is that of another patient
	ServeNotAcceptable = "serve-not-acceptable"  // 406: no transfer syntax suits
	ServeImageFailed   = "serve-image-failed"    // an image cannot be read, or was cut
	ServePanic         = "serve-panic"           // 500, or a cut answer: what the product gave panicked
	ServeClientGone    = "serve-client-gone"     // the client went away, or took nothing for too long
)

// Limits of a request.
const (
	maxPathBytes  = 1024
	maxTokenBytes = 16 << 10
	maxFrames     = 10_000 // of one request
)

// Handler is the side of a source that delivers images to the DRIMbox of other
// sites (WADO-RS): an [http.Handler] that faces the Internet. It controls, in
// this order: method, other side, load, token, path, Accept, manifest, and
// whether that is the one published now; who has no valid token learns nothing
// about what exists. A request for the base address is a health check: it needs
// no token, and counts among the requests that are bounded.
//
// Images are given as they arrive, in constant memory. An answer that could not
// be given whole is cut: it has no closing delimiter and its connection ends, so
// that no consumer takes it for complete; the single instances then say why
// (410, 406).
//
// The HTTP server around it is the caller's: TLS, ReadHeaderTimeout and
// MaxHeaderBytes are set there, and middleware must not hold answers back.
type Handler struct {
	cfg       HandlerConfig
	manifests manifestCache
	load      load
}

// NewHandler checks cfg completely.
func NewHandler(cfg HandlerConfig) (*Handler, error) {
	var p segur.Problems
	if cfg.Base = strings.TrimSuffix(cfg.Base, "/"); cfg.Base != "" && (!strings.HasPrefix(cfg.Base, "/") || !plainPath(cfg.Base)) {
		p.Add("base", `must be a path: "/" and segments of letters, digits, "-", "_", "." and "~"`)
	}
	if cfg.Manifests == nil {
		p.Add("manifests", "is required")
	}
	if cfg.Images == nil {
		p.Add("images", "is required")
	}
	if cfg.Tokens == nil {
		p.Add("tokens", "is required: images are never given without a token")
	}
	for _, n := range []struct {
		field string
		v     int64
	}{{"maxPerClient", int64(cfg.MaxPerClient)}, {"maxRequests", int64(cfg.MaxRequests)}, {"stallTimeout", int64(cfg.StallTimeout)}} {
		if n.v < 0 {
			p.Add(n.field, "must not be negative")
		}
	}
	if strings.ContainsFunc(cfg.HSTS, isControl) {
		p.Add("hsts", "must hold no control character")
	}
	for _, o := range cfg.Origins {
		if o == "" || strings.ContainsFunc(o, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			p.Add("origins", `must be origins, such as "https://viewer.example", or "*"`)
		}
	}
	if err := p.Err("drim.NewHandler"); err != nil {
		return nil, err
	}
	cfg.MaxPerClient = cmp.Or(cfg.MaxPerClient, 16)
	cfg.MaxRequests = cmp.Or(cfg.MaxRequests, 256)
	cfg.StallTimeout = cmp.Or(cfg.StallTimeout, 30*time.Second)
	cfg.HSTS = cmp.Or(cfg.HSTS, "max-age=63072000; includeSubDomains")
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.SamePatient == nil {
		cfg.SamePatient = func(_ context.Context, c *CurrentManifest, m *kos.Manifest, h *dicomweb.Head) error {
			return SamePatient(c, m, h)
		}
	}
	return &Handler{cfg: cfg, load: load{perClient: cfg.MaxPerClient, all: cfg.MaxRequests}}, nil
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// plainPath reports whether a path has no segment that a server could resolve.
func plainPath(p string) bool {
	for segment := range strings.SplitSeq(p[1:], "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsFunc(segment, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.~", c)
		}) {
			return false
		}
	}
	return true
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r, access: Access{At: h.cfg.Clock(), Remote: r.RemoteAddr, Method: r.Method}}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		x.access.Peer = r.TLS.PeerCertificates[0].Subject.String()
	}
	ended := false
	defer func() { // a panic of what the product gave goes on, and is traced
		if !ended {
			x.access.Complete, x.access.Code = false, ServePanic
			x.access.Status = cmp.Or(x.access.Status, http.StatusInternalServerError)
		}
		x.access.Duration = h.cfg.Clock().Sub(x.access.At)
		if h.cfg.Observe != nil {
			h.cfg.Observe(context.WithoutCancel(r.Context()), x.access)
		}
		if ended && x.abort {
			panic(http.ErrAbortHandler)
		}
	}()
	x.serve()
	ended = true
}
