package dmptest

import (
	"net/http"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xmlw"
	"github.com/segur-sdk/segur/internal/xop"
)

// writeFault answers a SOAP fault the way the service was seen to: subcode
// under the prefix of SOAP, text in French. ITI-43 answers in several parts
// even then.
func (c *call) writeFault(w http.ResponseWriter, f *refusal) {
	b := xmlw.New(nil)
	b.Start("soap:Fault")
	b.NS("soap", soap.Namespace12)
	b.Start("soap:Code")
	b.Elem("soap:Value", "soap:Sender")
	if f.code != "" {
		b.Start("soap:Subcode")
		b.Elem("soap:Value", "soap:"+f.code)
		b.End()
	}
	b.End()
	b.Start("soap:Reason")
	b.Elem("soap:Text", f.reason, "xml:lang", "fr")
	b.End()
	b.End()
	body, err := b.Bytes()
	if err != nil {
		http.Error(w, "the fault cannot be written", http.StatusInternalServerError)
		return
	}
	if c.Op == opRetrieve {
		c.writeParts(w, http.StatusInternalServerError, body, nil)
		return
	}
	c.write(w, http.StatusInternalServerError, body)
}

// envelope puts the addressing headers of an answer around body.
func (c *call) envelope(body []byte) []byte {
	b := xmlw.New(nil)
	b.Declaration()
	b.Start("soap:Envelope")
	b.NS("soap", soap.Namespace12)
	b.Start("soap:Header")
	header := func(name, text string) {
		b.Start(name)
		b.NS("", soap.NamespaceAddressing)
		b.Text(text)
		b.End()
	}
	if c.message != nil {
		suffix := "Response"
		if c.message.Action == actionUpdate {
			suffix = "-Response" // as its binding has it
		}
		action := c.message.Action + suffix
		switch c.message.Action { // as their bindings have it
		case actionIdentity:
			action = nsHL7 + ":PRPA_IN201308UV02"
		case actionSearch:
			action = nsHL7 + ":PRPA_IN201306UV02"
		}
		header("Action", action)
		header("MessageID", "urn:uuid:"+newUUID())
		header("To", soap.Anonymous)
		header("RelatesTo", c.message.MessageID)
	}
	b.End()
	b.Start("soap:Body")
	b.Raw(body)
	b.End()
	b.End()
	out, err := b.Bytes()
	if err != nil {
		panic("dmptest: " + err.Error())
	}
	return out
}

func (c *call) write(w http.ResponseWriter, status int, body []byte) {
	out := c.envelope(body)
	w.Header().Set("Content-Type", `application/soap+xml;charset=UTF-8`)
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	w.WriteHeader(status)
	_, _ = w.Write(out)
}

// writeParts answers MTOM.
func (c *call) writeParts(w http.ResponseWriter, status int, body []byte, parts []xop.OutPart) {
	m, err := xop.NewMTOM("uuid."+newUUID(), "root.message@fictif", "", c.envelope(body), parts)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", m.ContentType())
	w.Header().Set("Content-Length", strconv.FormatInt(m.Size(), 10))
	w.WriteHeader(status)
	_, _ = m.WriteTo(w)
}

// failure is the answer of a registry that refuses.
func failure(code, context string) *xds.Response {
	return &xds.Response{Outcome: xds.Failure, Errors: []xds.RegistryError{{Code: code, Context: context}}}
}

// note keeps the first error of a registry for [Handler.Calls].
func (c *call) note(r *xds.Response) {
	if r.Outcome != xds.Success && len(r.Errors) > 0 {
		c.Code, c.Reason = r.Errors[0].Code, r.Errors[0].Context
	}
}

var uuids = segur.ClientConfig{}.WithDefaults().IDs

func newUUID() string {
	id, err := uuids.UUID()
	if err != nil {
		panic("dmptest: " + err.Error())
	}
	return id
}
