package ins

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/transport"
)

// Operations, as errors, observers and evidence name them.
const (
	opNew          = "ins.New"
	opSearch       = "ins.search"
	opSearchVitale = "ins.searchVitale"
	opCertificate  = "ins.CertificateWarnings"
	opIdentify     = "ins.identify"
	opConfirm      = "ins.confirm"
	opVerify       = "ins.verify"
)

// Client calls INSi. It is immutable and safe for concurrent use.
type Client struct {
	cfg  Config
	soap *soap.Client
}

// New checks the configuration, the certificate included, and says everything that is wrong at once.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	var p segur.Problems
	cfg.check(&p)
	ctx := context.Background()
	if cfg.Authentication != nil {
		cfg.Authentication.check(ctx, &cfg, &p)
	} else {
		_, _ = cfg.checkCertificate(ctx, &p, cfg.Clock()) // the cause is among the problems
	}
	if err := p.Err(opNew); err != nil {
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{})
	if err != nil {
		return nil, err
	}
	cfg.UnknownPersonFaults, cfg.CertificateIssuers = slices.Clone(cfg.UnknownPersonFaults), slices.Clone(cfg.CertificateIssuers)
	c := &Client{cfg: cfg, soap: soap.New(t, cfg.ClientConfig)}
	c.warn(ctx)
	return c, nil
}

// Search looks one person up by identity traits (WS_INS2). Nobody, one and several persons are outcomes of the
// [Result], not errors. Input that INSi would refuse is an [segur.ErrInvalidInput] error that lists every field, and
// nothing is sent. A fault is an error that wraps a [*Fault].
//
// One call of Search is one search: see [Client.Identify] for the whole conduct.
func (c *Client) Search(ctx context.Context, q Query) (*Result, error) {
	var p segur.Problems
	sent, warnings := q.check(&p, c.cfg.Clock())
	if err := p.Err(opSearch); err != nil {
		return nil, err
	}
	return c.search(ctx, sent, sent, warnings, false)
}

// search sends checked criteria and compares the answer with what is known locally. once: the caller repeats by
// itself, since it counts the messages. An error without RequestID says that no message was made.
func (c *Client) search(ctx context.Context, sent, local segur.Traits, warnings []segur.Detail, once bool) (*Result, error) {
	return c.ask(ctx, question{
		op: opSearch, action: actionSearchTraits, sent: sent, warnings: warnings, once: once,
		body:   func() ([]byte, error) { return searchBody(sent) },
		judge:  func(r *Result) { r.judge(local) },
		nobody: c.cfg.UnknownPersonFaults,
	})
}

// question is one search, whatever the operation.
type question struct {
	op, action string
	sent       segur.Traits
	warnings   []segur.Detail
	once       bool
	body       func() ([]byte, error)
	// coverage is the card in ContexteBAM; nil without one.
	coverage *VitaleCard
	// assertion gives the one of the card for one message; nil without one.
	assertion func(context.Context) ([]byte, error)
	// judge looks at the identity of the answer.
	judge func(*Result)
	// nobody are the faults that mean so.
	nobody []string
}

