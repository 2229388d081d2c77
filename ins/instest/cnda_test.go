package instest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/testkit"
)

var pki = credentialtest.NewPKI()

func caseNumber(tb testing.TB, number string) instest.CNDACase {
	tb.Helper()
	for _, c := range instest.CNDACases() {
		if c.Number == number {
			return c
		}
	}
	require.Fail(tb, "no case "+number)
	return instest.CNDACase{}
}

// Every case that needs no card passes on the fake, with the messages and the answers that the case wants.
func TestCNDACases(t *testing.T) {
	t.Parallel()
	played := 0
	for _, c := range instest.CNDACases() {
		if c.NotPlayed != "" {
			continue
		}
		played++
		t.Run(c.Number, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, instest.WithPKI(pki), instest.WithCNDACase(c))
			dir := t.TempDir()
			cfg := srv.Config()
			var err error
			cfg.Evidence, err = segur.NewEvidenceDir(dir)
			require.NoError(t, err)
			r := c.Play(t.Context(), cfg)
			assert.Empty(t, r.Problems)
			assert.True(t, r.Passed())
			require.Len(t, r.Calls, len(c.Steps))
			for i, got := range srv.Calls() {
				assert.Equal(t, c.Steps[i].BirthName, got.Criteria.BirthName)
				assert.Equal(t, c.Steps[i].GivenName, got.Criteria.FirstGivenName)
				assert.Equal(t, c.Steps[i].Code, got.Code)
				assert.Equal(t, got.MessageID, r.Calls[i].MessageID)
			}
			traces, err := filepath.Glob(filepath.Join(dir, "*.request"))
			require.NoError(t, err)
			assert.Len(t, traces, len(c.Steps), "the caller's evidence gets every message")
		})
	}
	assert.Equal(t, 12, played)
}

// The files that CNDA supplies give the same verdicts as the answers written here.
func TestCNDAResponseFiles(t *testing.T) {
	t.Parallel()
	for _, c := range instest.CNDACases() {
		if c.ResponseFile == "" {
			continue
		}
		t.Run(c.Number, func(t *testing.T) {
			t.Parallel()
			file := testkit.ReadShared(t, "insi/cnda-responses/"+c.ResponseFile)
			srv := newServer(t, instest.WithPKI(pki))
			srv.Fail(instest.Fault{ContentType: "application/soap+xml;charset=UTF-8", Body: file})
			played := c.Play(t.Context(), srv.Config())
			assert.Empty(t, played.Problems)
			ours := newServer(t, instest.WithPKI(pki), instest.WithCNDACase(c))
			expected := c.Play(t.Context(), ours.Config())
			got, want := played.Identification.Result.Identity, expected.Identification.Result.Identity
			assert.True(t, got.INS == want.INS, "the number")
			assert.Equal(t, want.Active.Key(), got.Active.Key())
			assert.True(t, want.Traits == got.Traits, "the traits")
			require.Len(t, got.History, len(want.History))
			for i := range want.History {
				assert.Equal(t, want.History[i].Number(), got.History[i].Number())
				assert.Equal(t, want.History[i].Key(), got.History[i].Key())
				assert.Equal(t, want.History[i].From, got.History[i].From)
				assert.Equal(t, want.History[i].To, got.History[i].To)
			}
		})
	}
}

// What differs fails the case and is named.
func TestCNDADifferences(t *testing.T) {
	t.Parallel()
	nobody := newServer(t, instest.WithPKI(pki), instest.WithoutPersons())
	for name, tc := range map[string]struct {
		number string
		change func(*instest.CNDACase, *ins.Config)
		want   []string
	}{
		"the person is not there": {"2.04 cas 1", nil,
			[]string{`the answer is "01", "00" is expected`, "the outcome is not found, found is expected", "no identity was returned"}},
		"a message too many": {"2.07 cas 2", func(c *instest.CNDACase, _ *ins.Config) { c.Steps = c.Steps[:2] },
			[]string{"4 messages were sent, 2 are expected"}},
		"another name": {"2.07 cas 2", func(c *instest.CNDACase, _ *ins.Config) { c.Steps[0].BirthName = "HOUILLE" },
			[]string{`message 1: NomNaissance is "HOUILLES", "HOUILLE" is expected`}},
		"input refused": {"2.07 cas 2", func(c *instest.CNDACase, _ *ins.Config) { c.Typed.BirthName = "HOUILLES2" },
			[]string{"what is typed is refused"}},
		"configuration refused": {"2.07 cas 2", func(_ *instest.CNDACase, cfg *ins.Config) { cfg.Endpoint = "https://example.org/lps" },
			[]string{"the configuration is refused"}},
		"budget": {"2.07 cas 2", func(_ *instest.CNDACase, cfg *ins.Config) { cfg.Policy.MaxCalls = 3 },
			[]string{"3 messages were sent, 4 are expected"}},
		"not played": {"1.01", nil, []string{"not played: needs a Vitale card and its reader"}},
		"service refuses": {"2.07 cas 2", func(_ *instest.CNDACase, cfg *ins.Config) { cfg.Software.AuthorizationNumber = "FICTIF000001" },
			[]string{"1 messages were sent, 4 are expected", `the answer is "desir_550"`, "the client failed", "the outcome is undetermined"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, cfg := caseNumber(t, tc.number), nobody.Config()
			if tc.change != nil {
				tc.change(&c, &cfg)
			}
			r := c.Play(t.Context(), cfg)
			assert.False(t, r.Passed())
			for _, want := range tc.want {
				assert.Contains(t, strings.Join(r.Problems, "\n"), want)
			}
		})
	}
}

// An answer of the qualification platform to an unknown person does for REP_CR01.xml.
func TestCNDAOnQualification(t *testing.T) {
	t.Parallel()
	c := caseNumber(t, "2.07 cas 1")
	srv := newServer(t, instest.WithPKI(pki), instest.WithCNDACase(c), instest.WithUnknownPersonFault())
	r := c.Play(t.Context(), srv.Config())
	assert.Empty(t, r.Problems)
	require.Len(t, r.Calls, 2)
	assert.Equal(t, "insi_102", r.Calls[0].Code)
	assert.Equal(t, "00", r.Calls[1].Code)
}

// Evidence that cannot be opened stops the case: no trace, no file for the approval.
func TestCNDAWithoutEvidence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(filepath.Join(dir, "traces"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "traces")))
	c := caseNumber(t, "2.05")
	srv := newServer(t, instest.WithPKI(pki), instest.WithCNDACase(c))
	cfg := srv.Config()
	cfg.Evidence = evidence
	r := c.Play(t.Context(), cfg)
	assert.False(t, r.Passed())
	require.Error(t, r.Err)
	assert.Empty(t, srv.Calls())
}
