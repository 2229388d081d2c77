package cda

// Checked returns the completed report, for measures.
func (w *Writer) Checked(r Report) Report {
	c := w.checker(false)
	r.ID, r.SetID.Root = "1.2.250.1.999.5.1", "1.2.250.1.999.5.2"
	return c.report(r)
}

// WriteXML writes a completed report, without its PDF, for measures.
func WriteXML(r Report) []byte {
	b, _, err := level1XML(&r)
	if err != nil {
		panic(err)
	}
	return b
}

// WriteLevel3 gives what writes a completed structured report, without a PDF,
// for measures.
func (w *Writer) WriteLevel3(r Report, s Sections) func() []byte {
	c := w.checker(false)
	filled := w.Checked(r)
	sections := c.sections(s, &filled)
	c.contents(&sections)
	return func() []byte {
		b, err := w.level3(&filled, &sections, c.media).document([32]byte{})
		if err != nil {
			panic(err)
		}
		return w.torn(b)
	}
}
