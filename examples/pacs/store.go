package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// store sends files, and tells what became of each that is not stored as it was
// sent.
func store(ctx context.Context, s *session, args []string) error {
	var o dicomweb.StoreOptions
	f := s.flagSet("store", "PATH…")
	f.IntVar(&o.Parallel, "parallel", 0, "`number` of requests at a time (default 4)")
	f.IntVar(&o.BatchInstances, "batch", 0, "`number` of instances in a request (default 50)")
	f.StringVar(&o.Study, "study", "", "refuse files of another study than this `UID`")
	quiet := f.Bool("quiet", false, "do not name the files of folders that are no DICOM files")
	if err := s.parse(f, args); err != nil {
		return err
	}
	files, bad, err := s.open(f.Args(), *quiet)
	if err != nil {
		return err
	}
	var size int64
	for _, file := range files {
		size += file.Size()
	}
	bar, begin := s.newBar("store"), time.Now()
	o.Progress = func(p dicomweb.StoreProgress) { bar.draw(p.Instances, len(files), p.Bytes, size) }
	counts := map[dicomweb.StoreOutcome]int{}
	seen, held := 0, 0
	for r, e := range s.client.StoreAll(ctx, dicomweb.Contents(files), o) {
		if e != nil && !errors.Is(e, segur.ErrPartial) {
			err = e
		}
		if e != nil { // the last pair holds an error and no instance
			continue
		}
		seen++
		counts[r.Outcome]++
		if r.Outcome.OK() {
			held++
		}
		if r.Outcome != dicomweb.Stored && r.Outcome != dicomweb.AlreadyStored && ctx.Err() == nil { // what an interruption left out is counted
			bar.clear()
			fmt.Fprintf(s.stdout, "%s: %v%s\n", files[r.Index].Path, r.Outcome, why(r))
		}
	}
	bar.clear()
	took := time.Since(begin)
	_, sent := bar.told()
	fmt.Fprintf(s.stdout, "%d of %s stored, %s in %v, %s%s\n", held, plural(len(files), "instance"), amount(sent), took.Round(time.Millisecond),
		rate(sent, took), others(counts, len(files)-seen))
	switch {
	case err != nil:
		return err
	case held < len(files) || bad > 0:
		return errNotAll
	}
	return nil
}

// open opens the files to send. bad counts those that should have been sent and
// cannot be: the caller named them, or they are cut.
func (s *session) open(paths []string, quiet bool) (files []*dicomweb.File, bad int, err error) {
	if len(paths) == 0 {
		return nil, 0, usage("which files or folders?")
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, 0, usage("%w", err)
		}
		if !info.IsDir() {
			file, err := dicomweb.OpenFile(p)
			if err != nil {
				fmt.Fprintf(s.stdout, "%s: not sent: %v\n", p, err)
				bad++
				continue
			}
			files = append(files, file)
			continue
		}
		found, skipped, err := dicomweb.OpenDir(p)
		if err != nil {
			return nil, 0, err
		}
		files = append(files, found...)
		for _, f := range skipped {
			cut := errors.Is(f.Err, segur.ErrTruncated)
			if cut {
				bad++
			}
			if cut || !quiet {
				fmt.Fprintf(s.stdout, "%s: not sent: %v\n", f.Path, f.Err)
			}
		}
	}
	if len(files) == 0 {
		return nil, 0, usage("there is no DICOM file to send")
	}
	return files, bad, nil
}

// why says what is known of an outcome.
func why(r dicomweb.InstanceResult) string {
	switch {
	case r.Reason != 0:
		return fmt.Sprintf(" (%v: %s)", r.Reason, r.Reason.Text().EN)
	case r.Err != nil:
		return fmt.Sprintf(" (%v)", r.Err)
	}
	return ""
}

// others counts what is not simply stored.
func others(counts map[dicomweb.StoreOutcome]int, unsaid int) string {
	text := ""
	for _, o := range []dicomweb.StoreOutcome{dicomweb.StoredWithWarning, dicomweb.AlreadyStored, dicomweb.Found, dicomweb.Failed, dicomweb.Invalid,
		dicomweb.NotSent, dicomweb.Unaccounted} {
		n := counts[o]
		if o == dicomweb.NotSent {
			n += unsaid
		}
		if n > 0 {
			text += fmt.Sprintf("; %d %v", n, o)
		}
	}
	return text
}
