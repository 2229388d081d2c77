package soap

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Envelope returns the SOAP 1.2 envelope of the call, XML declaration included.
func Envelope(c *Call) ([]byte, error) {
	w := xmlw.New(make([]byte, 0, 1024+len(c.Headers)+len(c.Security)+len(c.Body)))
	w.Declaration()
	w.Start("soap:Envelope")
	w.NS("soap", Namespace12)
	w.NS("wsa", NamespaceAddressing)
	w.Start("soap:Header")
	if len(c.Headers) > 0 {
		w.Raw(c.Headers)
	}
	c.addressing(w)
	if len(c.Security) > 0 {
		w.Start("wsse:Security")
		w.NS("wsse", NamespaceSecurity)
		w.Raw(c.Security)
		w.End()
	}
	w.End()
	w.Start("soap:Body")
	w.Raw(c.Body)
	w.End()
	w.End()
	out, err := w.Bytes()
	if err != nil {
		return nil, &segur.Error{Op: c.Op, Kind: segur.KindInvalidInput, Message: "the request cannot be written as XML", Err: err}
	}
	return out, nil
}

// addressing writes the WS-Addressing headers in the order Action, MessageID, To, ReplyTo. Services take any order.
func (c *Call) addressing(w *xmlw.Writer) {
	w.Start("wsa:Action")
	c.mustUnderstand(w)
	w.Text(c.Action)
	w.End()
	w.ElemOpt("wsa:MessageID", c.MessageID)
	w.ElemOpt("wsa:To", c.To)
	if c.ReplyTo {
		w.Start("wsa:ReplyTo")
		c.mustUnderstand(w)
		w.Elem("wsa:Address", Anonymous)
		w.End()
	}
}

func (c *Call) mustUnderstand(w *xmlw.Writer) {
	if c.MustUnderstand {
		w.Attr("soap:mustUnderstand", "true")
	}
}
