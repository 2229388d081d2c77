// Command pacs stores, finds, fetches, shows and deletes images on any DICOMweb
// server, or searches and reads a folder as if it were one (-dicom). Without -url
// it talks to a fake with fictional studies; without any argument it plays each command in turn on that fake, an incident included.
//
//	go run ./examples/pacs
//	go run ./examples/pacs -url https://pacs.example/dicom-web store exam/ image.dcm
//	go run ./examples/pacs -url … find -patient IPP-0001 -from 2026-01-01
//	go run ./examples/pacs -url … get -out images/ 1.2.250.1.999.3
//	go run ./examples/pacs -url … show 1.2.250.1.999.3/1.2.250.1.999.4
//	go run ./examples/pacs -url … rm 1.2.250.1.999.3
//	go run ./examples/pacs -url … probe
//	go run ./examples/pacs -dicom exam/ find
//
// Flags of the server come before the command, those of the command after it:
// "pacs -help", "pacs find -help". A study, a series or an instance is written
// STUDY, STUDY/SERIES or STUDY/SERIES/INSTANCE, or as the URL that a server
// gives.
//
// The exit status is 0 when everything that was asked was done, 1 when it was
// not or only in part, 2 for a command that cannot be understood, 130 when
// interrupted; get goes on from there when it is called again. A progress bar is
// shown on a terminal only, and rows are broken at 80 columns there: elsewhere a
// row is a line, whose last word is the reference. What is found and shown is
// patient data; error messages hold none.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// exit statuses beyond 0.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// session is one call of the program.
type session struct {
	client         *dicomweb.Client
	stdin          io.Reader
	stdout, stderr io.Writer
	// screen: stderr is a terminal, which may be shown a bar.
	screen bool
	// keyboard: stdin is a terminal, where a question can be asked.
	keyboard bool
	// narrow: stdout is a terminal, where rows are broken at 80 columns.
	narrow bool
}

type command struct {
	name, arguments, help string
	run                   func(context.Context, *session, []string) error
}

func commands() []command {
	return []command{
		{"store", "PATH…", "send DICOM files, and those below folders", store},
		{"find", "", "search studies, series or instances", find},
		{"get", "REF…", "fetch studies, series or instances into a folder; again: what is missing", get},
		{"show", "REF", "tell what a study or a series holds, or the attributes of an instance", show},
		{"probe", "", "tell which services the server has", probe},
		{"rm", "REF…", "delete studies, series or instances", remove},
	}
}

// usageError is a command that cannot be understood.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errNotAll is the end of a command that told already what it could not do.
var errNotAll = errors.New("not everything was done")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second interruption ends the program at once
	s := &session{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, screen: terminal(os.Stderr), keyboard: terminal(os.Stdin), narrow: terminal(os.Stdout)}
	err := s.main(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	os.Exit(s.status(err, interrupted))
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// status tells an error, and returns the exit status.
func (s *session) status(err error, interrupted bool) int {
	bad := usageError{}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case interrupted:
		fmt.Fprintln(s.stderr, "pacs: interrupted")
		return exitInterrupted
	case errors.Is(err, errNotAll):
		return exitFailed
	}
	fmt.Fprintln(s.stderr, "pacs:", err)
	if errors.As(err, &bad) {
		return exitUsage
	}
	if e := (*segur.Error)(nil); errors.As(err, &e) {
		fmt.Fprintln(s.stderr, "  "+e.Explain(segur.EN))
	}
	return exitFailed
}

// main reads the flags of the server, connects, and runs a command, or the
// story when there is none.
func (s *session) main(ctx context.Context, args []string) error {
	var where server
	f := flag.NewFlagSet("pacs", flag.ContinueOnError)
	where.flags(f)
	f.Usage = func() {
		fmt.Fprintln(s.stderr, "pacs [flags of the server] COMMAND [flags] …\n\nCommands (\"pacs COMMAND -help\" tells more); none: all of them, on a fake:")
		for _, c := range commands() {
			fmt.Fprintf(s.stderr, "  %-6s %-7s %s\n", c.name, c.arguments, c.help)
		}
		fmt.Fprintln(s.stderr, "\nFlags of the server; none: a fake with fictional studies")
		f.PrintDefaults()
	}
	if err := s.parse(f, args); err != nil {
		return err
	}
	if f.NArg() == 0 {
		if where.given() {
			return usage("there is no command: see pacs -help")
		}
		return s.story(ctx)
	}
	all := commands()
	at := slices.IndexFunc(all, func(c command) bool { return c.name == f.Arg(0) })
	if at < 0 {
		return usage("there is no command %q: see pacs -help", f.Arg(0))
	}
	if slices.ContainsFunc(f.Args()[1:], func(a string) bool { return a == "-h" || a == "-help" || a == "--help" }) {
		return all[at].run(ctx, s, f.Args()[1:]) // needs no server
	}
	closing, err := where.connect(s)
	if err != nil {
		return err
	}
	defer closing()
	return all[at].run(ctx, s, f.Args()[1:])
}

// parse reads flags. The help is shown to who asks for it; a wrong flag is told
// by itself, so that it is not lost above the help.
func (s *session) parse(f *flag.FlagSet, args []string) error {
	help := f.Usage
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	err := f.Parse(args)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(s.stderr)
		help()
		return err
	}
	return usage("%w: see %s -help", err, f.Name())
}

// flagSet makes the flags of a command.
func (s *session) flagSet(name, arguments string) *flag.FlagSet {
	f := flag.NewFlagSet("pacs "+name, flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(s.stderr, strings.TrimSpace("pacs [flags of the server] "+name+" [flags] "+arguments))
		f.PrintDefaults()
	}
	return f
}

// reference reads STUDY[/SERIES[/INSTANCE]] or a URL.
func reference(text string) (dicomweb.Ref, error) {
	if strings.Contains(text, "/studies/") {
		_, ref, err := dicomweb.SplitURL(text)
		if err != nil {
			return ref, usageError{err}
		}
		return ref, nil
	}
	parts := strings.Split(text, "/")
	for _, p := range parts {
		if len(parts) > 3 || !dicomweb.ValidUID(p) {
			return dicomweb.Ref{}, usage("%q is not STUDY, STUDY/SERIES or STUDY/SERIES/INSTANCE", text)
		}
	}
	parts = append(parts, "", "")
	return dicomweb.Ref{Study: parts[0], Series: parts[1], Instance: parts[2]}, nil
}

// references reads the arguments of a command that needs some.
func references(args []string) ([]dicomweb.Ref, error) {
	if len(args) == 0 {
		return nil, usage("which study, series or instance?")
	}
	refs := make([]dicomweb.Ref, len(args))
	for i, a := range args {
		ref, err := reference(a)
		if err != nil {
			return nil, err
		}
		refs[i] = ref
	}
	return refs, nil
}

// name is a reference as it is given to the program.
func name(ref dicomweb.Ref) string {
	return strings.TrimRight(ref.Study+"/"+ref.Series+"/"+ref.Instance, "/")
}
