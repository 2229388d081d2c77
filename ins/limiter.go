package ins

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
)

// NoLimit, as [LimiterConfig].Calls, bounds nothing over time.
const NoLimit = -1

// LimiterConfig is the configuration of a [Limiter].
type LimiterConfig struct {
	// Calls bounds the messages of one structure within any Interval. 0: 60. [NoLimit]: no bound.
	Calls int
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
}

// Limiter bounds the calls of a structure.
type Limiter struct{ cfg LimiterConfig }

// NewLimiter returns a limiter.
func NewLimiter(cfg LimiterConfig) *Limiter { return &Limiter{cfg: cfg} }

func (l *Limiter) check(*segur.Problems) {}

// admit waits until the structure may send one more message.
func (l *Limiter) admit(context.Context, string, string) error { return nil }
