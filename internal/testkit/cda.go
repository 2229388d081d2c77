package testkit

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
)

// CDAReport is the verdict of the official CDA rules (XML schema, schematrons, terminologies).
type CDAReport struct {
	Errors, Warnings int
	Output           string // one line per message, then the totals
}

// Err is nil when the checker reported no error.
func (r CDAReport) Err() error {
	if r.Errors == 0 {
		return nil
	}
	return fmt.Errorf("CDA check: %d errors, %d warnings:\n%s", r.Errors, r.Warnings, r.Output)
}

var cdaTotals = regexp.MustCompile(`^errors=(\d+) warnings=(\d+)$`)

// CDACheck runs the official CDA rules on the files, all in one JVM (a second to start: give it every file of a test at
// once). Flags of the checker such as --only=xsd,sm may be mixed in. It needs the shared folder, a JDK and Saxon.
func CDACheck(tb TB, files ...string) CDAReport {
	tb.Helper()
	dir := SharedDir(tb)
	Oracle(tb, "java")
	Oracle(tb, "javac")
	if !haveJar("Saxon-HE*.jar") {
		missing(tb, EnvRequireOracles, "Saxon-HE is not installed (Debian: apt-get install libsaxonhe-java)")
	}
	script := filepath.Join(dir, "validators", "cda", "validate")
	out := run(tb, nil, nil, Oracle(tb, "bash"), append([]string{script}, files...)...)
	if out.ExitCode != 0 && out.ExitCode != 1 {
		tb.Fatalf("CDA checker could not work: %v", out.Err())
		return CDAReport{}
	}
	lines := bytes.Split(bytes.TrimSpace(out.Stdout), []byte("\n"))
	m := cdaTotals.FindSubmatch(bytes.TrimSpace(lines[len(lines)-1]))
	if m == nil {
		tb.Fatalf("CDA checker ended without totals: %s %s", clip(out.Stdout, 2000), clip(out.Stderr, 2000))
		return CDAReport{}
	}
	r := CDAReport{Output: string(out.Stdout)}
	r.Errors, _ = strconv.Atoi(string(m[1]))
	r.Warnings, _ = strconv.Atoi(string(m[2]))
	if (r.Errors == 0) != (out.ExitCode == 0) {
		tb.Fatalf("CDA checker contradicts itself: %d errors, exit status %d", r.Errors, out.ExitCode)
	}
	return r
}

// CDACheckBytes is CDACheck of one document in memory.
func CDACheckBytes(tb TB, xml []byte, flags ...string) CDAReport {
	tb.Helper()
	return CDACheck(tb, append(flags, tempFile(tb, "document.xml", xml))...)
}

// javaLibraries is where Debian installs jar files.
const javaLibraries = "/usr/share/java"

func haveJar(pattern string) bool {
	m, err := filepath.Glob(filepath.Join(javaLibraries, pattern))
	return err == nil && len(m) > 0
}
