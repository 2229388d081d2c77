package kos

import "strings"

// Text is the content of the text item of a manifest (concept 113012, "Key Object
// Description"): lines that consumers parse for what the references have no place
// for.
type Text struct {
	// Exam is the Study Description.
	Exam string
	// ActCode and Act are the code, which is seldom there, and the label of the act.
	ActCode, Act string
	// Series has one entry for each series.
	Series []TextSeries
}

// TextSeries is what the text item says of a series.
type TextSeries struct {
	// UID is the Series Instance UID.
	UID string
	// Modality, Region and Description are those of the series. Any may be empty.
	Modality, Region, Description string
}

// oneLine keeps a value on the line it belongs to.
var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func line(s string) string { return strings.TrimSpace(oneLine.Replace(s)) }

// inText is a region as its line holds it: a colon would end it.
func inText(region string) string { return line(strings.ReplaceAll(region, ":", " ")) }

// String writes the text item, each line ended by LF:
//
//	Examen : <exam>
//	Acte = <act>
//	Série-<UID> : <modality> @ <region> : <description>
//
// The code of the act is written before its label only when there is one.
func (t Text) String() string {
	var b strings.Builder
	b.WriteString("Examen : " + line(t.Exam) + "\nActe = ")
	if t.ActCode != "" {
		b.WriteString(line(t.ActCode) + " : ")
	}
	b.WriteString(line(t.Act) + "\n")
	for _, s := range t.Series {
		b.WriteString("Série-" + s.UID + " : " + line(s.Modality) + " @ ")
		if region := inText(s.Region); region != "" {
			b.WriteString(region + " ")
		}
		b.WriteString(": " + line(s.Description) + "\n")
	}
	return b.String()
}

// ParseText reads a text item in any of the forms that are found: "Acte :" or
// "Acte =" with or without a code, "Série-" without its accent or with a damaged
// one, no "@", any number of blanks. Lines that it does not know are passed over.
func ParseText(s string) Text {
	var t Text
	for l := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "Examen"):
			if v, ok := separated(l[len("Examen"):], ":="); ok {
				t.Exam = v
			}
		case strings.HasPrefix(l, "Acte"):
			if v, ok := separated(l[len("Acte"):], "=:"); ok {
				t.ActCode, t.Act = act(v)
			}
		default:
			if series, ok := textSeries(l); ok {
				t.Series = append(t.Series, series)
			}
		}
	}
	return t
}

// separated returns what follows one of the separators that must come first.
func separated(s, separators string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || !strings.Contains(separators, s[:1]) {
		return "", false
	}
	return strings.TrimSpace(s[1:]), true
}

// act splits "code : label": a code has a digit and no blank. What may be the
// beginning of a label, such as "IRM : genou", stays in it.
func act(s string) (code, label string) {
	before, after, ok := strings.Cut(s, ":")
	before = strings.TrimSpace(before)
	switch {
	case !ok, strings.ContainsAny(before, " \t"):
		return "", s
	case before != "" && !strings.Contains(s, " : "): // a colon inside a word
		return "", s
	case before != "" && !strings.ContainsAny(before, "0123456789"):
		return "", s
	}
	return before, strings.TrimSpace(after)
}

// textSeries reads the line of a series.
func textSeries(l string) (TextSeries, bool) {
	var t TextSeries
	i := strings.Index(l, "rie-")
	if i < 1 || i > 5 || l[0] != 'S' && l[0] != 's' {
		return t, false
	}
	rest := l[i+len("rie-"):]
	end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(rest)
	}
	t.UID, rest = rest[:end], rest[end:]
	rest, ok := separated(rest, ":")
	if t.UID == "" || !ok {
		return t, t.UID != ""
	}
	if modality, after, ok := strings.Cut(rest, "@"); ok && !strings.Contains(modality, ":") {
		t.Modality = strings.TrimSpace(modality)
		region, description, _ := strings.Cut(after, ":")
		t.Region, t.Description = strings.TrimSpace(region), strings.TrimSpace(description)
		return t, true
	}
	modality, description, _ := strings.Cut(rest, ":")
	t.Modality, t.Description = strings.TrimSpace(modality), strings.TrimSpace(description)
	return t, true
}

// Text is the text item of the manifest, as [Manifest.Encode] writes it.
func (m *Manifest) Text() Text {
	t := Text{Exam: m.Study.Description, Act: m.Act, Series: make([]TextSeries, len(m.Series))}
	for i, s := range m.Series {
		t.Series[i] = TextSeries{UID: s.UID, Modality: s.Modality, Region: s.Region, Description: s.Description}
	}
	return t
}
