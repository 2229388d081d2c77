package dmp

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// Purpose is why the record is accessed (TRE_R248_ModeAcces).
type Purpose string

// The purposes.
const (
	// Normal is within the authorisation of the patient.
	Normal Purpose = "normal"
	// BrisDeGlace is in an emergency, without it; the patient may have opposed
	// that beforehand.
	BrisDeGlace Purpose = "bris_de_glace"
	// Centre15 is by a medical regulation centre.
	Centre15 Purpose = "centre_15"
)

// maxReason bounds a reason; the record's own limit is not public.
const maxReason = 1000

// Emergency returns the client of an access "en bris de glace": in an
// emergency, without the authorisation of the patient, for a reason that the
// professional gives, that is traced, and that goes into the assertion in
// DIRECTE (see [Settings].EmergencyReasonInAIR for the other mode). It is
// refused ([segur.ErrAuthorization]) to who has no such access: in INDIRECTE,
// without a health profession, as an occupational physician. Before it, ask
// whether the patient opposed it (OPPOSITION_BRIS_DE_GLACE).
//
// The client shares the connections of c, and stays secret when c is; the
// purpose replaces that of c.
func (c *Client) Emergency(reason string) (*Client, error) {
	const op = "dmp.emergency"
	reason = strings.TrimSpace(reason)
	var p segur.Problems
	switch {
	case reason == "":
		p.Add("reason", "is required: why the record is accessed without the authorisation of the patient")
	case len(reason) > maxReason:
		p.Addf("reason", "must have %d bytes at most", maxReason)
	case strings.ContainsFunc(reason, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd || r == 0xfffe || r == 0xffff }):
		p.Add("reason", "must be one line of text")
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	out := *c
	out.purpose, out.reason = BrisDeGlace, reason
	if !c.cfg.Settings.LetServiceDecide && !hasColumn(c.cfg.Mode, c.profile(), BrisDeGlace) {
		return nil, out.refusal(op, "")
	}
	return &out, nil
}

// Regulation returns the client of a medical regulation centre (SAMU), purpose
// centre_15: the only one that searches a patient without INS (TD0.5). What it
// may not do is refused by each call. Before it, ask whether the patient
// opposed it (OPPOSITION_ACCES_URGENCE). It shares the connections of c, and
// stays secret when c is; the purpose replaces that of c.
func (c *Client) Regulation() *Client {
	out := *c
	out.purpose, out.reason = Centre15, ""
	return &out
}
