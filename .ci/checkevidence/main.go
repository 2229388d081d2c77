// Command checkevidence judges what examples/publish-report, examples/consult-record, examples/secure-mail and
// examples/share-images left in their output folders, with tools that are not ours: xmlsec1, xmllint, unzip, dsrdump,
// dciodvfy, dcmdump, PDFBox Preflight and the official CDA checker. It reads MIME, zip, mail and HL7 with the standard
// library only, so that none of the SDK's own readers vouches for the SDK's own writers.
//
//	go run ./.ci/checkevidence -dir OUT [-shared ../shared]
//	go run ./.ci/checkevidence -record OUT
//	go run ./.ci/checkevidence -mail OUT
//	go run ./.ci/checkevidence -images OUT
//
// It prints one line per check and exits 1 when one failed. Without -shared the official CDA rules are not run, and a
// line says so.
package main

import (
	"context"
	"crypto/sha1" //nolint:gosec // XDS metadata use SHA-1 as a checksum
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// operations are the exchanges that the journey must have left, in the order of the journey.
var operations = []string{
	"ins.search", "dicomweb.store", "dicomweb.search", "dicomweb.retrieve",
	"dmp.submit", "dmp.find", "dmp.retrieve", "mssante.send", "mssante.receive",
}

func main() {
	dir := flag.String("dir", "", "output folder of examples/publish-report")
	record := flag.String("record", "", "output folder of examples/consult-record")
	mails := flag.String("mail", "", "output folder of examples/secure-mail")
	images := flag.String("images", "", "output folder of examples/share-images")
	shared := flag.String("shared", "", "folder that holds validators/cda")
	flag.Parse()
	if *dir == "" && *record == "" && *mails == "" && *images == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	work, err := os.MkdirTemp("", "checkevidence")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	c := &checker{dir: *dir, shared: *shared, work: work}
	if *dir != "" {
		c.all()
	}
	if *record != "" {
		c.dir = *record
		c.record()
	}
	if *mails != "" {
		c.dir = *mails
		c.secureMail()
	}
	if *images != "" {
		c.dir = *images
		c.images()
	}
	_ = os.RemoveAll(work)
	fmt.Printf("evidence: %d passed, %d failed\n", c.passed, c.failed)
	if c.failed > 0 || c.passed == 0 {
		os.Exit(1)
	}
}

type checker struct {
	dir, shared, work string
	passed, failed    int

	report, pdf, archive, mail []byte
}

func (c *checker) all() {
	for _, f := range []struct {
		name string
		into *[]byte
	}{{"report.xml", &c.report}, {"report.pdf", &c.pdf}, {"IHE_XDM.ZIP", &c.archive}, {"message.eml", &c.mail}} {
		b, err := os.ReadFile(filepath.Join(c.dir, f.name)) //nolint:gosec // the folder is an argument
		if err == nil && len(b) == 0 {
			err = errors.New("empty")
		}
		*f.into = b
		c.check(f.name+" is there", err)
	}
	for _, op := range operations {
		c.check("exchange "+op, c.exchangePresent(op))
	}
	c.check("no secret in the exchanges", c.noSecrets())
	if c.shared == "" {
		fmt.Println("note  report.xml: no -shared, the official CDA rules were not run")
	} else {
		c.check("report.xml: official CDA rules, errors=0", c.cdaRules())
	}
	c.check("report.xml: carries report.pdf", c.pdfInReport())
	c.check("report.pdf: PDF/A-1b (PDFBox Preflight)", c.preflight())
	c.submission()
	c.check("dmp.retrieve: the document came back as it was sent", c.retrieved("report.xml", c.report))
	c.check("IHE_XDM.ZIP: unzip -t", c.run(nil, "unzip", "-tq", filepath.Join(c.dir, "IHE_XDM.ZIP")))
	c.check("IHE_XDM.ZIP: layout, metadata, report.xml inside", c.xdm())
	c.check("message.eml: headers, IHE_XDM.ZIP attached", c.message())
}

func (c *checker) check(what string, err error) {
	if err != nil {
		c.failed++
		fmt.Printf("FAIL  %s: %v\n", what, err)
		return
	}
	c.passed++
	fmt.Printf("ok    %s\n", what)
}

// run runs a judge; the error holds what it printed.
func (c *checker) run(stdin []byte, tool string, args ...string) error {
	_, err := c.output(stdin, tool, args...)
	return err
}

func (c *checker) output(stdin []byte, tool string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, args...) //nolint:gosec // fixed tools
	cmd.Stdin = strings.NewReader(string(stdin))
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %.2000s", tool, err, stderr.String()+stdout.String())
	}
	return []byte(stdout.String()), nil
}

// temp writes bytes for a judge that wants a file.
func (c *checker) temp(name string, b []byte) string {
	p := filepath.Join(c.work, name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		panic(err)
	}
	return p
}

func (c *checker) cdaRules() error {
	out, err := c.output(nil, "bash", filepath.Join(c.shared, "validators", "cda", "validate"), filepath.Join(c.dir, "report.xml"))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "errors=0 ") {
		return errors.New(last)
	}
	return nil
}

func (c *checker) preflight() error {
	out, err := c.output(nil, "java", "-Djava.awt.headless=true", "-cp", "/usr/share/java/*",
		"org.apache.pdfbox.preflight.Validator_A1b", filepath.Join(c.dir, "report.pdf"))
	if err != nil {
		return err
	}
	if !strings.Contains(string(out), "is a valid PDF/A-1b file") {
		return fmt.Errorf("%.500s", out)
	}
	return nil
}

func sha1hex(b []byte) string {
	s := sha1.Sum(b) //nolint:gosec // see above
	return hex.EncodeToString(s[:])
}
