package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// oracleTimeout bounds every external command: generous, since a loaded two-core machine starts a JVM slowly.
const oracleTimeout = 2 * time.Minute

// debianPackage names the Debian package that installs a tool: .ci/run installs all of them but that of node, whose test
// is run by hand.
var debianPackage = map[string]string{
	"xmllint":   "libxml2-utils",
	"xmlsec1":   "xmlsec1",
	"xsltproc":  "xsltproc",
	"dcmdump":   "dcmtk",
	"dcm2json":  "dcmtk",
	"dump2dcm":  "dcmtk",
	"dsrdump":   "dcmtk",
	"dciodvfy":  "dicom3tools",
	"java":      "default-jdk-headless",
	"javac":     "default-jdk-headless",
	"unzip":     "unzip",
	"pdftoppm":  "poppler-utils",
	"pdftotext": "poppler-utils",
	"pdfinfo":   "poppler-utils",
	"dmtxread":  "dmtx-utils",
	"dmtxwrite": "dmtx-utils",
	"Orthanc":   "orthanc",
	"dovecot":   "dovecot-imapd",
	"doveadm":   "dovecot-imapd",
	"postfix":   "postfix",
	"postconf":  "postfix",
	"nginx":     "nginx-light",
	"openssl":   "openssl",
	"curl":      "curl",
	"bash":      "bash",
	"python3":   "python3",
	"node":      "nodejs",
}

// Oracle returns the path of an external judge. When it is not installed the test is skipped with the name of the
// Debian package, or fails when SEGUR_REQUIRE_ORACLES=1.
func Oracle(tb TB, tool string) string {
	tb.Helper()
	if filepath.IsAbs(tool) { // found already
		return tool
	}
	pkg, ok := debianPackage[tool]
	if !ok {
		tb.Fatalf("%s: no Debian package is named for it", tool)
		return ""
	}
	if p, err := exec.LookPath(tool); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} { // daemons are not on a user's PATH
		if p, err := exec.LookPath(filepath.Join(dir, tool)); err == nil {
			return p
		}
	}
	missing(tb, EnvRequireOracles, "%s is not installed (Debian: apt-get install %s)", tool, pkg)
	return ""
}

// Python returns the interpreter of Debian, which has the modules that Debian's packages install ("python3-" and the name of
// the module); one that stands before it on the PATH may not. It is an [Oracle].
func Python(tb TB, module string) string {
	tb.Helper()
	const path = "/usr/bin/python3"
	if exec.CommandContext(tb.Context(), path, "-c", "import "+module).Run() == nil { //nolint:gosec // the modules that our tests name
		return path
	}
	missing(tb, EnvRequireOracles, "Python's %s is not installed (Debian: apt-get install python3-%[1]s)", module)
	return ""
}

// Output is what an external judge printed.
type Output struct {
	Stdout, Stderr []byte
	ExitCode       int // 0 when it succeeded
}

// Err is nil when the command succeeded; else it carries the exit code and what was printed.
func (o Output) Err() error {
	if o.ExitCode == 0 {
		return nil
	}
	return fmt.Errorf("exit status %d: %s", o.ExitCode, clip(append(append([]byte{}, o.Stderr...), o.Stdout...), 4000))
}

// Run runs an external judge, found by Oracle, with a time limit and returns what it printed. A non-zero exit is data
// (Output.ExitCode); a command that could not be started or did not end in time fails the test.
func Run(tb TB, stdin []byte, tool string, args ...string) Output {
	tb.Helper()
	return run(tb, stdin, nil, Oracle(tb, tool), args...)
}

func run(tb TB, stdin []byte, env []string, path string, args ...string) Output {
	tb.Helper()
	if path == "" { // a recording TB of our own tests does not stop at Skipf
		return Output{ExitCode: -1}
	}
	ctx, cancel := context.WithTimeout(tb.Context(), oracleTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // the tools that the table above names
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second // a grandchild holding the pipe must not hang the test
	if len(env) > 0 {
		cmd.Env = append(os.Environ(), env...)
	}
	err := cmd.Run()
	out := Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		tb.Fatalf("%s %s did not end: %v", filepath.Base(path), strings.Join(args, " "), ctx.Err())
	case errors.As(err, &exit):
		out.ExitCode = exit.ExitCode()
	case err != nil:
		tb.Fatalf("%s could not be run: %v", filepath.Base(path), err)
	}
	return out
}

// tempFile writes data in a folder of the test and returns its path.
func tempFile(tb TB, name string, data []byte) string {
	tb.Helper()
	p := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(p, data, 0o600); err != nil {
		tb.Fatalf("write %s: %v", name, err)
	}
	return p
}

func clip(b []byte, n int) string {
	b = bytes.TrimSpace(b)
	if len(b) > n {
		return string(b[:n]) + " ..."
	}
	return string(b)
}
