package ins

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const opVerifyAll = "ins.verifyAll"

// BatchVerifier is a deferred verification of many identities: a deposit, and its answer later. The contract of the
// operations of INSi (WS_INS4 and WS_INS5) is not public: a vendor who has it implements the interface, the SDK writes
// none of its messages. This contract, with its tickets and partial answers, is the SDK's own.
type BatchVerifier interface {
	// Submit deposits the claims, whose identifiers are unique, and returns the ticket of the deposit. An error that
	// is retryable says that nothing was kept: Submit may be called again.
	Submit(ctx context.Context, claims []Claim) (Ticket, error)
	// Fetch returns what is ready. It can be called again with the same ticket, during the processing and after.
	Fetch(ctx context.Context, t Ticket) (*BatchAnswer, error)
}

// Ticket refers to a deposit. It is no secret and holds no personal data.
type Ticket string

// BatchAnswer is the state of a deposit.
type BatchAnswer struct {
	// Done says that nothing more will come.
	Done bool
	// Items are the results so far. They may repeat what an answer before had.
	Items []BatchItem
	// RetryAfter is when to come back, where the service says so.
	RetryAfter time.Duration
}

// BatchItem is the result of one claim: a verification or an error, not both.
type BatchItem struct {
	// ID is the identifier of the claim.
	ID string
	// Verification is the result.
	Verification *Verification
	// Err says why there is none.
	Err error
}

// ItemVerification is the result of one claim of [VerifyAll]. Its printed forms are redacted.
type ItemVerification struct {
	// Index is the place of the claim among those given, from 0; -1 for an error that is about none of them.
	Index int
	// ID is the identifier of the claim.
	ID string
	// Ticket is the deposit that the claim left with; empty when it did not. With a timeout it serves to fetch the
	// answer later.
	Ticket Ticket
	// Verification is the result; nil with an error.
	Verification *Verification
}

// String returns a redacted form.
func (i ItemVerification) String() string {
	if i.Verification == nil {
		return fmt.Sprintf("ItemVerification(%d, none)", i.Index)
	}
	return fmt.Sprintf("ItemVerification(%d, %s, redacted)", i.Index, i.Verification.Outcome)
}

// Format writes the redacted form whatever the verb.
func (i ItemVerification) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue makes slog write the redacted form.
func (i ItemVerification) LogValue() slog.Value { return slog.StringValue(i.String()) }

// BatchOptions says how [VerifyAll] works. Only Environment is required.
type BatchOptions struct {
	// Environment refuses test numbers in production.
	Environment segur.Environment
	// ChunkSize bounds the claims of one deposit. 0: 2,000, a figure that no public text confirms.
	ChunkSize int
	// Pending bounds the deposits that wait for their answer at a time. 0: 4.
	Pending int
	// PollEvery is the time before the first look at a deposit, and between two; a RetryAfter that is longer counts
	// instead. 0: one minute.
	PollEvery time.Duration
	// MaxWait bounds the wait for one deposit. 0: 24 hours.
	MaxWait time.Duration
	// Retry says how a deposit that failed with a retryable error is made again. A look that failed so is repeated
	// after PollEvery, within MaxWait.
	Retry segur.RetryPolicy
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
	// Pause waits, or returns the error of the context when it ends before. nil: a timer.
	Pause func(context.Context, time.Duration) error
}

// Defaults of [BatchOptions].
const (
	defaultChunkSize = 2000
	defaultPending   = 4
	defaultPollEvery = time.Minute
	defaultMaxWait   = 24 * time.Hour
)

func (o BatchOptions) withDefaults() BatchOptions {
	defaults := segur.ClientConfig{Retry: o.Retry, Clock: o.Clock}.WithDefaults()
	o.Retry, o.Clock = defaults.Retry, defaults.Clock
	if o.ChunkSize == 0 {
		o.ChunkSize = defaultChunkSize
	}
	if o.Pending == 0 {
		o.Pending = defaultPending
	}
	if o.PollEvery == 0 {
		o.PollEvery = defaultPollEvery
	}
	if o.MaxWait == 0 {
		o.MaxWait = defaultMaxWait
	}
	if o.Pause == nil {
		o.Pause = transport.Pause
	}
	return o
}

// check says what is wrong with the options.
func (o BatchOptions) check(v BatchVerifier) error {
	var p segur.Problems
	segur.ClientConfig{Environment: o.Environment, Retry: o.Retry}.Check(&p)
	if v == nil {
		p.Add("verifier", "is required")
	}
	for _, d := range []struct {
		field string
		v     int64
	}{{"chunkSize", int64(o.ChunkSize)}, {"pending", int64(o.Pending)}, {"pollEvery", int64(o.PollEvery)}, {"maxWait", int64(o.MaxWait)}} {
		if d.v < 0 {
			p.Add(d.field, "must not be negative")
		}
	}
	return p.Err(opVerifyAll)
}
