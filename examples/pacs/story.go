package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// story plays each command on a fake, in a temporary folder.
func (s *session) story(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "pacs")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fake := dicomwebtest.NewServer()
	defer fake.Close()
	return s.play(ctx, fake, dir)
}

func (s *session) play(ctx context.Context, fake *dicomwebtest.Server, dir string) (err error) {
	if s.client, err = dicomweb.New(fake.Config()); err != nil {
		return err
	}
	exam, out := filepath.Join(dir, "exam"), filepath.Join(dir, "out")
	var studies []*dicomwebtest.Study
	for i, o := range samples() {
		study, err := dicomwebtest.SampleStudy(o)
		if err != nil {
			return err
		}
		folder := filepath.Join(exam, fmt.Sprint(i+1))
		if err := errors.Join(os.MkdirAll(folder, 0o700), study.WriteDir(folder)); err != nil {
			return err
		}
		studies = append(studies, study)
	}
	if err := os.WriteFile(filepath.Join(exam, "readme.txt"), []byte("not an image\n"), 0o600); err != nil {
		return err
	}
	first := studies[0].Instances[0].Ref
	study := dicomweb.Ref{Study: first.Study}
	series := dicomweb.Ref{Study: first.Study, Series: first.Series}
	last := studies[0].Instances[len(studies[0].Instances)-1].Ref

	fmt.Fprintln(s.stdout, "Every command on a fake server, with fictional patients.")
	for _, step := range []struct {
		says   string
		before func()
		short  bool // not everything is done, as it must be
		args   []string
	}{
		{says: "what the server has", args: []string{"probe"}},
		{says: "two examinations, and a file that is none", args: []string{"store", exam}},
		{says: "who is there", args: []string{"find"}},
		{says: "wildcards, dates", args: []string{"find", "-name", "FICTIVE-*", "-from", "2026-01-01", "-modality", "CT"}},
		{says: "a study", args: []string{"show", name(study)}},
		{says: "its series, as rows", args: []string{"find", "-level", "series", "-study", first.Study}},
		{says: "an image for the screen", args: []string{"show", "-image", filepath.Join(dir, "image.jpg"), name(first)}},
		{says: "the server withholds an image: what came is kept, and nobody says that it is all",
			before: func() {
				fake.SetQuirks(dicomwebtest.Quirks{Withhold: []string{last.Instance}})
				fake.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpRetrieve, After: 2, Status: 404})
			}, short: true, args: []string{"get", "-parallel", "1", "-out", out, name(study)}},
		{says: "again: only what is missing is fetched", before: func() { fake.SetQuirks(dicomwebtest.Quirks{}) }, args: []string{"get", "-out", out, name(study)}},
		{says: "back to the server: it has them", args: []string{"store", "-batch", "5", filepath.Join(out, first.Study)}},
		{says: "a series goes", args: []string{"rm", "-yes", name(series)}},
		{says: "what is left", args: []string{"show", name(study)}},
		{says: "all goes", args: []string{"rm", "-yes", name(study), studies[1].UID}},
		{says: "nothing is left", args: []string{"find"}},
	} {
		if step.before != nil {
			step.before()
		}
		fmt.Fprintf(s.stdout, "\n# %s\n$ pacs %s\n", step.says, strings.ReplaceAll(strings.Join(step.args, " "), dir+string(filepath.Separator), ""))
		all := commands()
		at := slices.IndexFunc(all, func(c command) bool { return c.name == step.args[0] })
		err := all[at].run(ctx, s, step.args[1:])
		if step.short && errors.Is(err, errNotAll) {
			continue
		}
		if err != nil {
			return err
		}
		if step.short {
			return fmt.Errorf("%s: a short study was called complete", step.args[0])
		}
	}
	return nil
}
