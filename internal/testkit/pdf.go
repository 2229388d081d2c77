package testkit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Preflight judges a PDF file against PDF/A-1b with PDFBox Preflight. nil means that it conforms; the error holds the
// violations.
func Preflight(tb TB, file string) error {
	tb.Helper()
	if !havePreflight(tb) {
		return nil
	}
	out := Run(tb, nil, "java", "-Djava.awt.headless=true", "-cp", javaLibraries+"/*",
		"org.apache.pdfbox.preflight.Validator_A1b", file)
	return preflightResult(out, 1)
}

// PreflightAll is Preflight of several PDF files in memory with one start of Java. The error names them by their keys.
func PreflightAll(tb TB, pdfs map[string][]byte) error {
	tb.Helper()
	if !havePreflight(tb) {
		return nil
	}
	dir := tb.TempDir()
	for name, pdf := range pdfs {
		if err := os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o600); err != nil {
			return err
		}
	}
	out := Run(tb, nil, "java", "-Djava.awt.headless=true", "-cp", javaLibraries+"/*",
		"org.apache.pdfbox.preflight.Validator_A1b", "batch", dir)
	return preflightResult(out, len(pdfs))
}

func havePreflight(tb TB) bool {
	tb.Helper()
	Oracle(tb, "java")
	for jar, pkg := range map[string]string{
		"preflight*.jar": "libpdfbox2-java", "pdfbox2*.jar": "libpdfbox2-java",
		"*activation*.jar": "libactivation-java", "jaxb-api*.jar": "libjaxb-api-java",
	} {
		if !haveJar(jar) {
			missing(tb, EnvRequireOracles, "%s is not installed (Debian: apt-get install %s)", jar, pkg)
			return false
		}
	}
	return true
}

// preflightResult reads the verdicts on n files.
func preflightResult(out Output, n int) error {
	all := append(append([]byte{}, out.Stdout...), out.Stderr...)
	if out.ExitCode == 0 && bytes.Count(all, []byte("is a valid PDF/A-1b file")) == n {
		return nil
	}
	return fmt.Errorf("preflight (exit status %d): %s", out.ExitCode, clip(all, 4000))
}

// PreflightBytes is Preflight of a PDF in memory.
func PreflightBytes(tb TB, pdf []byte) error {
	tb.Helper()
	return Preflight(tb, tempFile(tb, "document.pdf", pdf))
}
