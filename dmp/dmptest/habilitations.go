package dmptest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

const (
	opAuthorize     = "dmp.authorize" // TD0.3, adding and removing
	opRecords       = "dmp.records"
	opProfessionals = "dmp.professionals"

	actionAuthorization = "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization"
	actionProfessionals = "urn:si-dmp-habilitations:HabilitationsEndPoint:listAuthorizationByPatient"
	actionRecords       = "urn:si-dmp-patients:PatientSpecificEndPoint:patientList"

	nsHabilitations = "urn:si-dmp-habilitations"
	nsPatients      = "urn:si-dmp-patients"

	declaredGP = "MEDECIN_TRAITANT"
)

// outputs are the answers of these services.
var outputs = map[string]struct{ prefix, namespace, name string }{
	opAuthorize:     {"h", nsHabilitations, "setAuthorizationResponse"},
	opProfessionals: {"h", nsHabilitations, "listAuthorizationByPatientResponse"},
	opRecords:       {"p", nsPatients, "patientListResponse"},
}

// output answers with a status, the data before it.
func (c *call) output(w http.ResponseWriter, status, context string, data func(*elements)) {
	o := outputs[c.Op]
	if status != "DMPOk" {
		c.Code, c.Reason = status, context
	}
	b := &elements{Writer: xmlw.New(nil), prefix: o.prefix + ":"}
	b.Start(b.prefix + o.name)
	b.NS(o.prefix, o.namespace)
	b.Start(b.prefix + "output")
	if data != nil {
		data(b)
	}
	b.Elem(b.prefix+"status", status)
	b.Elem(b.prefix+"context", context)
	b.End()
	b.End()
	c.writeBody(w, b.Writer)
}

type elements struct {
	*xmlw.Writer
	prefix string
}

func (e *elements) text(name, value string) { e.ElemOpt(e.prefix+name, value) }

func (e *elements) date(name string, t time.Time) {
	if !t.IsZero() {
		e.text(name, stamp(t))
	}
}

// child is the text of an element of a request.
func child(n *xmlr.Node, name string) string { return n.Child(n.Name.Space, name).Text() }

// authorize is TD0.3.
func (c *call) authorize(w http.ResponseWriter) *refusal {
	m := c.message.Payload
	action, role := child(m, "action"), child(m, "role")
	switch {
	case c.mtom || !m.Is(nsHabilitations, "setAuthorization") || !sequence(m, "action", "role?") ||
		action != "AJOUT" && action != "SUPPRESSION" || m.Child(nsHabilitations, "role") != nil && role != declaredGP:
		return schema("setAuthorization")
	}
	t := dmp.TD03Add
	switch {
	case action == "SUPPRESSION" && role != "":
		t = dmp.TD03RemoveGP
	case action == "SUPPRESSION":
		t = dmp.TD03Remove
	}
	switch f := c.refuses(t); {
	case f != nil:
		return f
	case c.blocked():
		return sender("DMPAccessDeniedByRightsService", "Le patient a bloqué l'accès de ce professionnel à son dossier")
	case t == dmp.TD03RemoveGP && !c.declaredGP():
		return sender("DMPAccessDeniedByRightsService", "Seul le médecin traitant supprime son statut")
	}
	r, known := c.record()
	switch {
	case !known:
		c.output(w, "DMPNotFound", "Aucun DMP pour ce patient", nil) // the code of the service is not public
		return nil
	case r.Closed:
		c.output(w, "DMPClosed", "Le DMP est fermé", nil)
		return nil
	}
	context := ""
	c.h.update(c.vihf.Patient, func(r *Record) { context = c.authorization(r, action, role) })
	c.output(w, "DMPOk", context, nil)
	return nil
}

// authorization changes the record and says what was done.
func (c *call) authorization(r *Record, action, role string) string {
	holder, now := c.holder(), c.h.clock()
	if role != "" {
		was := len(r.DeclaredGPs)
		r.DeclaredGPs = slices.DeleteFunc(r.DeclaredGPs, func(id string) bool { return id == c.vihf.Subject })
		if action == "SUPPRESSION" {
			return "Statut de médecin traitant supprimé"
		}
		if r.DeclaredGPs = append(r.DeclaredGPs, c.vihf.Subject); len(r.DeclaredGPs) == was {
			return "Statut de médecin traitant déjà présent, aucune action"
		}
	}
	if r.Authorizations == nil {
		r.Authorizations = map[string]Authorization{}
	}
	known := r.status(holder) == Valid
	a := r.Authorizations[holder]
	switch {
	case action == "SUPPRESSION":
		a.Status, a.LastAction = None, now
		r.Authorizations[holder] = a
		if !known {
			return "Aucune autorisation à supprimer, aucune action"
		}
		return "Autorisation supprimée"
	case known && a.Status == Valid:
		return "Autorisation déjà présente, aucune action"
	}
	a.Status, a.Since, a.LastAction = Valid, now, now
	if i := strings.LastIndexByte(c.vihf.SubjectName, ' '); i > 0 {
		a.FamilyName, a.GivenName = c.vihf.SubjectName[:i], c.vihf.SubjectName[i+1:]
	}
	if a.Specialties == nil && len(c.vihf.Roles) > 1 {
		a.Specialties = []segur.Code{{Code: "G15_" + c.vihf.Roles[0].Code + "/" + c.vihf.Roles[1].Code, Display: c.vihf.Roles[1].Display}}
	}
	r.Authorizations[holder] = a
	return "Autorisation ajoutée"
}

