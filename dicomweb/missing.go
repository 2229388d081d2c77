package dicomweb

import (
	"context"
	"errors"
	"fmt"

	"github.com/segur-sdk/segur"
)

// Missing returns those of the instances that the server does not list, in the
// order given. It is the call to make after [segur.ErrOutcomeUnknown] or an
// unaccounted instance, before sending again. A server that caps its pages
// without a word is asked on until it gives nothing more, as long as one of the
// instances was not found.
func (c *Client) Missing(ctx context.Context, instances []Ref) ([]Ref, error) {
	var p segur.Problems
	wanted := map[string]map[string]bool{} // study: instance: not found yet
	for i, r := range instances {
		r.check(&p, fmt.Sprintf("instances[%d]", i))
		if r.Instance == "" {
			p.Add(fmt.Sprintf("instances[%d].instance", i), "is required")
		}
		if wanted[r.Study] == nil {
			wanted[r.Study] = map[string]bool{}
		}
		wanted[r.Study][r.Instance] = true
	}
	if err := p.Err(opSearch); err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	var missing []Ref
	for _, r := range instances {
		if !asked[r.Study] {
			asked[r.Study] = true
			if err := c.strike(ctx, r.Study, wanted[r.Study]); err != nil {
				return nil, err
			}
		}
		if wanted[r.Study][r.Instance] {
			missing = append(missing, r)
		}
	}
	return missing, nil
}

// strike removes from wanted what the server lists of the study.
func (c *Client) strike(ctx context.Context, study string, wanted map[string]bool) error {
	rows := 0
	for row, err := range c.SearchInstances(ctx, Query{Study: study, toEmpty: true}) {
		if err != nil {
			// Behind a first page that was short: a server without offset.
			short := rows > 0 && rows < defaultPageSize && (hasCode(err, CodeOffsetIgnored) || errors.Is(err, segur.ErrRefused))
			if short || errors.Is(err, segur.ErrNotFound) {
				return nil
			}
			return err
		}
		rows++
		if delete(wanted, row.UID); len(wanted) == 0 {
			return nil
		}
	}
	return nil
}
