package ins

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/transport"
)

// Operations, as errors, observers and evidence name them.
const (
	opNew      = "ins.New"
	opSearch   = "ins.search"
	opIdentify = "ins.identify"
	opConfirm  = "ins.confirm"
	opVerify   = "ins.verify"
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
	_, _ = cfg.checkCertificate(context.Background(), &p, cfg.Clock()) // the cause is among the problems
	if err := p.Err(opNew); err != nil {
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{})
	if err != nil {
		return nil, err
	}
	cfg.UnknownPersonFaults = slices.Clone(cfg.UnknownPersonFaults)
	return &Client{cfg: cfg, soap: soap.New(t, cfg.ClientConfig)}, nil
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
	call, at, err := c.searchCall(ctx, sent)
	if err != nil {
		return nil, err
	}
	call.Once = once
	r := &Result{Sent: sent, MessageID: call.MessageID, Time: at, Warnings: warnings}
	var refusal *soap.Fault
	call.Refused = func(e *segur.Error, f *soap.Fault) *segur.Error {
		refusal = f
		return readFault(f, e.Status).typed(e)
	}
	call.Renew = func(ctx context.Context, next *soap.Call) error {
		again, _, err := c.searchCall(ctx, sent)
		if err != nil {
			return err
		}
		next.MessageID, next.Headers = again.MessageID, again.Headers
		r.MessageID = again.MessageID
		return nil
	}
	envelope, err := c.soap.Do(ctx, call)
	r.Duration = c.cfg.Clock().Sub(at)
	if err != nil {
		return c.nobody(err, refusal, r)
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
			e.Status, e.RequestID = envelope.Status, call.MessageID
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
		r.judge(local)
	}
	return r, nil
}

// judge compares the identity of the result with the local traits: only a coherent one with a valid number is found.
func (r *Result) judge(local segur.Traits) {
	r.Verdict = Coherence(local, r.Identity.Traits)
	r.Outcome = Unconfirmed
	if r.Verdict.Coherent() && !r.Identity.INS.IsZero() {
		r.Outcome = Found
	}
}

// searchCall makes the SOAP call, with identifiers of its own.
func (c *Client) searchCall(ctx context.Context, sent segur.Traits) (*soap.Call, time.Time, error) {
	now := c.cfg.Clock()
	var p segur.Problems
	issuer, cause := c.cfg.checkCertificate(ctx, &p, now)
	if !p.Empty() {
		// The configuration was right: the certificate was renewed, expired, or cannot be had, since.
		return nil, now, credentialError(ctx, p.Details(), cause)
	}
	if err := c.cfg.Limiter.admit(ctx, opSearch, issuer); err != nil {
		return nil, now, err
	}
	now = c.cfg.Clock() // the limiter may have waited
	headers := callContext{now: now, software: c.cfg.Software, issuer: issuer}
	call := &soap.Call{Op: opSearch, Endpoint: c.cfg.Endpoint, Action: actionSearchTraits, RepeatSafe: true}
	for _, id := range []*string{&headers.bamID, &headers.lpsID, &call.MessageID} {
		var err error
		if *id, err = c.cfg.IDs.UUID(); err != nil {
			return nil, now, err
		}
	}
	call.MessageID = "uuid:" + call.MessageID
	var err error
	if call.Headers, err = headers.write(); err == nil {
		call.Body, err = searchBody(sent)
	}
	if err != nil {
		return nil, now, &segur.Error{Op: opSearch, Kind: segur.KindInvalidInput, Message: "the request cannot be written as XML", Err: err}
	}
	return call, now, nil
}

// nobody makes a result of the fault that means "nobody found", and leaves every other error as it is.
func (c *Client) nobody(err error, refusal *soap.Fault, r *Result) (*Result, error) {
	var f *Fault
	if refusal == nil || !errors.As(err, &f) || !slices.Contains(c.cfg.UnknownPersonFaults, f.DetailCode) {
		return nil, err
	}
	r.Outcome, r.Code, r.Fault, r.Raw = NotFound, f.DetailCode, f, refusal.Detail.Source()
	r.Warnings = append(r.Warnings, segur.Detail{Code: f.DetailCode, Severity: "warning",
		Message: "the platform answered with a fault, read as nobody found"})
	return r, nil
}
