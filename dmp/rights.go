package dmp

import "github.com/segur-sdk/segur"

// Allowed tells whether the rights matrix leaves t to this client: nil, or the
// error that a call would give without sending anything
// ([segur.ErrAuthorization]).
func (c *Client) Allowed(t Transaction) error { return c.allowed("dmp.allowed", t) }

// allowed is applied by each call before anything else; its error is complete.
func (c *Client) allowed(op string, t Transaction) error {
	if t == TD21 && c.cfg.Mode == IndirecteRenforcee {
		return &segur.Error{Op: op, Kind: segur.KindAuthorization,
			Message: "the mode INDIRECTE_RENFORCEE is reserved to consultation (EX_AIR-010): nothing was sent",
			Help:    segur.Text{FR: "La publication (TD2.1) se fait en INDIRECTE ou en DIRECTE.", EN: "Publishing (TD2.1) is done in INDIRECTE or DIRECTE."}}
	}
	return nil
}

// feeding is the transaction by which this client publishes: TD2.1, or TD2.2
// with a CPE.
func (c *Client) feeding() Transaction { return TD21 }
