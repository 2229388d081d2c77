package ins_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// now is the instant of every test.
var now = time.Date(2026, time.May, 21, 8, 51, 16, 840_000_000, time.UTC)

// fakePKI is that of the servers: one for all, since making one takes time.
var fakePKI = sync.OnceValue(func() *credentialtest.PKI { return credentialtest.NewPKI() })

func newServer(tb testing.TB, opts ...instest.Option) *instest.Server {
	tb.Helper()
	srv := instest.NewServer(append([]instest.Option{instest.WithPKI(fakePKI())}, opts...)...)
	tb.Cleanup(srv.Close)
	return srv
}

func newClient(tb testing.TB, srv *instest.Server, change ...func(*ins.Config)) *ins.Client {
	tb.Helper()
	cfg := srv.Config()
	cfg.Clock = fixed.NewClock(now).Now
	cfg.IDs = segur.NewIDSource(fixed.Rand(1))
	cfg.Retry.MaxAttempts = 1
	for _, f := range change {
		f(&cfg)
	}
	c, err := ins.New(cfg)
	require.NoError(tb, err)
	return c
}

// camille are the traits of the default patient.
func camille() segur.Traits { return instest.DefaultPatient().Traits }

// answered scripts a whole answer.
func answered(body []byte) instest.Fault {
	return instest.Fault{ContentType: "application/soap+xml;charset=UTF-8", Body: body}
}

func readFile(tb testing.TB, dir, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(tb, err)
	return b
}

// steady are options of a log without what differs from run to run: an instant or a length of time may hold the digits
// that a test looks for.
func steady() *slog.HandlerOptions {
	return &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "host" { // the port is any
			return slog.Attr{}
		}
		return a
	}}
}