// ask sends a question and reads the answer.
func (c *Client) ask(ctx context.Context, q question) (*Result, error) {
	call, at, err := c.call(ctx, q)
	if err != nil {
		return nil, err
	}
	call.Once = q.once
	r := &Result{Sent: q.sent, MessageID: call.MessageID, Time: at, Warnings: q.warnings}
	var refusal *soap.Fault
	call.Refused = func(e *segur.Error, f *soap.Fault) *segur.Error {
		refusal = f
		return readFault(f, e.Status).typed(e)
	}
	call.Renew = func(ctx context.Context, next *soap.Call) error {
		again, _, err := c.call(ctx, q)
		if err != nil {
			return notRepeated(err, r.MessageID)
		}
		next.MessageID, next.Header, next.Headers, next.Security = again.MessageID, again.Header, again.Headers, again.Security
		r.MessageID = again.MessageID
		return nil
	}
	envelope, err := c.soap.Do(ctx, call)
	r.Duration = c.cfg.Clock().Sub(at)
	if err != nil {
		return q.nobodyFound(err, refusal, r)
	}
	defer func() { _ = envelope.Close() }()
	// An answer in several parts is not announced by the contract; when one comes, it must have come whole.
	if err := envelope.Finish(); err != nil {
		return nil, err
	}
	a, err := parseAnswer(envelope.Payload, c.cfg.Environment)
	if err != nil {
		var e *segur.Error
		if errors.As(err, &e) {
			e.Op, e.Status, e.RequestID = q.op, envelope.Status, r.MessageID
		}
		return nil, envelope.Fail(err)
	}
	r.Code, r.Identity, r.Raw = a.code, a.identity, envelope.Raw
	r.Warnings = append(r.Warnings, a.warnings...)
	switch a.code {
	case crNotFound:
		r.Outcome = NotFound
	case crAmbiguous:
		r.Outcome = Ambiguous
	case crFound:
		q.judge(r)
	}
	return r, nil
}

// notRepeated is the error of a repetition that was not made: the message before had left, and is the one to quote.
func notRepeated(err error, left string) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.RequestID, out.Message = left, strings.ReplaceAll(e.Message, "nothing was sent", "the message before was not repeated")
	return &out
}

// judge compares the identity of the result with the local traits: only a coherent one with a valid number is found.
func (r *Result) judge(local segur.Traits) {
	r.Verdict = Coherence(local, r.Identity.Traits)
	r.Outcome = Unconfirmed
	if r.Verdict.Coherent() && !r.Identity.INS.IsZero() {
		r.Outcome = Found
	}
}

// call makes the SOAP call of a question, with identifiers and proofs of its own.
func (c *Client) call(ctx context.Context, q question) (*soap.Call, time.Time, error) {
	if err := c.admit(ctx, q.op); err != nil {
		return nil, c.cfg.Clock(), err
	}
	proof, err := c.prove(ctx, q.op)
	now := c.cfg.Clock() // the limiter may have waited, the card too
	if err != nil {
		return nil, now, err
	}
	call := &soap.Call{Op: q.op, Endpoint: c.cfg.Endpoint, Action: q.action, Header: proof.header, Security: proof.security, RepeatSafe: true}
	if q.assertion != nil {
		second, err := q.assertion(ctx)
		if err != nil {
			return nil, now, err
		}
		call.Security = slices.Concat(call.Security, second)
	}
	headers := callContext{now: now, software: c.cfg.Software, issuer: proof.issuer, coverage: q.coverage}
	for _, id := range []*string{&headers.bamID, &headers.lpsID, &call.MessageID} {
		if *id, err = c.cfg.IDs.UUID(); err != nil {
			return nil, now, err
		}
	}
	call.MessageID = "uuid:" + call.MessageID
	if call.Headers, err = headers.write(); err == nil {
		call.Body, err = q.body()
	}
	if err != nil {
		return nil, now, &segur.Error{Op: q.op, Kind: segur.KindInvalidInput, Message: "the request cannot be written as XML", Err: err}
	}
	return call, now, nil
}

// nobodyFound makes a result of the fault that means "nobody found", and leaves every other error as it is.
func (q question) nobodyFound(err error, refusal *soap.Fault, r *Result) (*Result, error) {
	var f *Fault
	if refusal == nil || !errors.As(err, &f) || !slices.Contains(q.nobody, f.DetailCode) {
		return nil, err
	}
	r.Outcome, r.Code, r.Fault, r.Raw = NotFound, f.DetailCode, f, refusal.Detail.Source()
	r.Warnings = append(r.Warnings, segur.Detail{Code: f.DetailCode, Severity: "warning",
		Message: "the platform answered with a fault, read as nobody found"})
	return r, nil
}
