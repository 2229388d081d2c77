package cda

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// words is what a reader sees of the site. The side or part is always said: on a
// technique the rules of 2024.01 have no code for it.
func (s Site) words() string {
	switch said := cmp.Or(s.Words, s.Code.Display); {
	case s.Modifier.IsZero(), s.Words != "" && says(s.Words, s.Modifier.Display):
		return said
	default:
		return said + ", " + s.Modifier.Display
	}
}

// says reports whether a text has a word that begins with the label of a side
// or part, the mark of its feminine left out: "antérieur(e)".
func says(text, label string) bool {
	label, _, _ = strings.Cut(strings.ToLower(label), "(")
	text = strings.ToLower(text)
	for label != "" {
		at := strings.Index(text, label)
		if at < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(strings.TrimLeft(text[at+len(label):], "es"))
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		text = text[at+len(label):]
	}
	return false
}

var (
	opposite  = map[string]string{SiteLeft: SiteRight, SiteRight: SiteLeft}
	sideLabel = map[string]string{SiteLeft: "gauche", SiteRight: "droit"}
)

// contradicts reports whether the words say the other side only.
func (s Site) contradicts() bool {
	side, other := sideLabel[s.Modifier.Code], sideLabel[opposite[s.Modifier.Code]]
	return side != "" && says(s.Words, other) && !says(s.Words, side)
}

// sideOf reads the side of an act in its French label, which the value set
// writes after a dash: "RM genou - gauche".
func sideOf(label string) string {
	left, right := strings.Contains(label, " - gauche"), strings.Contains(label, " - droit")
	switch {
	case left && !right:
		return SiteLeft
	case right && !left:
		return SiteRight
	}
	return ""
}

// says reports whether the narrative has the label of a side or part.
func (n Narrative) says(label string) bool {
	return slices.ContainsFunc(n.nodes, func(e node) bool { return says(e.text, label) || Narrative{nodes: e.nodes}.says(label) })
}

// coded reports whether the code of a technique may have that modifier.
func (c *checker) coded(modifier segur.Code) bool {
	_, accepted := c.tables.of(nos.TechniqueLaterality).Lookup(modifier.Code)
	return accepted || c.cfg.TopographicModifiers
}
