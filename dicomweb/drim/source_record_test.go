package drim_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// record is the record of one patient or more, in memory, with the rules that
// matter here. What the real client does is tested with dmptest.
type record struct {
	mu    sync.Mutex
	docs  map[string]*recorded
	sends int
	lost  bool // the next submission is registered and its answer lost
	// lostRemoval: the next removal is done and its answer lost.
	lostRemoval bool
	// twice: the next submission is registered, and comes once more.
	twice  bool
	late   map[string]func()          // submissions that will be registered later
	hold   bool                       // the next submission is lost, and registered by later
	fail   func(op string) error      // before anything is done
	before func(op string)            // of each call
	after  func(op string)            // of each call that did something
	actors []drim.Actor               // who opened it
	lots   []xds.ManifestLot          // what was sealed
	sealed map[string]xds.ManifestLot // by identifier
	most   map[string]int             // approved at a time, by study
}

type recorded struct {
	lot    xds.ManifestLot
	status xds.Status
}

func newRecord() *record {
	return &record{docs: map[string]*recorded{}, sealed: map[string]xds.ManifestLot{}, late: map[string]func(){}, most: map[string]int{}}
}

func (r *record) opened(_ context.Context, a drim.Actor) (drim.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.actors = append(r.actors, a)
	return r, nil
}

func (r *record) enter(op string) error {
	if r.before != nil {
		r.before(op)
	}
	if r.fail != nil {
		return r.fail(op)
	}
	return nil
}

func (r *record) leave(op string) {
	if r.after != nil {
		r.after(op)
	}
}

func (r *record) Seal(_ context.Context, lot xds.ManifestLot) (xds.SealedManifest, error) {
	if err := r.enter("seal"); err != nil {
		return xds.SealedManifest{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if lot.Replaces != "" && r.docs[lot.Replaces] == nil {
		return xds.SealedManifest{}, &segur.Error{Kind: segur.KindNotFound}
	}
	r.sealed[lot.Entry.UniqueID] = lot
	r.lots = append(r.lots, lot)
	r.leave("seal")
	return xds.SealedManifest{UniqueID: lot.Entry.UniqueID, Stored: []byte(lot.Entry.UniqueID), Metadata: []byte("<metadata/>")}, nil
}

func (r *record) Send(_ context.Context, stored []byte, again bool) (xds.ManifestReceipt, error) {
	if err := r.enter("send"); err != nil {
		return xds.ManifestReceipt{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := string(stored)
	if again && r.docs[id] != nil {
		return xds.ManifestReceipt{UniqueID: id, AlreadyPresent: true}, nil
	}
	register := func() error {
		lot := r.sealed[id]
		switch old := r.docs[lot.Replaces]; {
		case r.docs[id] != nil:
			return &segur.Error{Kind: segur.KindConflict, Code: "XDSDuplicateUniqueIdInRegistry"}
		case lot.Replaces != "" && (old == nil || old.status != xds.Approved):
			return &segur.Error{Kind: segur.KindConflict, Code: "XDSRegistryDeprecatedDocumentError"}
		case lot.Replaces != "":
			old.status = xds.Deprecated
		}
		r.docs[id] = &recorded{lot, xds.Approved}
		return nil
	}
	r.sends++
	if r.hold {
		r.hold, r.late[id] = false, func() { _ = register() }
		return xds.ManifestReceipt{}, &segur.Error{Kind: segur.KindOutcomeUnknown}
	}
	if err := register(); err != nil {
		return xds.ManifestReceipt{}, err
	}
	r.leave("send")
	if r.twice {
		r.twice = false
		return xds.ManifestReceipt{}, register()
	}
	if r.lost {
		r.lost = false
		return xds.ManifestReceipt{}, &segur.Error{Kind: segur.KindOutcomeUnknown}
	}
	return xds.ManifestReceipt{UniqueID: id, SubmissionSetID: "1.2.250.1.999.9"}, nil
}

func (r *record) Lookup(_ context.Context, _ segur.INS, id string) (string, error) {
	if err := r.enter("lookup"); err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.docs[id] == nil {
		return "", &segur.Error{Kind: segur.KindNotFound}
	}
	return "urn:uuid:" + id, nil
}

func (r *record) Remove(_ context.Context, ins segur.INS, id string) error {
	if err := r.enter("remove"); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.docs[id]
	switch {
	case d == nil:
		return nil
	case d.lot.Patient.INS != ins:
		return &segur.Error{Kind: segur.KindAuthorization, Message: "the record of somebody else"}
	case d.status == xds.Deprecated:
		return &segur.Error{Kind: segur.KindConflict}
	}
	d.status = xds.Deleted
	r.leave("remove")
	if r.lostRemoval {
		r.lostRemoval = false
		return &segur.Error{Kind: segur.KindOutcomeUnknown}
	}
	return nil
}

// active are the manifests of a study that are active.
func (r *record) active(tb testing.TB, study string) []*kos.Manifest {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*kos.Manifest
	for _, d := range r.docs {
		if d.status != xds.Approved {
			continue
		}
		k, err := kos.Read(d.lot.Content)
		require.NoError(tb, err)
		if k.Manifest.Study.UID == study {
			out = append(out, k.Manifest)
		}
	}
	return out
}

// count counts the active manifests of a study without reading them.
func (r *record) count(study string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, d := range r.docs {
		of := slices.ContainsFunc(d.lot.Entry.References, func(x xds.Reference) bool { return x.Type == xds.ReferenceStudy && x.ID == study })
		if of && d.status == xds.Approved {
			n++
		}
	}
	return n
}

func (r *record) only(tb testing.TB, study string) *kos.Manifest {
	tb.Helper()
	all := r.active(tb, study)
	require.Len(tb, all, 1, "one active manifest of the study")
	return all[0]
}
