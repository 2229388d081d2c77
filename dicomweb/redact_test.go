package dicomweb_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// What a caller may print or log on the way tells nothing of the patient.
func TestPrintedForms(t *testing.T) {
	t.Parallel()
	head, err := dicomweb.ReadHead(bytes.NewReader(sample(t)))
	require.NoError(t, err)
	require.NotEmpty(t, head.PatientName)
	m := dicomweb.Equal(dicomweb.TagPatientID, "IPP-0001")
	ds := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientName, "FICTIVE-DURAND^CAMILLE"))
	values := []any{
		*head, ds, *ds, dicomweb.Study{Description: "FICTIVE-DURAND", Attributes: ds}, dicomweb.Series{Description: "FICTIVE-DURAND"},
		dicomweb.InstanceRow{Patient: dicomweb.Subject{Name: "FICTIVE-DURAND"}, Attributes: ds},
		dicomweb.Text(dicomweb.TagPatientName, "FICTIVE-DURAND^CAMILLE"), m, []dicomweb.Match{m}, head,
		dicomweb.Query{PatientID: "IPP-0001", PatientName: "FICTIVE*", Match: []dicomweb.Match{m}},
		dicomweb.WorkitemQuery{PatientID: "IPP-0001", PatientName: "FICTIVE*"},
		dicomweb.CancelRequest{UID: "1.2", Reason: "FICTIVE-DURAND est partie", ContactName: "CAMILLE"},
		dicomweb.Workitem{PatientName: "FICTIVE-DURAND"}, dicomweb.Subscription{Match: []dicomweb.Match{m}},
		dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, "FICTIVE-DURAND")), dicomweb.Bulk{Data: []byte("FICTIVE-DURAND")},
		&dicomweb.File{Path: "/images/FICTIVE-DURAND.dcm"}, dicomweb.Skipped{Path: "/images/FICTIVE-DURAND.dcm"},
	}
	assertPublicText(t, values...)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, v := range values {
		logger.Info("x", "value", v)
	}
	for _, p := range private {
		assert.NotContains(t, log.String(), p)
	}
}

// The name of the folder is the caller's, and often the patient's: no error holds it.
func TestSaveErrorsHoldNoPath(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 920, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	add(t, srv, s)
	dir := filepath.Join(t.TempDir(), "FICTIVE-DURAND CAMILLE")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, s.Instances[0].Ref.Instance+".dcm", "x"), 0o700)) // a folder where the file must go
	inst, err := client.RetrieveInstance(t.Context(), s.Instances[0].Ref)
	require.NoError(t, err)
	_, err = inst.SaveTo(dir)
	requireCode(t, err, dicomweb.CodeCannotWrite)
	_ = inst.Close()
	for ; err != nil; err = errors.Unwrap(err) {
		assertPublic(t, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".segur-*.part"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
