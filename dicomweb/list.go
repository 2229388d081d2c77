package dicomweb

import (
	"context"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
)

// ListInstances returns the instances that the server holds of a study or of a
// series, without their files: by search, series after series, and by metadata
// where the search is not served or tells less than the server's own counts.
// Nothing there is [segur.ErrNotFound]. Less than the server counts is
// [segur.ErrPartial], with what is known.
func (c *Client) ListInstances(ctx context.Context, ref Ref) ([]Ref, error) {
	return c.list(ctx, ref, nil)
}

func (c *Client) list(ctx context.Context, ref Ref, options []RetrieveOptions) ([]Ref, error) {
	var p segur.Problems
	ref.check(&p, "ref")
	if err := p.Err(opSearch); err != nil {
		return nil, err
	}
	if ref.Instance != "" {
		return []Ref{ref}, nil
	}
	found, counted, err := c.listBySearch(ctx, ref)
	if err == nil && len(found) > 0 && len(found) >= counted {
		return found, nil
	}
	if err != nil && !searchUnfit(err) {
		return nil, err
	}
	if hasCode(err, CodeFilterIgnored) { // what came before it may be of other studies
		found, counted = nil, 0
	}
	seen := map[Ref]bool{}
	for _, r := range found {
		seen[r] = true
	}
	for ds, metaErr := range c.Metadata(ctx, ref, options...) {
		if metaErr != nil {
			if len(found) == 0 && err != nil && !errors.Is(metaErr, segur.ErrNotFound) {
				return nil, err // the search is what servers have; its refusal says more
			}
			return found, metaErr
		}
		r := ds.Ref()
		if r.Study == "" {
			r.Study = ref.Study
		}
		if r.Series == "" {
			r.Series = ref.Series
		}
		if r.Series == "" || !ValidUID(r.Instance) {
			return found, &segur.Error{Op: opSearch, Kind: segur.KindProtocol, Message: "the metadata do not say which instance they are of"}
		}
		if !seen[r] {
			seen[r] = true
			found = append(found, r)
		}
	}
	switch {
	case len(found) < counted:
		return found, &segur.Error{Op: opSearch, Kind: segur.KindPartial, Code: CodeHeldBack, Help: helps[CodeHeldBack],
			Message: fmt.Sprintf("the server counts %d instances and lists %d", counted, len(found))}
	case len(found) == 0:
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindNotFound, Message: "the server lists no instance"}
	}
	return found, nil
}

// searchUnfit reports whether the search failed in a way that the metadata may
// make up for.
func searchUnfit(err error) bool {
	for _, kind := range []error{segur.ErrNotFound, segur.ErrProtocol, segur.ErrRefused, segur.ErrPartial, segur.ErrTooLarge} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// listBySearch also returns how many instances there are by the server's own
// counts. Where it has none, it is asked until it gives no more.
func (c *Client) listBySearch(ctx context.Context, ref Ref) (found []Ref, counted int, err error) {
	for s, err := range c.SearchSeries(ctx, Query{Study: ref.Study, toEmpty: true}) {
		if err != nil {
			return found, counted, err
		}
		if ref.Series != "" && s.UID != ref.Series {
			continue
		}
		n := 0
		for i, err := range c.SearchInstances(ctx, Query{Study: ref.Study, Series: s.UID, toEmpty: s.Instances == 0}) {
			if err != nil {
				return found, counted + max(n, s.Instances), err
			}
			found = append(found, Ref{Study: ref.Study, Series: s.UID, Instance: i.UID})
			n++
		}
		counted += max(n, s.Instances) // one series does not make up for another
	}
	return found, counted, nil
}
