package dmptest

import (
	"net/http"

	"github.com/segur-sdk/segur/dmp/xds"
)

// Refusal is an answer that the service gives instead of doing what it is
// asked, for [Handler.Refuse]. The request was read and authenticated first.
type Refusal struct {
	// Op is that of [Fault]; empty is any.
	Op string
	// Code and Context are the code and the explanation of the refusal;
	// Location names the object it is about. Location is for registry errors.
	Code, Context, Location string
	// Fault answers a SOAP fault of the sender with Code as its subcode: the
	// only way where the transaction answers no registry errors.
	Fault bool
	// Warning carries the call out, and adds the error to the answer of a
	// success, as a warning: dmp.submit and dmp.update only.
	Warning bool
	// Times is how many calls are refused; 0 is one, [Forever] all of them.
	Times int
}

// Refuse scripts refusals: each answers the next calls that it fits, in order.
func (h *Handler) Refuse(r ...Refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, v := range r {
		if v.Times == 0 {
			v.Times = 1
		}
		h.refusals = append(h.refusals, v)
	}
}

// refuses takes the refusal that fits a call from the script, or nil.
func (h *Handler) refuses(op string, warning bool) *Refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.refusals {
		r := &h.refusals[i]
		if r.Times == 0 || r.Op != "" && r.Op != op || r.Warning != warning {
			continue
		}
		if r.Times > 0 {
			r.Times--
		}
		out := *r
		return &out
	}
	return nil
}

// scripted answers as the script says; done reports whether it did.
func (c *call) scripted(w http.ResponseWriter) (done bool, f *refusal) {
	r := c.h.refuses(c.Op, false)
	if r == nil {
		return false, nil
	}
	if _, ok := outputs[c.Op]; ok && !r.Fault {
		c.output(w, r.Code, r.Context, nil)
		return true, nil
	}
	if (c.Op == opExistence || c.Op == opSearch) && !r.Fault {
		c.refuseHL7(w, r.Code, r.Context)
		return true, nil
	}
	response := failed(r.Code, r.Context, r.Location)
	var appendXML func([]byte) ([]byte, error)
	switch {
	case r.Fault:
	case c.Op == opFind:
		appendXML = (&xds.QueryResponse{Response: *response}).AppendXML
	case c.Op == opRetrieve:
		appendXML = (&xds.RetrieveResponse{Response: *response}).AppendXML
	case c.Op == opSubmit, c.Op == opUpdate:
		appendXML = response.AppendXML
	}
	if appendXML == nil {
		return true, sender(r.Code, r.Context)
	}
	body, err := appendXML(nil)
	if err != nil {
		return true, sender("", "The answer cannot be written")
	}
	c.note(response)
	if c.Op == opRetrieve {
		c.writeParts(w, http.StatusOK, body, nil)
	} else {
		c.write(w, http.StatusOK, body)
	}
	return true, nil
}

// warned adds the warning of the script to the answer of a success.
func (c *call) warned(response *xds.Response) {
	if response.Outcome != xds.Success {
		return
	}
	if r := c.h.refuses(c.Op, true); r != nil {
		response.Errors = append(response.Errors, xds.RegistryError{Code: r.Code, Context: r.Context, Location: r.Location, Warning: true})
	}
}
