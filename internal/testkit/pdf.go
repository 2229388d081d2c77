package testkit

import (
	"bytes"
	"fmt"
)

// Preflight judges a PDF file against PDF/A-1b with PDFBox Preflight. nil means that it conforms; the error holds the
// violations.
func Preflight(tb TB, file string) error {
	tb.Helper()
	Oracle(tb, "java")
	for jar, pkg := range map[string]string{
		"preflight*.jar": "libpdfbox2-java", "pdfbox2*.jar": "libpdfbox2-java",
		"*activation*.jar": "libactivation-java", "jaxb-api*.jar": "libjaxb-api-java",
	} {
		if !haveJar(jar) {
			missing(tb, EnvRequireOracles, "%s is not installed (Debian: apt-get install %s)", jar, pkg)
			return nil
		}
	}
	out := Run(tb, nil, "java", "-Djava.awt.headless=true", "-cp", javaLibraries+"/*",
		"org.apache.pdfbox.preflight.Validator_A1b", file)
	all := append(append([]byte{}, out.Stdout...), out.Stderr...)
	if out.ExitCode == 0 && bytes.Contains(all, []byte("is a valid PDF/A-1b file")) {
		return nil
	}
	return fmt.Errorf("preflight (exit status %d): %s", out.ExitCode, clip(all, 4000))
}

// PreflightBytes is Preflight of a PDF in memory.
func PreflightBytes(tb TB, pdf []byte) error {
	tb.Helper()
	return Preflight(tb, tempFile(tb, "document.pdf", pdf))
}
