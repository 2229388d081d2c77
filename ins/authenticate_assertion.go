package ins

import (
	"bytes"
	"context"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/saml"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Assertion authenticates by assertions that the caller makes, with a component of the GIE SESAM-Vitale for instance.
// give is asked once for each message, repetitions included, and must give a new assertion each time, since one serves
// for an hour at most and repetitions are messages of their own.
//
// The bytes are sent as they are. Only what the message needs is looked at: one element saml:Assertion, well formed by
// itself, without DTD and XML declaration, of 128 KiB at most, with a NameID, which becomes the "Emetteur" unless
// Config.Issuer is set. Signature, attributes and age are between its maker and INSi.
func Assertion(give func(context.Context) ([]byte, error)) Authenticator {
	return &given{redacted: "Assertion", give: give}
}

type given struct {
	redacted
	give func(context.Context) ([]byte, error)
}

func (*given) endpoint(env segur.Environment) string { return endpointCPx(env) }

func (a *given) check(_ context.Context, _ *Config, p *segur.Problems) {
	if a.give == nil {
		p.Add("authentication", "needs the function that gives an assertion")
	}
}

// payer does not know the professional before there is an assertion, which is made after the wait: the ready-made
// assertions of a limiter are counted together.
func (a *given) payer(context.Context, string, *Config) (string, error) { return "assertion", nil }

func (a *given) prove(ctx context.Context, op string, _ *Config) (proof, error) {
	if e := ended(ctx, op); e != nil {
		return proof{}, e
	}
	b, err := a.give(ctx)
	if err != nil {
		return proof{}, functionError(ctx, op, "no assertion to send", err)
	}
	var p segur.Problems
	_, name := readAssertion(&p, "authentication.assertion", b)
	if name == "" && p.Empty() {
		p.Add("authentication.assertion", "has no NameID")
	}
	if err := p.Err(op); err != nil {
		return proof{}, err
	}
	return proof{issuer: name, security: b}, nil
}

func (a *given) certificate(context.Context) (segur.Credential, error) { return nil, nil }

// maxAssertion bounds an assertion that others made, in bytes: real ones have about 5 KiB.
const maxAssertion = 128 << 10

// readAssertion returns the ID and the NameID of an assertion that others made, and adds to p what keeps it from being
// put into a message as it is.
func readAssertion(p *segur.Problems, field string, b []byte) (id, name string) {
	const maxDepth, maxElements = 32, 2000
	if len(b) == 0 {
		p.Add(field, "is required")
		return "", ""
	}
	if len(b) > maxAssertion {
		p.Addf(field, "has more than %d bytes", maxAssertion)
		return "", ""
	}
	root, err := xmlr.Parse(b, xmlr.Options{MaxBytes: maxAssertion, MaxDepth: maxDepth, MaxElements: maxElements})
	switch {
	case err != nil:
		p.Add(field, "is not well-formed XML by itself, without DTD: it is sent as it is")
		return "", ""
	case !root.Is(saml.Namespace, "Assertion"):
		p.Add(field, "must be an element saml:Assertion")
		return "", ""
	case !bytes.Equal(bytes.TrimSpace(b), root.Raw()):
		p.Add(field, "must be the element alone, without XML declaration, comment or anything else around it")
	}
	for n := range root.Walk() {
		if n != root && n.Name.Space == saml.Namespace && (n.Name.Local == "Assertion" || n.Name.Local == "EncryptedAssertion") {
			p.Add(field, "must hold no other assertion")
			break
		}
	}
	name = root.Find(saml.Namespace, "Subject/NameID").TrimText()
	if len(name) > 128 {
		p.Add(field, "has a NameID of more than 128 bytes")
	}
	return root.Attr("ID"), name
}
