package ins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/segur-sdk/segur"
)

// Authenticator is how a professional proves who calls, where the structure has no certificate of its own for INSi:
// [Card], [Assertion] or [ProSanteConnect]. TLS then verifies the server only, and each message, repetitions included,
// carries a proof of its own. Authenticators are safe for concurrent use; their printed forms are redacted.
type Authenticator interface {
	// endpoint is the platform of the mode, "" where it is not public.
	endpoint(segur.Environment) string
	// check adds what can be known to be wrong before the first call.
	check(context.Context, *Config, *segur.Problems)
	// payer is what a [Limiter] counts the calls by. It is asked for before the proof, which must be fresh.
	payer(ctx context.Context, op string, c *Config) (string, error)
	// prove makes the proof of one message.
	prove(ctx context.Context, op string, c *Config) (proof, error)
	// certificate is what signs, nil where that is not known here.
	certificate(context.Context) (segur.Credential, error)
}

// proof is what one message carries.
type proof struct {
	issuer   string // "Emetteur" of the headers
	security []byte // content of wsse:Security
	header   http.Header
}

// admit waits until the limiter lets one more message of the issuer go. The proof comes after the wait, since it must be
// fresh; a card is not asked who its holder is where nothing is counted.
func (c *Client) admit(ctx context.Context, op string) error {
	if c.cfg.Limiter.cfg.Calls == NoLimit {
		return nil
	}
	payer := c.cfg.Issuer
	if a := c.cfg.Authentication; a == nil {
		proof, err := c.proveOrganization(ctx, op)
		if err != nil {
			return err
		}
		payer = proof.issuer
	} else if payer == "" {
		var err error
		if payer, err = a.payer(ctx, op, &c.cfg); err != nil {
			return err
		}
	}
	return c.cfg.Limiter.admit(ctx, op, payer)
}

// prove makes the proof of one message.
func (c *Client) prove(ctx context.Context, op string) (proof, error) {
	if c.cfg.Authentication == nil {
		return c.proveOrganization(ctx, op)
	}
	out, err := c.cfg.Authentication.prove(ctx, op, &c.cfg)
	if c.cfg.Issuer != "" {
		out.issuer = c.cfg.Issuer
	}
	return out, err
}

// proveOrganization has nothing to add to a message: TLS presents the certificate. It says who that is, and refuses a
// certificate that INSi would refuse.
func (c *Client) proveOrganization(ctx context.Context, op string) (proof, error) {
	var p segur.Problems
	issuer, cause := c.cfg.checkCertificate(ctx, &p, c.cfg.Clock())
	if !p.Empty() {
		// The configuration was right: the certificate was renewed, expired, or cannot be had, since.
		return proof{}, credentialError(ctx, op, p.Details(), cause)
	}
	return proof{issuer: issuer}, nil
}

// WithAuthentication returns a client for another professional, over the connections of this one. Both must be in the
// mode of a professional, and [ProSanteConnect] on both sides or on none: its platform is another one.
func (c *Client) WithAuthentication(a Authenticator) (*Client, error) {
	var p segur.Problems
	switch {
	case a == nil || c.cfg.Authentication == nil:
		p.Add("authentication", "must be that of a professional, in this client too: a structure is authenticated by TLS, which is not the same connection")
	case isPSC(a) != isPSC(c.cfg.Authentication):
		p.Add("authentication", "Pro Santé Connect has a platform of its own: make a client for it")
	default:
		a.check(context.Background(), &c.cfg, &p)
	}
	if err := p.Err(opNew); err != nil {
		return nil, err
	}
	other := *c
	other.cfg.Authentication = a
	return &other, nil
}

// quiet keeps the text of a caller's error out of ours, since it may hold a token, and its identity in the chain.
type quiet struct{ err error }

func (q quiet) Error() string { return "the function of the caller failed" }
func (q quiet) Unwrap() error { return q.err }

// Format writes no more than Error whatever the verb.
func (q quiet) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(q.Error())) }

// functionError is the error of a call whose proof the caller's function did not give.
func functionError(ctx context.Context, op, message string, cause error) *segur.Error {
	if e := ended(ctx, op); e != nil {
		return e
	}
	e := &segur.Error{Op: op, Kind: segur.KindOf(cause), Message: message + ": nothing was sent", Err: quiet{cause}}
	if e.Kind == segur.KindUnknown {
		e.Kind = segur.KindAuthentication
	}
	return e
}

// ended is the error of a call whose context is over before anything was sent, nil while it is not.
func ended(ctx context.Context, op string) *segur.Error {
	switch end := ctx.Err(); {
	case end == nil:
		return nil
	case errors.Is(end, context.DeadlineExceeded):
		return &segur.Error{Op: op, Kind: segur.KindTimeout, Message: "the deadline of the call passed: nothing was sent", Err: end}
	default:
		return &segur.Error{Op: op, Kind: segur.KindCanceled, Message: "the call was cancelled: nothing was sent", Err: end}
	}
}

// redacted gives a type the printed form of its name.
type redacted string

func (r redacted) String() string { return string(r) + "(redacted)" }

// Format writes the redacted form whatever the verb.
func (r redacted) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r redacted) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON writes the redacted form.
func (r redacted) MarshalJSON() ([]byte, error) { return []byte(`"` + r.String() + `"`), nil }
