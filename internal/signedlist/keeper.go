package signedlist

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Store keeps the last good document. See the exported interfaces of the packages that use it.
type Store interface {
	Load(ctx context.Context) ([]byte, error) // nil, nil: nothing is kept
	Save(ctx context.Context, document []byte) error
}

// Settings of a [Keeper]. All but Store and Warn are required.
type Settings[T any] struct {
	Name     string     // of the operations: "whitelist" gives "whitelist.refresh"
	Label    segur.Text // of the list, in sentences: "liste blanche MSSanté", "MSSanté white list"
	Recent   segur.Text // what an old list lacks: "des domaines récents", "recent domains"
	Client   *transport.Client
	URL      string
	MaxBytes int64
	Profile  Profile
	Trust    Trust
	Skew     time.Duration // how far in the future a list may be dated
	Every    time.Duration // between two refreshes of Run
	Retry    time.Duration // after a failed one
	Stale    time.Duration // the age from which a list in use is told to be old
	Clock    func() time.Time
	New      func() Reader[T]
	Store    Store
	Warn     func(code string, text segur.Text, err error)
}

// Codes of warnings.
const (
	WarnRefresh = "refresh-failed"
	WarnStore   = "store-failed"
	WarnStale   = "stale"
)

// Copy is the list in use.
type Copy[T any] struct {
	Verified[T]
	Confirmed time.Time // when the publisher last said that it is the present one; zero for one from the store
	Stored    bool      // it came from the store
}

// Keeper holds the last good list. It is safe for concurrent use; Current never waits.
type Keeper[T any] struct {
	s       Settings[T]
	current atomic.Pointer[Copy[T]]
	failure atomic.Pointer[error]
	turn    chan struct{} // one refresh or load at a time

	// These belong to who holds turn. The validators are those of the answer that current came from; floor is the list that
	// the store held before there was one in use.
	etag, modified string
	floor          edition
}

// edition is what a list that takes the place of another one is held against.
type edition struct {
	generated time.Time
	digest    [sha256.Size]byte
}

// NewKeeper makes a keeper without a list.
func NewKeeper[T any](s Settings[T]) *Keeper[T] {
	return &Keeper[T]{s: s, turn: make(chan struct{}, 1)}
}

// Current is the list in use, nil when there is none yet.
func (k *Keeper[T]) Current() *Copy[T] { return k.current.Load() }

// LastError is why the last refresh failed, nil when it succeeded or none was tried.
func (k *Keeper[T]) LastError() error {
	if e := k.failure.Load(); e != nil {
		return *e
	}
	return nil
}

func (k *Keeper[T]) op(act string) string { return k.s.Name + "." + act }

func (k *Keeper[T]) enter(ctx context.Context, op string) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ended(ctx, op)
	}
}

func ended(ctx context.Context, op string) error {
	kind := segur.KindCanceled
	if ctx.Err() == context.DeadlineExceeded { //nolint:errorlint // ctx.Err returns it as it is
		kind = segur.KindTimeout
	}
	return &segur.Error{Op: op, Kind: kind, Message: "the call ended while another refresh was under way", Err: ctx.Err()}
}

func (k *Keeper[T]) leave() { <-k.turn }

// Load takes the list of the store, verified anew. It is an error ([segur.ErrNotFound]) when the store is empty.
func (k *Keeper[T]) Load(ctx context.Context) error {
	op := k.op("load")
	if err := k.enter(ctx, op); err != nil {
		return err
	}
	defer k.leave()
	if k.s.Store == nil {
		return &segur.Error{Op: op, Kind: segur.KindNotFound, Message: "no store is configured"}
	}
	document, err := k.s.Store.Load(ctx)
	switch {
	case err != nil:
		return &segur.Error{Op: op, Kind: segur.KindUnavailable, Message: "the store cannot be read", Err: err}
	case len(document) == 0:
		return &segur.Error{Op: op, Kind: segur.KindNotFound, Message: "nothing is stored yet"}
	}
	_, err = k.take(ctx, op, document, true)
	return err
}

// Use takes a list that was obtained by other means, under the same conditions, and stores it.
func (k *Keeper[T]) Use(ctx context.Context, document []byte) error {
	op := k.op("use")
	if err := k.enter(ctx, op); err != nil {
		return err
	}
	defer k.leave()
	_, err := k.accept(ctx, op, document)
	return err
}

// Refresh asks the publisher for its list and reports whether it is another one. On any failure the list in use stays.
func (k *Keeper[T]) Refresh(ctx context.Context) (changed bool, err error) {
	op := k.op("refresh")
	if err := k.enter(ctx, op); err != nil {
		return false, err
	}
	defer k.leave()
	changed, err = k.fetch(ctx, op)
	if err != nil {
		k.failure.Store(&err)
		if ctx.Err() == nil {
			k.warn(WarnRefresh, err)
		}
	} else {
		k.failure.Store(nil)
	}
	if c := k.Current(); c != nil && k.Stale() {
		k.warn(WarnStale, nil)
	}
	return changed && err == nil, err
}

// Stale reports whether the list in use is old, or there is none.
func (k *Keeper[T]) Stale() bool {
	c := k.Current()
	return c == nil || k.s.Clock().Sub(c.Generated) > k.s.Stale
}

func (k *Keeper[T]) warn(code string, err error) {
	if k.s.Warn == nil {
		return
	}
	label, text := k.s.Label, segur.Text{}
	switch code {
	case WarnRefresh:
		text.FR = "La " + label.FR + " n'a pas pu être renouvelée : la dernière valable reste en service."
		text.EN = "The " + label.EN + " could not be renewed: the last good one stays in use."
	case WarnStore:
		text.FR = "La copie de la " + label.FR + " sur disque n'a pas pu être lue ou écrite."
		text.EN = "The copy of the " + label.EN + " on disk could not be read or written."
	case WarnStale:
		age := k.s.Stale.Round(time.Minute).String()
		text.FR = "La " + label.FR + " en service a plus de " + age + " : " + k.s.Recent.FR + " peuvent y manquer."
		text.EN = "The " + label.EN + " in use is more than " + age + " old: " + k.s.Recent.EN + " may be missing."
	}
	k.s.Warn(code, text, err)
}