// professionals is TD1.6.
func (c *call) professionals(w http.ResponseWriter) *refusal {
	m := c.message.Payload
	mode := child(m, "mode")
	switch {
	case c.mtom || !m.Is(nsHabilitations, "listAuthorizationByPatient") || !sequence(m, "mode") ||
		mode != "ACTIVE" && mode != "INTERDITE" && mode != "TOUTE":
		return schema("listAuthorizationByPatient")
	}
	switch f := c.refuses(dmp.TD16); {
	case f != nil:
		return f
	case c.blocked():
		return sender("DMPAccessDeniedByRightsService", "Le patient a bloqué l'accès de ce professionnel à son dossier")
	}
	r, known := c.record()
	switch {
	case !known:
		c.output(w, "DMPNotFound", "Aucun DMP pour ce patient", nil)
		return nil
	case r.Closed:
		c.output(w, "DMPClosed", "Le DMP est fermé", nil)
		return nil
	}
	c.output(w, "DMPOk", "", func(b *elements) {
		for _, id := range sortedKeys(r.Authorizations) {
			a := r.Authorizations[id]
			list := map[string]string{Valid: "ACTIVE", Blocked: "INTERDITE"}[a.Status]
			if list == "" || mode != "TOUTE" && mode != list {
				continue
			}
			authority := segur.OIDStructure
			if strings.HasPrefix(id, "8") {
				authority = segur.OIDProfessional
			}
			b.Start(b.prefix + "listOfAuthorizationByPatient")
			b.text("nationalId", id)
			b.text("nationalIdType", string(authority))
			b.text("firstName", a.GivenName)
			b.text("lastName", a.FamilyName)
			for _, s := range a.Specialties {
				b.text("codeSpeciality", s.Code)
			}
			for _, s := range a.Specialties {
				b.text("libSpeciality", s.Display)
			}
			b.date("startOfAuthorization", a.Since)
			b.date("lastActionDate", a.LastAction)
			b.text("mode", list)
			if slices.Contains(r.DeclaredGPs, id) {
				b.text("specificRight", declaredGP)
			}
			b.End()
		}
	})
	return nil
}

func sortedKeys(m map[string]Authorization) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// records is TD0.4.
func (c *call) records(w http.ResponseWriter) *refusal {
	m := c.message.Payload
	since, by, owner := child(m, "startDate"), child(m, "dateType"), child(m, "psOwnerId")
	from, err := hl7.ParseUTC(since)
	switch {
	case c.mtom || !m.Is(nsPatients, "patientList") || !sequence(m, "startDate?", "dateType?", "psOwnerId?"),
		since != "" && (err != nil || !fourteenDigits.MatchString(since)), by != "" && by != "LASTAUTORIZATION" && by != "LASTDOC", (since == "") != (by == ""):
		return schema("patientList")
	}
	if f := c.refuses(dmp.TD04); f != nil {
		return f
	}
	a := c.as()
	switch right := dmp.RightTo(a.mode, a.profile, a.purpose, dmp.TD04); {
	case right == dmp.NewByDate && by != "LASTAUTORIZATION":
		return sender("DMPAccessDeniedByRightsService", "La structure liste ses nouvelles autorisations, par date")
	case right != dmp.SameStructure && owner != "":
		return sender("DMPAccessDeniedByRightsService", "Liste d'un autre professionnel")
	case owner == "":
		owner = c.holder()
	}
	type listed struct {
		ins segur.INS
		Record
	}
	var list []listed
	c.h.mu.Lock()
	for ins, r := range c.h.patients {
		date := r.LastAdd
		if by == "LASTAUTORIZATION" {
			date = r.Authorizations[owner].Since
		}
		if !r.Closed && r.status(owner) == Valid && (by == "" || !date.Before(from.Time)) {
			list = append(list, listed{ins, r.clone()})
		}
	}
	c.h.mu.Unlock()
	slices.SortFunc(list, func(a, b listed) int { return strings.Compare(a.ins.Matricule(), b.ins.Matricule()) })
	c.output(w, "DMPOk", "", func(b *elements) {
		for i := range list {
			r := &list[i]
			b.Start(b.prefix + "patientlistData") // sic
			for _, n := range append([]segur.INS{r.ins}, r.FormerINS...) {
				b.Start(b.prefix + "patientIdentifier")
				b.text("nationalId", n.Matricule())
				b.text("nationalIdType", string(n.Authority()))
				b.End()
			}
			b.text("lastName", r.Traits.UsedName)
			b.text("patronymicalName", r.Traits.BirthName)
			b.text("firstName", r.Traits.FirstGivenName)
			b.text("civility", r.Civility)
			b.text("dateOfBirth", r.Traits.BirthDate.Compact())
			b.text("MT", strconv.FormatBool(slices.Contains(r.DeclaredGPs, c.vihf.Subject)))
			b.text("message", "false")
			b.date("lastAccessDate", r.LastAccess)
			b.date("lastUpdateDate", r.LastUpdate)
			b.date("lastAddDate", r.LastAdd)
			b.End()
		}
	})
	return nil
}
