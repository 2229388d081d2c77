package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// get fetches images into a folder for each study.
func get(ctx context.Context, s *session, args []string) error {
	var o dicomweb.DownloadOptions
	f := s.flagSet("get", "REF…")
	out := f.String("out", ".", "`folder` in which each study gets a folder")
	f.IntVar(&o.Parallel, "parallel", 0, "`number` of requests at a time (default 4)")
	again := f.Bool("again", false, "fetch what is there already too")
	syntax := f.String("syntax", "", "transfer syntax `UID` to ask for (default: as stored)")
	if err := s.parse(f, args); err != nil {
		return err
	}
	refs, err := references(f.Args())
	if err != nil {
		return err
	}
	o.Resume = !*again
	if *syntax != "" {
		o.Retrieve.TransferSyntaxes = []dicomweb.AcceptedSyntax{{UID: *syntax}}
	}
	var failed error
	for _, ref := range refs {
		o.Dir = filepath.Join(*out, ref.Study)
		if err := s.download(ctx, ref, o); err != nil {
			failed = err
			if !errors.Is(err, errNotAll) {
				break
			}
		}
	}
	return failed
}

// download fetches one study, series or instance.
func (s *session) download(ctx context.Context, ref dicomweb.Ref, o dicomweb.DownloadOptions) error {
	bar, begin := s.newBar("get"), time.Now()
	o.Progress = func(p dicomweb.Progress) { bar.draw(p.Instances, p.Expected, p.Bytes, 0) }
	report, err := s.client.Download(ctx, ref, o)
	bar.clear()
	took := time.Since(begin)
	if report == nil || report.Expected == 0 {
		return err
	}
	if ctx.Err() == nil { // what an interruption left out is clear
		s.missing(report.Missing)
	}
	kept := 0
	for _, d := range report.Files {
		if d.Kept {
			kept++
		}
	}
	state := "complete"
	if !report.Complete() {
		state = "NOT COMPLETE"
	}
	fmt.Fprintf(s.stdout, "%s: %d of %s in %s, %d of them there before; %s in %v, %s\n", state, len(report.Files), plural(report.Expected, "instance"), o.Dir,
		kept, amount(report.Bytes), took.Round(time.Millisecond), rate(report.Bytes, took))
	if report.Unlisted {
		fmt.Fprintln(s.stdout, "the server says that it holds more than it lists")
	}
	if errors.Is(err, segur.ErrPartial) {
		return errNotAll
	}
	return err
}

// named is how many of the missing images are named.
const named = 20

// missing tells what did not come, and why.
func (s *session) missing(list []dicomweb.NotDownloaded) {
	for _, m := range list[:min(len(list), named)] {
		fmt.Fprintf(s.stdout, "missing %s: %v\n", name(m.Ref), m.Err)
	}
	if n := len(list) - named; n > 0 {
		fmt.Fprintf(s.stdout, "missing: and %s\n", plural(n, "other"))
	}
}
