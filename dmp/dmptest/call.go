package dmptest

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xmlsec"
	"github.com/segur-sdk/segur/internal/xop"
)

// maxMessage bounds what the fake holds of one message.
const maxMessage = 256 << 20

// refusal is a SOAP fault.
type refusal struct{ code, reason string }

// sender is a fault of the sender with a subcode, or none.
func sender(code, reason string) *refusal { return &refusal{code, reason} }

// call is one request being served.
type call struct {
	Call
	h       *Handler
	r       *http.Request
	message *soap.Message
	parts   []part // attachments, in order
	mtom    bool
	vihf    *saml.VIHFClaims
	state   Record // of the patient of the assertion, when the call came
}

type part struct {
	id, contentType string
	content         []byte
}

// read takes the message apart and checks everything that does not depend on
// the operation.
func (c *call) read() *refusal {
	ct, err := xop.ParseContentType(c.r.Header.Get("Content-Type"))
	if err != nil {
		return sender("", "The media type cannot be read")
	}
	body := http.MaxBytesReader(nil, c.r.Body, maxMessage)
	var raw []byte
	switch ct.Type {
	case "application/soap+xml":
		if raw, err = io.ReadAll(body); err != nil {
			return sender("", "The request is cut")
		}
	case "multipart/related":
		c.mtom = true
		var f *refusal
		if raw, ct, f = c.readParts(body); f != nil {
			return f
		}
	default:
		return sender("", "The media type must be application/soap+xml or multipart/related")
	}
	c.Envelope = raw
	m, err := soap.ParseMessage(c.Op, raw, maxMessage)
	if err != nil || m.Version != soap.V12 || m.Payload == nil {
		return sender("", "The request is not a SOAP 1.2 envelope")
	}
	c.message, c.MessageID = m, m.MessageID
	if f := c.addressing(ct.Param("action")); f != nil {
		return f
	}
	return c.authenticate()
}

func (c *call) readParts(body io.Reader) ([]byte, xop.ContentType, *refusal) {
	outer := c.r.Header.Get("Content-Type")
	reader, err := xop.NewReader(body, outer, xop.Options{})
	if err != nil {
		return nil, xop.ContentType{}, sender("", "The multipart message cannot be read")
	}
	if ct := reader.ContentType(); ct.RootType() != xop.TypeXOP || ct.StartInfo() != xop.TypeSOAP12 || ct.Start() == "" {
		return nil, xop.ContentType{}, sender("", "The multipart message is not MTOM (type, start, start-info)")
	}
	root, err := reader.Root()
	if err != nil || root.MediaType() != xop.TypeXOP {
		return nil, xop.ContentType{}, sender("", "The root part is not application/xop+xml")
	}
	ct := root.ContentType()
	raw, err := io.ReadAll(root)
	if err != nil {
		return nil, ct, sender("", "The request is cut")
	}
	for {
		p, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return raw, ct, nil
		}
		if err != nil {
			return nil, ct, sender("", "The request is cut")
		}
		r, err := p.Content()
		if err != nil {
			return nil, ct, sender("", "A part has an unknown encoding")
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, ct, sender("", "The request is cut")
		}
		c.parts = append(c.parts, part{id: p.ContentID(), contentType: p.MediaType(), content: content})
	}
}