func (k *Keeper[T]) fetch(ctx context.Context, op string) (bool, error) {
	conditional := http.Header{"Accept": {"application/xml, text/xml"}}
	if k.etag != "" {
		conditional.Set("If-None-Match", k.etag)
	}
	if k.modified != "" {
		conditional.Set("If-Modified-Since", k.modified)
	}
	resp, err := k.s.Client.Do(ctx, &transport.Request{Op: op, Method: http.MethodGet, URL: k.s.URL, Header: conditional,
		RepeatSafe: true, ResponseLimit: k.s.MaxBytes})
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }()
	asked := k.etag != "" || k.modified != ""
	switch {
	case resp.Status == http.StatusNotModified && asked:
		same := *k.Current()
		now := k.s.Clock()
		if err := same.again(ctx, op, k.s.Trust, now); err != nil {
			k.etag, k.modified = "", "" // the next one comes whole, with its signature
			return false, err
		}
		same.Confirmed = now
		k.current.Store(&same)
		return false, nil
	case resp.Status >= 400:
		return false, resp.StatusError()
	case resp.Status != http.StatusOK:
		return false, resp.Fail(&segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the answer is not the list", Status: resp.Status})
	}
	document, err := resp.ReadAll()
	if err != nil {
		return false, err
	}
	changed, err := k.accept(ctx, op, document)
	if err != nil {
		return false, resp.Fail(err)
	}
	k.etag, k.modified = validator(resp.Header, "ETag"), validator(resp.Header, "Last-Modified")
	return changed, nil
}

// validator gives back a header as it may be sent, or "".
func validator(h http.Header, name string) string {
	v := h.Get(name)
	for i := range len(v) {
		if v[i] < ' ' || v[i] == 0x7f {
			return ""
		}
	}
	if len(v) > 1024 {
		return ""
	}
	return v
}

// accept takes the document and stores it.
func (k *Keeper[T]) accept(ctx context.Context, op string, document []byte) (changed bool, err error) {
	// What was asked for before does not describe this document.
	k.etag, k.modified = "", ""
	k.stored(ctx, op)
	if changed, err = k.take(ctx, op, document, false); err != nil {
		return false, err
	}
	if k.s.Store != nil {
		if err := k.s.Store.Save(ctx, document); err != nil {
			k.warn(WarnStore, &segur.Error{Op: op, Kind: segur.KindUnavailable, Message: "the list is used but could not be stored", Err: err})
		}
	}
	return changed, nil
}

// stored notes the date of the stored list while there is none in use: nobody asked for it, or the revocation of its signer
// could not be known then. The date binds even so; a list that does not verify has none.
func (k *Keeper[T]) stored(ctx context.Context, op string) {
	if k.s.Store == nil || k.Current() != nil || !k.floor.generated.IsZero() {
		return
	}
	document, err := k.s.Store.Load(ctx)
	if err != nil || len(document) == 0 {
		return
	}
	trust, now := k.s.Trust, k.s.Clock()
	trust.CheckChain = nil
	if v, err := Verify(ctx, op, document, k.s.Profile, trust, now, k.s.New()); err == nil && !v.Generated.After(now.Add(k.s.Skew)) {
		k.floor = edition{v.Generated, v.Digest}
	}
}

// take verifies the document and puts it in use, unless it is dated before the list in use or after now.
func (k *Keeper[T]) take(ctx context.Context, op string, document []byte, stored bool) (changed bool, err error) {
	now := k.s.Clock()
	v, err := Verify(ctx, op, document, k.s.Profile, k.s.Trust, now, k.s.New())
	if err != nil {
		return false, err
	}
	if v.Generated.After(now.Add(k.s.Skew)) {
		return false, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the list is dated in the future: check the clock"}
	}
	out := &Copy[T]{Verified: *v, Stored: stored}
	if !stored {
		out.Confirmed = now
	}
	switch {
	case v.Generated.Before(k.floor.generated):
		return false, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the list is older than the one that was stored: it is refused"}
	case v.Generated.Equal(k.floor.generated) && v.Digest != k.floor.digest:
		return false, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the list is of the date of the one that was stored, and differs: it is refused"}
	}
	if cur := k.Current(); cur != nil {
		switch {
		case v.Digest == cur.Digest && stored:
			return false, nil
		case v.Digest == cur.Digest: // signed anew at most: same content
			out.List = cur.List
		case !v.Generated.After(cur.Generated):
			return false, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the list is not newer than the one in use, and differs: it is refused"}
		default:
			changed = true
		}
	} else {
		changed = true
	}
	k.current.Store(out)
	return changed, nil
}

// Run refreshes until ctx ends, whose error it returns. As long as there is no list, the store is tried first. Pauses are
// stretched by up to a tenth, so that the clients of a country do not come together.
func (k *Keeper[T]) Run(ctx context.Context) error {
	for {
		if k.Current() == nil && k.s.Store != nil {
			if err := k.Load(ctx); err != nil && segur.KindOf(err) != segur.KindNotFound && ctx.Err() == nil {
				k.warn(WarnStore, err)
			}
		}
		wait := k.s.Every
		if _, err := k.Refresh(ctx); err != nil {
			wait = k.s.Retry
		}
		t := time.NewTimer(wait + time.Duration(rand.Float64()*0.1*float64(wait))) //nolint:gosec // spreads load
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}
