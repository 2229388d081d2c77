package xds_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

func TestDisplay(t *testing.T) {
	t.Parallel()
	e := xds.DocumentEntry{Status: xds.Approved}
	assert.Empty(t, e.Warnings())
	assert.True(t, e.ShownByDefault())
	e.ConfidentialityCodes = []segur.Code{{Code: "N"}, {Code: string(xds.HiddenFromPatient)}, {Code: string(xds.HiddenFromRepresentatives)}}
	texts := e.Warnings()
	assert.Len(t, texts, 2)
	assert.Contains(t, texts[0].FR, "visible par le patient")
	assert.Contains(t, texts[1].EN, "legal representatives")
	assert.True(t, e.ShownByDefault(), "a filter to offer, not one to apply")
	for _, s := range []xds.Status{xds.Deprecated, xds.Archived, xds.Deleted} {
		e.Status = s
		assert.False(t, e.ShownByDefault())
	}
	summer := segur.At(time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC))
	assert.Equal(t, "2026-07-02 00:30", xds.Local(summer, nil).Time.Format("2006-01-02 15:04"))
	winter := segur.At(time.Date(2026, 1, 1, 22, 30, 0, 0, time.UTC))
	assert.Equal(t, "23:30", xds.Local(winter, nil).Time.Format("15:04"))
	assert.Equal(t, "18:30", xds.Local(winter, time.FixedZone("", -4*3600)).Time.Format("15:04"), "Martinique")
	day := segur.Timestamp{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Precision: segur.ToDay}
	assert.Equal(t, day, xds.Local(day, time.FixedZone("", -4*3600)), "a date stays the date it is")
	assert.True(t, xds.Local(segur.Timestamp{}, nil).IsZero())
}
