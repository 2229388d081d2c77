package dmp

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	opVisibility = "dmp.visibility"
	opMetadata   = "dmp.metadata"
)

// VisibilityAct is one thing to do to the visibility of a document. A
// document that was made visible does not become invisible again.
type VisibilityAct uint8

// The acts. Masking is TD3.3a; making visible is TD3.3b.
const (
	// Mask hides the document from professionals but its authors and the
	// declared general practitioner.
	Mask VisibilityAct = iota + 1
	// Unmask ends that: for an author, or the declared general practitioner.
	Unmask
	// ShowToPatient ends INVISIBLE_PATIENT: after the announcement.
	ShowToPatient
	// ShowToRepresentatives ends INVISIBLE_REPRESENTANTS_LEGAUX.
	ShowToRepresentatives
)

// visibilityActs says what each act is.
var visibilityActs = map[VisibilityAct]struct {
	name        string
	marker      xds.Visibility
	transaction Transaction
	title       string
}{
	Mask:                  {"mask", xds.HiddenFromProfessionals, TD33aMask, "Masquage"},
	Unmask:                {"unmask", xds.HiddenFromProfessionals, TD33aUnmask, "Démasquage"},
	ShowToPatient:         {"show to the patient", xds.HiddenFromPatient, TD33b, "Rendre visible"},
	ShowToRepresentatives: {"show to the representatives", xds.HiddenFromRepresentatives, TD33b, "Rendre visible"},
}

// String names the act in English.
func (a VisibilityAct) String() string {
	if v, ok := visibilityActs[a]; ok {
		return v.name
	}
	return fmt.Sprintf("act %d", uint8(a))
}

// VisibilityChange says whose document is masked, unmasked or made visible.
type VisibilityChange struct {
	EntryChange
	// Act is what is done. Required.
	Act VisibilityAct
}

// String is redacted.
func (v VisibilityChange) String() string { return v.Act.String() + " " + v.EntryChange.String() }

// Format writes the redacted form whatever the verb.
func (v VisibilityChange) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.String())) }

// LogValue makes slog write the redacted form.
func (v VisibilityChange) LogValue() slog.Value { return slog.StringValue(v.String()) }

// SetVisibility masks or unmasks a document (TD3.3a), or makes it visible to
// the patient or to the legal representatives (TD3.3b), by ITI-57: every other
// attribute of the entry goes back as it was read. When the record has a later
// version of the entry, it is read again and the change is sent once more.
// Nothing is sent when the entry is in the wanted state already.
//
// INDIRECTE may not: there, a document with the wanted markers replaces the
// old one (see [SubmissionDocument]).
func (c *Client) SetVisibility(ctx context.Context, v VisibilityChange) (*Change, error) {
	act, ok := visibilityActs[v.Act]
	var p segur.Problems
	if !ok {
		p.Add("act", "is required: dmp.Mask, dmp.Unmask, dmp.ShowToPatient or dmp.ShowToRepresentatives")
		return nil, p.Err(opVisibility)
	}
	done := func(e *xds.DocumentEntry) bool { return e.Has(act.marker) == (v.Act == Mask) }
	ch := change{op: opVisibility, t: act.transaction, title: act.title, done: done,
		build: func(set xds.SubmissionSet, e *xds.DocumentEntry) (xds.Submission, error) {
			markers := slices.DeleteFunc(e.Visibility(), func(m xds.Visibility) bool { return m == act.marker })
			if v.Act == Mask {
				markers = append(markers, act.marker)
			}
			return xds.ChangeVisibility(set, *e, markers...)
		}}
	if v.Entry != nil {
		if err := c.allowed(ch.op, ch.t); err != nil {
			return nil, err
		}
		c.checkChange(&p, &v.EntryChange)
		switch {
		case v.Entry.Status != xds.Approved && v.Entry.Status != xds.Archived:
			p.Add("entry.status", statusRule(v.Entry.Status))
		case v.Act == Mask && v.Entry.Has(xds.HiddenFromPatient) && !c.cfg.Settings.AllowMaskedAndInvisible:
			p.Add("act", "must not hide the document both from professionals and from the patient (EX_2.1-1050; see settings.allowMaskedAndInvisible)")
		}
		if err := p.Err(opVisibility); err != nil {
			return nil, err
		}
		if done(v.Entry) {
			return &Change{Transaction: act.transaction, UniqueID: v.Entry.UniqueID, EntryUUID: v.Entry.ID, At: c.cfg.now(), AlreadyDone: true}, nil
		}
	}
	return c.apply(ctx, v.EntryChange, ch)
}

// statusRule says why an entry is not changed, and what to do.
func statusRule(s xds.Status) string {
	switch s {
	case xds.Deprecated:
		return "is Deprecated: the document was replaced; find the one that replaced it (Client.Find) and take that one"
	case xds.Deleted:
		return "is Deleted: the document was withdrawn; publish a new one"
	case xds.Archived:
		return "is Archived: restore the document first (Client.Unarchive)"
	}
	return "is not known: read the entry with Client.Find"
}

// MetadataChange is a change of attributes other than visibility and status.
type MetadataChange struct {
	EntryChange
	// Change modifies the copy of the entry that it is given, and is called
	// again when the entry had to be read again. Required.
	Change func(*xds.DocumentEntry) error
}

// ChangeMetadata changes other attributes of an entry by ITI-57. The
// transactions of the record only say that visibility and status change: the
// call is refused unless Settings.AllowMetadataChange says that the service
// takes it. It is judged by the rights to mask a document.
func (c *Client) ChangeMetadata(ctx context.Context, m MetadataChange) (*Change, error) {
	var p segur.Problems
	if !c.cfg.Settings.AllowMetadataChange {
		p.Add("settings.allowMetadataChange", "is required: the record is known to change visibility (Client.SetVisibility) and status (Client.Archive, Client.Delete), nothing else")
	}
	if m.Change == nil {
		p.Add("change", "is required")
	}
	if err := p.Err(opMetadata); err != nil {
		return nil, err
	}
	return c.apply(ctx, m.EntryChange, change{op: opMetadata, t: TD33aMask, title: "Mise à jour",
		build: func(set xds.SubmissionSet, e *xds.DocumentEntry) (xds.Submission, error) {
			next := e.Clone()
			if err := m.Change(&next); err != nil {
				return xds.Submission{}, err
			}
			if !slices.Equal(next.ConfidentialityCodes, e.ConfidentialityCodes) {
				var p segur.Problems
				p.Add("change", "must leave confidentialityCodes: Client.SetVisibility changes them")
				return xds.Submission{}, p.Err(opMetadata)
			}
			return xds.ChangeEntry(set, *e, next)
		}})
}
