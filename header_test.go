package segur_test

import (
	"testing"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/stretchr/testify/assert"
)

func TestTimestamp(t *testing.T) {
	t.Parallel()
	assert.True(t, segur.Timestamp{}.IsZero())
	at := segur.At(time.Date(2026, 1, 5, 10, 15, 0, 999, time.UTC))
	assert.False(t, at.IsZero())
	assert.Equal(t, segur.ToSecond, at.Precision)
	assert.Zero(t, at.Time.Nanosecond(), "clinical timestamps have no fraction")
}
