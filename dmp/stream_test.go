package dmp_test

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// TestPromiseLargeSubmission prepares, stores and sends documents that fill no
// memory, and looks at the heap. SEGUR_BENCH=1 makes them 500 MiB together; an
// ordinary run a smaller lot, under the same bound.
func TestPromiseLargeSubmission(t *testing.T) { //nolint:paralleltest // the heap is that of the process
	if testing.Short() || stride > 1 {
		t.Skip("a measurement: neither with -short nor with the race detector")
	}
	size := int64(12 << 20)
	if os.Getenv("SEGUR_BENCH") != "" {
		size = 500 << 20
	}
	ctx := context.Background()
	srv := fake(t)
	target := sink(t, srv.PKI())
	client := newClient(t, srv, func(c *dmp.Config) {
		c.Endpoint = target.URL
		c.Settings.MaxDocumentBytes, c.Settings.MaxSubmissionBytes = size, size+1<<20
	})
	report := newReport(t)
	xml := repeated{head: `<ClinicalDocument xmlns="urn:hl7-org:v3">` + recordTarget(dmptest.Patient().INS) + `<text>`, unit: "QUJDREVGR0g=", times: size / 12 / 2, tail: "</text></ClinicalDocument>"}
	dicom := repeated{head: string(contentOf(t, sampleKOS())), unit: "0123456789abcdef", times: size / 16 / 2}
	submission := dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation, Documents: []dmp.SubmissionDocument{
		{Document: segur.NewDocument(xml, report.Header())}, {Content: dicom, Entry: kosEntry(report)},
	}}
	var sealed *dmp.Sealed
	var err error
	prepare := peakHeap(func() { sealed, err = client.Prepare(ctx, submission) })
	require.NoError(t, err)
	store := peakHeap(func() { err = sealed.Encode(io.Discard) })
	require.NoError(t, err)
	send := peakHeap(func() { _, err = client.Submit(ctx, sealed) })
	require.NoError(t, err)
	total := xml.Size() + dicom.Size()
	t.Logf("%d MiB: peak heap +%.1f MiB to prepare, +%.1f to store, +%.1f to send", total>>20, prepare, store, send)
	for _, rise := range []float64{prepare, store, send} {
		assert.Less(t, rise, 8.0, "MiB")
	}
}
