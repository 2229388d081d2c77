package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// watched does something once a text was written.
type watched struct {
	screen
	text string
	do   func()
}

func (w *watched) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.do()
	}
	return w.screen.Write(p)
}

// Who interrupts the question deletes nothing, and need not answer.
func TestInterruptedQuestion(t *testing.T) {
	t.Parallel()
	srv, study := held(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	keyboard, hand := io.Pipe()
	defer hand.Close()
	errs := &watched{text: "delete it for good?", do: cancel}
	s := &session{keyboard: true, stdin: keyboard, stdout: io.Discard, stderr: errs}
	assert.Equal(t, exitInterrupted, s.status(s.main(ctx, []string{"-url", srv.URL, "rm", study.UID}), ctx.Err() != nil))
	assert.Equal(t, 6, srv.Len())
}

// What an interruption left out is counted, not told image by image.
func TestInterruptedTransfer(t *testing.T) {
	t.Parallel()
	srv, study := held(t)
	dir := t.TempDir()
	require.NoError(t, study.WriteDir(dir))
	for _, test := range []struct {
		op   string
		args []string
		says string
	}{
		{dicomwebtest.OpRetrieve, []string{"get", "-parallel", "1", "-out", filepath.Join(dir, "out"), study.UID}, "NOT COMPLETE: 0 of 6"},
		{dicomwebtest.OpStore, []string{"store", "-parallel", "1", dir}, "0 of 6 instances stored"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		srv.Fail(dicomwebtest.Fault{Op: test.op, Hang: true, Reached: cancel})
		status, out, errs := call(ctx, &session{}, append([]string{"-url", srv.URL}, test.args...)...)
		cancel()
		assert.Equal(t, exitInterrupted, status, errs)
		assert.Contains(t, out, test.says)
		assert.Equal(t, 1, strings.Count(out, "\n"), out)
	}
}

// On a terminal rows are broken at 80 columns; elsewhere a row is a line.
func TestColumns(t *testing.T) {
	t.Parallel()
	srv, study := held(t)
	for _, level := range []string{"studies", "series", "instances"} {
		args := []string{"-url", srv.URL, "find", "-level", level, "-study", study.UID}
		_, out, errs := call(t.Context(), &session{narrow: true}, args...)
		assert.Empty(t, errs)
		assert.Contains(t, out, study.UID)
		for line := range strings.Lines(out) {
			line = strings.TrimSuffix(line, "\n")
			if strings.Contains(strings.TrimSpace(line), "  ") { // a name alone is not broken
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
			}
		}
		_, table, _ := call(t.Context(), &session{}, args...)
		assert.Less(t, strings.Count(table, "\n"), strings.Count(out, "\n"))
	}
	_, out, _ := call(t.Context(), &session{narrow: true}, "-url", srv.URL, "find")
	assert.Contains(t, out, "born 1985-03-14")
	assert.Contains(t, out, "images 6")
	b := newBar(t, "store")
	b.draw(10000, 10000, 99_990_000_000, 100_000_000_000)
	assert.LessOrEqual(t, len(strings.TrimPrefix(b.out.(*bytes.Buffer).String(), "\r")), 80)
}

// newBar is one that began a day ago.
func newBar(t *testing.T, label string) *bar {
	t.Helper()
	return &bar{out: new(bytes.Buffer), label: label, begin: time.Now().Add(-24 * time.Hour)}
}

// Of many images that are missing the first ones are named.
func TestManyMissing(t *testing.T) {
	t.Parallel()
	var r dicomweb.DownloadReport
	for i := range 25 {
		r.Missing = append(r.Missing, dicomweb.NotDownloaded{Ref: dicomweb.Ref{Study: "1.2", Series: "1.3", Instance: fmt.Sprintf("1.4.%d", i)}, Err: io.EOF})
	}
	var out bytes.Buffer
	(&session{stdout: &out}).missing(r.Missing)
	assert.Equal(t, 21, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), "and 5 others")
}

// held is a server without TLS that holds a study.
func held(t *testing.T) (*dicomwebtest.Server, *dicomwebtest.Study) {
	t.Helper()
	srv := dicomwebtest.NewServer(dicomwebtest.WithoutTLS())
	t.Cleanup(srv.Close)
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	require.NoError(t, err)
	for _, i := range study.Instances {
		require.NoError(t, srv.Add(i.File))
	}
	return srv, study
}
