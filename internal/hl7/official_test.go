package hl7_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/testkit"
)

// officialMessage is what a message of the guides "CDA in HL7 v2" holds.
type officialMessage struct {
	kind, profile string
	ins           string // of PID-3; empty where there is no patient
	acknowledged  string // MSA-1
	observations  int
}

// Every message of the mail guides is read; a new one fails the test until it
// has its row. Those of DRIM-M are in package interop.
func TestOfficialMessages(t *testing.T) {
	t.Parallel()
	const ins, sending, receiving = "279035121518989", "2.1^CISIS_CDA_HL7_V2", "1.1^CISIS_CDA_HL7_LPS"
	want := map[string]officialMessage{
		"trans-doc/ack-t10.er7":                  {kind: "ACK^T10^ACK", acknowledged: "AA"},
		"trans-doc/mdm-t02-init-short.er7":       {kind: "MDM^T02^MDM_T02", profile: sending, ins: ins, observations: 12},
		"trans-doc/oru-r01-init-n1-n3.hl7":       {kind: "ORU^R01^ORU_R01", profile: sending, ins: ins, observations: 13},
		"trans-doc/zam-z01-reception-dmp-ko.er7": {kind: "ZAM^Z01^ZAM_Z01", profile: sending, observations: 1},
		"trans-doc/zam-z02-reception-mss.er7":    {kind: "ZAM^Z02^ZAM_Z01", profile: sending, observations: 2},
		"trans-doc/zam-z03-lecture-mss.er7":      {kind: "ZAM^Z03^ZAM_Z01", profile: sending, observations: 2},
		"trans-lps/ack-t02.er7":                  {kind: "ACK^T02^ACK", acknowledged: "AA"},
		"trans-lps/ack-t04.er7":                  {kind: "ACK^T04^ACK", acknowledged: "AA"},
		"trans-lps/ack-t10.er7":                  {kind: "ACK^T10^ACK", acknowledged: "AA"},
		"trans-lps/mdm-t02-init-short.er7":       {kind: "MDM^T02^MDM_T02", profile: receiving, ins: ins, observations: 6},
		"trans-lps/mdm-t04-delete.er7.gz":        {kind: "MDM^T04^MDM_T02", profile: receiving, ins: ins, observations: 6},
		"trans-lps/mdm-t10-replace.er7.gz":       {kind: "MDM^T10^MDM_T02", profile: receiving, ins: ins, observations: 6},
	}
	root := testkit.SharedData(t, "mssante/hl7v2")
	if root == "" {
		return
	}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, ".xml") { // the documents are read by package cda
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		row, known := want[rel]
		if assert.True(t, known, "%s has no row", rel) {
			assert.Equal(t, row, readOfficial(t, path), rel)
			delete(want, rel)
		}
		return nil
	}))
	assert.Empty(t, want, "rows without a file")
}

func readOfficial(t *testing.T, path string) (m officialMessage) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		r, err = gzip.NewReader(f)
		require.NoError(t, err)
	}
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	segments, err := hl7.Select(string(text), "MSH", "MSA", "PID", "OBX")
	require.NoError(t, err, path)
	for _, s := range segments {
		switch s.Name {
		case "MSH":
			m.kind, m.profile = s.Field(9), s.Field(21)
		case "MSA":
			m.acknowledged = s.Field(1)
		case "PID":
			m.ins = hl7.ParseCX(s.Repetitions(3)[0]).ID
		case "OBX":
			m.observations++
		}
	}
	return m
}
