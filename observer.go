package segur

import (
	"context"
	"time"
)

// Observer is told of every operation: for metrics and traces. It never gets
// a payload. Implementations are safe for concurrent use.
type Observer interface {
	// OperationStart is called before the first byte is sent. The context it
	// returns is used for the operation.
	OperationStart(ctx context.Context, op string) context.Context
	// OperationEnd is called once for each OperationStart.
	OperationEnd(ctx context.Context, o Outcome)
}

// Outcome is how an operation ended.
type Outcome struct {
	// Op is the operation, such as "ins.search".
	Op string
	// Duration covers all attempts.
	Duration time.Duration
	// Attempts counts the requests sent, at least 1.
	Attempts int
	// BytesSent and BytesReceived count bodies.
	BytesSent, BytesReceived int64
	// Status is the last HTTP or SMTP status; 0 when there was none.
	Status int
	// RequestID is the identifier of the last request.
	RequestID string
	// Kind classes the error; KindUnknown with a nil Err is success.
	Kind Kind
	// Err is the error, nil on success.
	Err error
}
