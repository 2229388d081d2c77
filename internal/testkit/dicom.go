package testkit

// DcmDump returns dcmtk's text dump of a DICOM file, with values in full and names of attributes. A file that dcmtk
// refuses fails the test.
func DcmDump(tb TB, file string, flags ...string) string {
	tb.Helper()
	args := append([]string{"+L", "-q"}, flags...)
	out := Run(tb, nil, "dcmdump", append(args, file)...)
	if err := out.Err(); err != nil {
		tb.Fatalf("dcmdump: %v", err)
	}
	return string(out.Stdout)
}

// DcmDumpBytes is DcmDump of a file in memory.
func DcmDumpBytes(tb TB, dicom []byte, flags ...string) string {
	tb.Helper()
	return DcmDump(tb, tempFile(tb, "object.dcm", dicom), flags...)
}

// DCIODVfyBytes returns the messages of dicom3tools' conformance checker (lines starting with Error or Warning).
func DCIODVfyBytes(tb TB, dicom []byte) string {
	tb.Helper()
	out := Run(tb, nil, "dciodvfy", tempFile(tb, "object.dcm", dicom))
	return string(out.Stdout) + string(out.Stderr)
}
