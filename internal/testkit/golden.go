package testkit

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden files of the packages under test")

// Golden compares got, byte for byte, with testdata/name of the package under test. With -update it rewrites the file.
func Golden(tb TB, name string, got []byte) {
	tb.Helper()
	p := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(p), 0o750); err != nil {
			tb.Fatalf("golden %s: %v", name, err)
		}
		if err := os.WriteFile(p, got, 0o600); err != nil {
			tb.Fatalf("golden %s: %v", name, err)
		}
		tb.Logf("golden %s rewritten, %d bytes", name, len(got))
		return
	}
	want, err := os.ReadFile(p)
	if err != nil {
		tb.Fatalf("golden %s: %v (write it with: go test . -run %s -update)", name, err, tb.Name())
		return
	}
	if d := Diff(want, got); d != "" {
		tb.Errorf("golden %s differs (rewrite with -update when the change is meant):\n%s", name, d)
	}
}

// Diff describes the first difference of two byte strings readably: offset, line, column, and the surroundings of both
// sides, quoted. It is empty when they are equal.
func Diff(want, got []byte) string {
	if bytes.Equal(want, got) {
		return ""
	}
	i := 0
	for i < len(want) && i < len(got) && want[i] == got[i] {
		i++
	}
	line := 1 + bytes.Count(want[:i], []byte("\n"))
	col := i - bytes.LastIndexByte(want[:i], '\n')
	var b strings.Builder
	fmt.Fprintf(&b, "first difference at byte %d (line %d, column %d); want %d bytes, got %d\n", i, line, col, len(want), len(got))
	fmt.Fprintf(&b, "  want %s\n", around(want, i))
	fmt.Fprintf(&b, "  got  %s", around(got, i))
	return b.String()
}

// around quotes 60 bytes before and 80 after offset i: as text, or in hexadecimal when it is not text.
func around(b []byte, i int) string {
	from, to := max(0, i-60), min(len(b), i+80)
	for from > 0 && from > i-64 && !utf8.RuneStart(b[from]) {
		from--
	}
	for to < len(b) && to < i+84 && !utf8.RuneStart(b[to]) {
		to++
	}
	if s := b[from:to]; utf8.Valid(s) && !bytes.ContainsRune(s, 0) {
		return fmt.Sprintf("…%q ⟨here⟩ %q…", b[from:i], b[i:to])
	}
	return fmt.Sprintf("…% x ⟨here⟩ % x…", b[from:i], b[i:to])
}