// addressing wants every header, as the service does.
func (c *call) addressing(action string) *refusal {
	const missing = "A required header representing a Message Addressing Property is not present"
	m := c.message
	replyTo := m.Header.Find(soap.NamespaceAddressing, "ReplyTo/Address").TrimText()
	if m.Action == "" || m.MessageID == "" || m.To == "" || replyTo == "" {
		return sender("MessageAddressingHeaderRequired", missing)
	}
	for _, h := range []string{"Action", "ReplyTo"} {
		if v, _ := m.Header.Child(soap.NamespaceAddressing, h).LookupAttr(soap.Namespace12, "mustUnderstand"); v != "true" && v != "1" {
			return sender("InvalidAddressingHeader", h+" must be marked mustUnderstand")
		}
	}
	switch {
	case replyTo != soap.Anonymous:
		return sender("InvalidAddressingHeader", "ReplyTo must be anonymous")
	case !strings.HasPrefix(m.MessageID, "urn:uuid:"):
		return sender("InvalidAddressingHeader", "MessageID must be urn:uuid:")
	case !strings.HasSuffix(m.To, c.r.URL.Path):
		return sender("InvalidAddressingHeader", "To must be the address of the service")
	case action != m.Action:
		return sender("ActionMismatch", "The action of the media type is not that of the header")
	case !c.h.once(m.MessageID):
		return sender("DuplicateMessageID", "This MessageID was used already")
	}
	return nil
}

// once records an identifier and reports whether it is new.
func (h *Handler) once(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.used[id] {
		return false
	}
	h.used[id] = true
	return true
}

// authenticate verifies the assertion and that it belongs to the certificates.
func (c *call) authenticate() *refusal {
	security := c.message.Header.All(soap.NamespaceSecurity, "Security")
	if len(security) != 1 || len(security[0].Children) != 1 {
		return sender("InvalidSecurity", "One wsse:Security with one assertion and nothing else is expected")
	}
	now := c.h.clock()
	claims, err := saml.VerifyVIHF(security[0].Children[0], saml.VerifyOptions{
		AllowSHA1: true, AllowUnsigned: true, AllowLegalEntityCertificate: true, // judged below, with the words of the service
		ReasonAttribute: c.h.reasonAttribute,
		Trust:           &xmlsec.Trust{Roots: c.h.pki.Roots(), Time: now}, Now: now, MaxAge: c.h.maxAge,
	})
	switch {
	case errors.Is(err, segur.ErrSignature):
		return sender("DMPInvalidCertificate", "Le certificat ayant signé le VIHF est invalide : "+err.Error())
	case err != nil && strings.Contains(err.Error(), "speciality"):
		return sender("DMPInvalidVihf", "Aucune spécialité dans le vihf. Spécialité obligatoire pour les Médecins et les Pharmaciens")
	case err != nil:
		return sender("DMPInvalidVihf", "Le VIHF est invalide : "+err.Error())
	}
	c.vihf = claims
	c.Mode, c.Purpose, c.UserID, c.Secret = string(claims.Mode), string(claims.Purpose), claims.Subject, claims.Secret
	c.EmergencyReason = claims.BreakGlassReason
	if leaf := claims.Certificate; leaf != nil {
		if leaf.KeyUsage&x509.KeyUsageContentCommitment == 0 {
			return sender("DMPInvalidCertificate", "Le certificat ayant signé le VIHF est invalide : Not a valid signature certificate")
		}
		if claims.Mode != saml.Direct && !c.ofStructure(leaf) {
			return sender("DMPInvalidVihf", "Erreur d'authentification de la personne morale")
		}
	}
	if len(claims.Structure) == 9 {
		return sender("DMPInvalidVihf", "Structure introuvable ou Inactive : Identifiant_Structure sans son type")
	}
	if claims.Mode != saml.Direct && !c.ofStructure(c.r.TLS.PeerCertificates[0]) {
		return sender("DMPInvalidVihf", "Erreur d'authentification de la personne morale")
	}
	if !c.h.once(claims.ID) && !c.h.reuse {
		return sender("DMPInvalidVihf", "Le VIHF a déjà servi")
	}
	c.state, _ = c.record()
	if f := c.checkHolder(); f != nil {
		return f
	}
	return c.checkCodes()
}

func (c *call) ofStructure(leaf *x509.Certificate) bool {
	subject, err := dn.Decode(leaf.RawSubject)
	return c.h.legalEntity || err == nil && subject.BearsStructure(c.vihf.Structure)
}
