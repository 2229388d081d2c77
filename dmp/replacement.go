package dmp

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// checkReplacement judges the replacement of an entry that is known (RPLC):
// whether it may be, whether the document is another one, and whether who sees
// it stays.
func (c *Client) checkReplacement(p *segur.Problems, path string, d *SubmissionDocument, e *xds.DocumentEntry, s *Submission) {
	old := d.ReplacesEntry
	at := path + ".replacesEntry"
	switch {
	case old.ID == "":
		p.Add(at, "has no entryUUID: take the entry that Client.Find gives")
	case d.Replaces != "" && d.Replaces != old.ID:
		p.Add(path+".replaces", "is not the entryUUID of replacesEntry")
	}
	if old.Status != "" && old.Status != xds.Approved {
		p.Add(at+".status", statusRule(old.Status))
	}
	switch {
	case old.IsSignature():
		p.Add(at, "is the signature of a lot, which nothing replaces")
	case old.FromPatient():
		p.Add(at, "was deposited by the patient: professionals do not replace it")
	case !c.ours(old):
		p.Add(at+".authors", "do not name "+c.ourselves()+": only its authors replace a document (EX_2.1-1140)")
	}
	if id := old.PatientID; !id.IsZero() {
		mine := func(v segur.INS) bool { return id.Same(xds.INSPatientID(v)) }
		if !mine(s.Patient.INS) && !slices.ContainsFunc(s.FormerINS, mine) {
			p.Add(at+".patientID", "is not the INS of the patient, nor one of formerINS")
		}
	}
	c.checkNew(p, path, d, e, old)
	if lost := lostMarkers(old, e); lost != "" && !d.ChangeVisibility {
		p.Add(path+".visibility", "shows what the replaced document hides ("+lost+"): repeat the marker, or set changeVisibility")
	}
}

// checkNew makes sure that the document is another one than that which it
// replaces, and says so.
func (c *Client) checkNew(p *segur.Problems, path string, d *SubmissionDocument, e, old *xds.DocumentEntry) {
	switch {
	case old.Hash != "" && strings.EqualFold(old.Hash, e.Hash):
		p.Add(path+".content", "is the document that it replaces: nothing has changed (EX_GEN-1060)")
	case old.UniqueID != "" && old.UniqueID == e.UniqueID:
		p.Add(path+".uniqueID", "is that of the document that it replaces: a new version has a new identifier")
	}
	if d.Document == nil || old.UniqueID == "" {
		return
	}
	if says := d.Document.Header().Replaces; says != (segur.Identifier{}) && xds.UniqueID(says) != old.UniqueID {
		p.Add(path+".replacesEntry", "is not the entry of the document that the new one says it replaces (relatedDocument)")
	}
}

// lostMarkers names the markers of old that e does not bear.
func lostMarkers(old, e *xds.DocumentEntry) string {
	var out []string
	for _, v := range old.Visibility() {
		if !e.Has(v) {
			out = append(out, string(v))
		}
	}
	return strings.Join(out, ", ")
}

// ours applies EX_2.1-1140: with a card the user is an author or the legal
// authenticator; in INDIRECTE, and with a CPE, the structure is that of an
// author.
func (c *Client) ours(e *xds.DocumentEntry) bool {
	if c.byCard() {
		return e.SignedBy(c.cfg.User.ID)
	}
	return e.WrittenBy(c.cfg.Structure.ID)
}

// byCard: it is the user who publishes, not the structure.
func (c *Client) byCard() bool { return c.cfg.Mode == Directe && c.feeding() == TD21 }

func (c *Client) ourselves() string {
	if c.byCard() {
		return "the user"
	}
	return "the structure"
}
