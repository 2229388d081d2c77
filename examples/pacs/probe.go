package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// probe tells which services the server has.
func probe(ctx context.Context, s *session, args []string) error {
	f := s.flagSet("probe", "")
	if err := s.parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return usage("probe takes no arguments")
	}
	found, err := s.client.Probe(ctx)
	if err != nil {
		return err
	}
	for _, service := range []struct {
		name   string
		answer dicomweb.ServiceAnswer
	}{{"search (QIDO-RS)", found.Search}, {"worklists (UPS-RS)", found.Worklist}, {"description (OPTIONS)", found.Description}} {
		line := fmt.Sprintf("%-22s %s", service.name, service.answer.Support)
		if service.answer.Status != 0 {
			line += fmt.Sprintf(" (%d)", service.answer.Status)
		}
		if service.answer.Support == dicomweb.SupportUnknown && service.answer.Err != nil {
			line += ": " + service.answer.Err.Error()
		}
		fmt.Fprintln(s.stdout, line)
	}
	for _, r := range found.Resources {
		fmt.Fprintln(s.stdout, printable(fmt.Sprintf("  %-58s %s", r.Path, strings.Join(r.Methods, " "))))
	}
	return nil
}
