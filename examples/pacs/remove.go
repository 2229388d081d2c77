package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// remove deletes, once somebody confirmed it.
func remove(ctx context.Context, s *session, args []string) error {
	f := s.flagSet("rm", "REF…")
	yes := f.Bool("yes", false, "do not ask")
	if err := s.parse(f, args); err != nil {
		return err
	}
	refs, err := references(f.Args())
	if err != nil {
		return err
	}
	if !*yes && !s.keyboard {
		return usage("rm asks before it deletes, on a terminal; elsewhere say -yes")
	}
	answers := make(chan string)
	if !*yes {
		done := make(chan struct{})
		defer close(done)
		go s.lines(answers, done)
	}
	gone := 0
	for _, ref := range refs {
		if !*yes {
			if err := s.describe(ctx, ref); err != nil {
				return err
			}
			fmt.Fprint(s.stderr, "delete it for good? (yes/no) ")
			answer, err := s.answer(ctx, answers)
			if err != nil {
				return err
			}
			if answer != "yes" {
				fmt.Fprintf(s.stdout, "kept %s\n", name(ref))
				continue
			}
		}
		if err := s.client.Delete(ctx, ref); err != nil {
			if !errors.Is(err, segur.ErrNotFound) {
				return err
			}
			fmt.Fprintf(s.stdout, "not there: %s\n", name(ref))
			continue
		}
		gone++
		fmt.Fprintf(s.stdout, "deleted %s\n", name(ref))
	}
	if gone < len(refs) {
		return errNotAll
	}
	return nil
}

// describe says what is about to be deleted.
func (s *session) describe(ctx context.Context, ref dicomweb.Ref) error {
	if ref.Instance == "" {
		return s.outline(ctx, dicomweb.Ref{Study: ref.Study, Series: ref.Series})
	}
	fmt.Fprintf(s.stdout, "instance %s\n", name(ref))
	return nil
}

// lines gives what is typed, and closes answers at its end. An interrupted
// program does not wait for it.
func (s *session) lines(answers chan<- string, done <-chan struct{}) {
	defer close(answers)
	typed := bufio.NewScanner(s.stdin)
	for typed.Scan() {
		select {
		case answers <- strings.TrimSpace(typed.Text()):
		case <-done:
			return
		}
	}
}

// answer waits for a line, or an interruption.
func (s *session) answer(ctx context.Context, answers <-chan string) (string, error) {
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		fmt.Fprintln(s.stderr)
		return "", ctx.Err()
	}
}
