package annuaire

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"iter"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Search returns everything that a query finds, in the order of the service:
// what matches, what it includes, and remarks, each resource once unless it
// was included before it matched. An error ends it; it is
// [segur.ErrTooLarge] past the limits of the configuration.
func (c *Client) Search(ctx context.Context, q Query) iter.Seq2[*Resource, error] {
	return func(yield func(*Resource, error) bool) {
		var p segur.Problems
		s := q.build(&p)
		if err := p.Err(opSearch); err != nil {
			yield(nil, err)
			return
		}
		entries := 0
		given := map[string]bool{} // pages may overlap
		for page, err := range c.pages(ctx, func() (*transport.Reply, error) { return c.query(ctx, s) }, c.cfg.MaxPages) {
			if err != nil {
				yield(nil, err)
				return
			}
			if entries += len(page.entries); entries > c.cfg.MaxEntries {
				yield(nil, &segur.Error{Op: opSearch, Kind: segur.KindTooLarge, Message: "more entries than one search may return"})
				return
			}
			for _, e := range page.entries {
				r, err := c.decoder.Decode(e.Resource)
				if err == nil && r.Outcome != nil && r.Outcome.Failed() {
					err = r.Outcome.fill(&segur.Error{Op: opSearch, Kind: segur.KindPartial,
						Message: "the directory says that its answer is not complete"})
				}
				if err != nil {
					yield(nil, err)
					return
				}
				r.Included = e.Search.Mode == "include" || r.Type != s.kind
				if key := r.Reference(); r.ID != "" {
					if match, ok := given[key]; match || ok && r.Included {
						continue
					}
					given[key] = !r.Included
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// page is one page of an answer.
type page struct {
	entries []entry
	next    string // checked; empty at the end
}

type entry struct {
	Resource json.RawMessage `json:"resource"`
	Search   struct {
		Mode string `json:"mode"`
	} `json:"search"`
}

// pages follows the links of an answer. A page that comes back and more pages
// than most end it with an error.
func (c *Client) pages(ctx context.Context, first func() (*transport.Reply, error), most int) iter.Seq2[*page, error] {
	return func(yield func(*page, error) bool) {
		seen := map[[sha256.Size]byte]bool{}
		reply, err := first()
		for n := 1; ; n++ {
			var p *page
			if err == nil {
				p, err = c.readPage(reply.Body)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(p, nil) || p.next == "" {
				return
			}
			key := sha256.Sum256([]byte(p.next))
			switch {
			case seen[key]:
				err = protocol("the pages of the answer go in a circle")
			case n >= most:
				err = &segur.Error{Op: opSearch, Kind: segur.KindTooLarge, Message: "more pages than one search may read"}
			default:
				seen[key] = true
				reply, err = c.get(ctx, p.next)
			}
		}
	}
}

func (c *Client) readPage(body []byte) (*page, error) {
	var b struct {
		ResourceType string `json:"resourceType"`
		Type         string `json:"type"`
		Link         []struct {
			Relation string `json:"relation"`
			URL      string `json:"url"`
		} `json:"link"`
		Entry []entry `json:"entry"`
	}
	if o, ok := readOutcome(body); ok {
		return nil, o.fill(protocol("the directory answers with remarks in place of results"))
	}
	if err := json.Unmarshal(body, &b); err != nil || b.ResourceType != "Bundle" {
		return nil, protocol("the answer is not a FHIR bundle")
	}
	if b.Type != "searchset" {
		return nil, protocol("the bundle is not the result of a search")
	}
	p := &page{entries: b.Entry}
	for _, l := range b.Link {
		if l.Relation != "next" {
			continue
		}
		next, err := c.next(l.URL)
		if err != nil {
			return nil, err
		}
		if p.next != "" && p.next != next {
			return nil, protocol("the answer has two next pages")
		}
		p.next = next
	}
	for i := range p.entries {
		if len(p.entries[i].Resource) == 0 {
			return nil, protocol("an entry of the answer has no resource")
		}
	}
	return p, nil
}

// matches are the results of one type, without what is included. The service
// is asked for what is active; what is not is left out again here.
func matches[T any](all iter.Seq2[*Resource, error], inactive bool, of func(*Resource) *T) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for r, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if v := of(r); v != nil && !r.Included && (r.Active || inactive) && !yield(v, nil) {
				return
			}
		}
	}
}

// inactive reports whether the caller asked for what left the directory.
func (o Options) inactive() bool { return o.Inactive || !o.UpdatedSince.IsZero() }

// Practitioners returns the professionals of a search.
func (c *Client) Practitioners(ctx context.Context, q PractitionerQuery) iter.Seq2[*Practitioner, error] {
	return matches(c.Search(ctx, q), q.inactive(), func(r *Resource) *Practitioner { return r.Practitioner })
}

// Roles returns the situations of a search.
func (c *Client) Roles(ctx context.Context, q RoleQuery) iter.Seq2[*Role, error] {
	return matches(c.Search(ctx, q), q.inactive(), func(r *Resource) *Role { return r.Role })
}

// Organizations returns the structures of a search.
func (c *Client) Organizations(ctx context.Context, q OrganizationQuery) iter.Seq2[*Organization, error] {
	return matches(c.Search(ctx, q), q.inactive(), func(r *Resource) *Organization { return r.Organization })
}

// HealthcareServices returns the regulated activities of a search.
func (c *Client) HealthcareServices(ctx context.Context, q HealthcareServiceQuery) iter.Seq2[*HealthcareService, error] {
	return matches(c.Search(ctx, q), q.inactive(), func(r *Resource) *HealthcareService { return r.HealthcareService })
}

// Devices returns the heavy equipment of a search.
func (c *Client) Devices(ctx context.Context, q DeviceQuery) iter.Seq2[*Device, error] {
	return matches(c.Search(ctx, q), q.inactive(), func(r *Resource) *Device { return r.Device })
}

// Practitioner returns the professional with this number (see
// [PractitionerQuery]), the active situations and all their mailboxes, each
// address once, those of the person first, the red list included
// ([Mailbox.RedList]): [Find] is what leaves it out. The error is [segur.ErrNotFound]
// when the directory has none that is active.
func (c *Client) Practitioner(ctx context.Context, number string) (*Practitioner, error) {
	var p segur.Problems
	token := professionalToken(&p, "rpps", number)
	if err := p.Err(opSearch); err != nil {
		return nil, err
	}
	var found *Practitioner
	var roles []*Role
	q := PractitionerQuery{Number: number, Options: Options{RevInclude: []string{"PractitionerRole:practitioner"}}}
	for r, err := range c.Search(ctx, q) {
		switch {
		case err != nil:
			return nil, err
		case !r.Active:
		case r.Practitioner != nil:
			if !r.Practitioner.has(token) {
				return nil, protocol("the directory returned another professional than the one asked for")
			}
			if found != nil {
				return nil, protocol("the directory returned two professionals for one number")
			}
			found = r.Practitioner
		case r.Role != nil:
			roles = append(roles, r.Role)
		}
	}
	if found == nil {
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindNotFound, Message: "no active professional has this number"}
	}
	var boxes mailboxes
	boxes.add(found.Mailboxes...)
	for _, role := range roles {
		if found.ID == "" || role.Practitioner != string(TypePractitioner)+"/"+found.ID {
			continue // a box of somebody else is worse than none
		}
		found.Roles = append(found.Roles, role)
		boxes.add(role.Mailboxes...)
	}
	found.Mailboxes = boxes.list
	return found, nil
}

// has reports whether the number of a search is one of the professional.
func (p *Practitioner) has(token string) bool {
	_, number, ok := strings.Cut(token, "|")
	if !ok {
		number = token
	}
	for _, i := range p.Identifiers {
		if i.Value == number || i.System == segur.OIDProfessional.URN() && i.Value == "8"+number {
			return true
		}
	}
	return false
}
