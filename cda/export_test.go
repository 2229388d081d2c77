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
