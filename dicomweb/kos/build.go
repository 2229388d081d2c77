package kos

// Build makes the first manifest of a study.
func Build(c Context, rows []Row) (*Manifest, error) { return nil, nil }

// Next makes the next version of the manifest.
func (m *Manifest) Next(c Context, rows []Row) (*Manifest, error) { return nil, nil }
