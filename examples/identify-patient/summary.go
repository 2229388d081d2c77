package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur/ins"
)

// columns of the summary: one row for each message, as an approval file lists
// them, with its trace.
var columns = []string{"case", "title", "against", "typed", "message", "message id", "criteria sent", "code", "code expected",
	"outcome", "outcome expected", "verdict", "differences", "request", "response", "note"}

// rows are the rows of a case.
func (p played) rows() [][]string {
	c := p.Case
	base := func() []string {
		return []string{c.Number, c.Title, p.against, "", "", "", "", "", "", "", "", p.verdict(), "", "", "", c.Note}
	}
	if c.NotPlayed != "" {
		row := base()
		row[12] = c.NotPlayed
		return [][]string{row}
	}
	var out [][]string
	for i := range max(len(p.Calls), 1) {
		row := base()
		row[3], row[9], row[10] = typed(c.Typed), p.Outcome().String(), c.Outcome.String()
		row[12] = strings.Join(p.Problems, "; ")
		if i < len(p.Calls) {
			call := p.Calls[i]
			row[4], row[5], row[7] = strconv.Itoa(i+1), call.MessageID, call.Code
			row[6] = strings.TrimSuffix(strings.Join([]string{call.BirthName, call.GivenName, call.Sex, call.BirthDate, call.BirthPlace}, " | "), " | ")
			row[13], row[14] = p.trace(i, "request"), p.trace(i, "response")
		}
		if i < len(c.Steps) {
			row[8] = c.Steps[i].Code
		}
		out = append(out, row)
	}
	return out
}

// trace is the file of a message, below -out: the evidence numbers them in the
// order in which they began.
func (p played) trace(i int, side string) string {
	return fmt.Sprintf("%s/%03d-ins.search.%s", p.folder, i+1, side)
}

// writeSummary writes summary.csv, for tools, and summary.md, for people.
func writeSummary(dir string, h heading, all []played) error {
	f, err := os.OpenFile(filepath.Join(dir, "summary.csv"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	defer f.Close()
	w := csv.NewWriter(f)
	_ = w.Write(columns) // told by Error
	for _, p := range all {
		_ = w.WriteAll(p.rows())
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "summary.md"), []byte(h.markdown(all)), 0o600); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// heading says what was run.
type heading struct {
	where    string
	at       time.Time
	software ins.Software
}

// markdown is the table of verdicts.
func (h heading) markdown(all []played) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# CNDA cases of INSi\n\n- run against %s\n- %s\n- software %s %s, authorization number %s, installation %s\n\n",
		h.where, h.at.Format(time.RFC3339), h.software.Name, h.software.Version, h.software.AuthorizationNumber, h.software.Instance)
	b.WriteString("| case | title | typed | calls | codes | outcome | expected | verdict | answered by | traces |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	cell := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
	for _, p := range all {
		if p.Case.NotPlayed != "" {
			fmt.Fprintf(&b, "| %s | %s | | | | | | %s: %s | | |\n", p.Case.Number, cell(p.Case.Title), p.verdict(), p.Case.NotPlayed)
			continue
		}
		var sent, codes []string
		for _, c := range p.Calls {
			sent = append(sent, strings.TrimSpace(c.BirthName+" "+c.GivenName+" "+c.BirthPlace))
			codes = append(codes, c.Code)
		}
		verdict := p.verdict()
		if len(p.Problems) > 0 {
			verdict += ": " + strings.Join(p.Problems, "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", p.Case.Number, cell(p.Case.Title), cell(typed(p.Case.Typed)),
			cell(strings.Join(sent, ", ")), strings.Join(codes, ", "), p.Outcome(), p.Case.Outcome, cell(verdict), p.against, p.folder)
	}
	return b.String()
}
