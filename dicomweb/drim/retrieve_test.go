package drim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

func TestRetrieve(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	a, z := newSite(t, pki, 1, 2, 3), newSite(t, pki, 2, 1, 1)
	b := newBench(t, pki, nil, a, z)
	var kept basket
	var last drim.RetrieveProgress
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &kept, Progress: func(p drim.RetrieveProgress) { last = p }})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	assert.Equal(t, 7, report.Count(drim.ImageReceived))
	assert.Equal(t, 7, last.Received)
	assert.Equal(t, 7, last.Expected)
	kept.requireFiles(t, append(a.study.Instances, z.study.Instances...)...)
}
