package dicomweb_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// sample is the first file of the sample study.
func sample(tb testing.TB) []byte {
	tb.Helper()
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	require.NoError(tb, err)
	return s.Instances[0].File
}

// The sample study is the same at every call, and the judges of the field accept it in both character sets.
func TestSampleStudy(t *testing.T) {
	t.Parallel()
	for _, latin1 := range []bool{false, true} {
		o := dicomwebtest.SampleOptions{Latin1: latin1}
		study, err := dicomwebtest.SampleStudy(o)
		require.NoError(t, err)
		again, err := dicomwebtest.SampleStudy(o)
		require.NoError(t, err)
		require.Len(t, study.Instances, 6)
		series := map[string]bool{}
		for i, inst := range study.Instances {
			assert.True(t, bytes.Equal(inst.File, again.Instances[i].File))
			h, err := dicomweb.Inspect(segur.BytesContent(inst.File))
			require.NoError(t, err)
			assert.Equal(t, inst.Ref, h.Ref())
			series[h.SeriesInstanceUID] = true
			ds, err := dicomweb.ReadDataset(segur.BytesContent(inst.File))
			require.NoError(t, err)
			assert.Equal(t, "FICTIVE-DURAND^CAMILLE", ds.Value(dicomweb.TagPatientName))
			assert.Equal(t, "Scanner thoracique à visée diagnostique", ds.Value(dicomweb.TagStudyDescription))
			assert.Equal(t, segur.NewDate(2026, 1, 15), ds.Date(dicomweb.TagStudyDate))
		}
		assert.Len(t, series, 2)
		dump := testkit.DcmDumpBytes(t, study.Instances[5].File, "+U8")
		assert.Contains(t, dump, "Scanner thoracique à visée diagnostique")
		assert.Contains(t, dump, "Thorax injecté")
		assert.Contains(t, dump, study.UID)
		for line := range strings.SplitSeq(testkit.DCIODVfyBytes(t, study.Instances[0].File), "\n") {
			assert.False(t, strings.HasPrefix(line, "Error"), line)
		}
	}
}
