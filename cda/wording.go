package cda

import (
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
)

// wording is the language of what is shown to people, on a page or on paper:
// "en", else French.
type wording string

// say chooses a label.
func (w wording) say(fr, en string) string {
	if w == "en" {
		return en
	}
	return fr
}

func (w wording) sex(s segur.Sex) string {
	switch s {
	case segur.Female:
		return w.say("Féminin", "Female")
	case segur.Male:
		return w.say("Masculin", "Male")
	case "":
		return ""
	}
	return w.say("Indéterminé", "Indeterminate")
}

// date writes what is known of a date: 14/03/1985, 03/1985, 1985; in English
// 1985-03-14, since 03/04 is read in two ways there.
func (w wording) date(d segur.Date) string {
	switch {
	case d.IsZero():
		return ""
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return w.say(fmt.Sprintf("%02d/%04d", d.Month, d.Year), fmt.Sprintf("%04d-%02d", d.Year, d.Month))
	}
	return w.say(fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year), d.ISO())
}

// day is the date of a time, as it is written in the document.
func (w wording) day(t segur.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	d := dayOf(t.Time)
	switch t.Precision {
	case segur.ToYear:
		d.Month, d.Day = 0, 0
	case segur.ToMonth:
		d.Day = 0
	}
	return w.date(d)
}

// together puts the texts that are not empty together.
func together(between string, texts ...string) string {
	var out []string
	for _, s := range texts {
		if s = clean(s); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, between)
}

// withCode is a text with another in brackets; one of both alone stands without.
func withCode(text, code string) string {
	if text == "" || code == "" {
		return text + code
	}
	return text + " (" + code + ")"
}
