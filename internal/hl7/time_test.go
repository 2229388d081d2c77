package hl7_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

func TestCDATimeToXDS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, cda, xds string }{
		{"winter", "20260105111500+0100", "20260105101500"},
		{"summer", "20260705111500+0200", "20260705091500"},
		{"day before in UTC", "20260105003000+0100", "20260104233000"},
		{"year before in UTC", "20260101003000+0100", "20251231233000"},
		{"Martinique", "20260105111500-0400", "20260105151500"},
		{"UTC", "20260105111500+0000", "20260105111500"},
		{"half hour zone", "20260105111500+0530", "20260105054500"},
		{"to the minute", "202601051115+0100", "20260105101500"},
		{"to the hour", "2026010511+0100", "20260105100000"},
		{"date only is not converted", "20260105", "20260105"},
		{"date with a useless offset", "20260105+0100", "20260105"},
		{"month", "202601", "202601"},
		{"year", "2026", "2026"},
		{"fraction dropped", "20260105111500.123+0100", "20260105101500"},
		// Summer time starts on 29 March 2026 at 02:00, 01:00 UTC.
		{"before summer time", "20260329015959+0100", "20260329005959"},
		{"after summer time", "20260329030000+0200", "20260329010000"},
		// It ends on 25 October 2026 at 03:00: 02:30 exists twice.
		{"first 02:30", "20261025023000+0200", "20261025003000"},
		{"second 02:30", "20261025023000+0100", "20261025013000"},
		{"no offset, winter", "20260105111500", "20260105101500"},
		{"no offset, summer", "20260705111500", "20260705091500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ts, err := hl7.ParseTS(c.cda, nil)
			require.NoError(t, err)
			assert.Equal(t, c.xds, hl7.FormatUTC(ts))
			back, err := hl7.ParseUTC(c.xds)
			require.NoError(t, err)
			if ts.Precision < segur.ToDay {
				assert.True(t, back.Time.Equal(ts.Time), "the instant survives: %s", back.Time)
			}
			assert.Equal(t, c.xds, hl7.FormatUTC(back))
		})
	}
}

func TestParisChangesOfHour(t *testing.T) {
	t.Parallel()
	paris := hl7.Paris()
	for _, at := range []time.Time{
		time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC), time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC),
	} {
		s := hl7.FormatTS(segur.At(at.In(paris)))
		back, err := hl7.ParseTS(s, paris)
		require.NoError(t, err)
		assert.True(t, at.Equal(back.Time), "%s came back as %s", s, back.Time)
	}
	assert.Equal(t, "20261025023000+0200", hl7.FormatTS(segur.At(time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).In(paris))))
	assert.Equal(t, "20261025023000+0100", hl7.FormatTS(segur.At(time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC).In(paris))))
}

func TestParseTSRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "2", "202", "20260", "2026010", "202601051", "20260105111", "2026010511150", "202601051115001",
		"20261301", "20260230", "20260631", "20260105241500", "20260105116000", "2026-01-05", "20260105111500+01:00",
		"20260105111500+1", "20260105111500+2500", "20260105111500+0199", "20260105111500+", "+0100", "2026010511.5",
		"20260105111500.", "20260105111500.1234567890", "2026010511150a", " 20260105", "00000101", "۲۰۲۶",
	} {
		_, err := hl7.ParseTS(s, nil)
		assert.Error(t, err, "%q", s)
	}
}

func TestParseUTCObeysAnOffset(t *testing.T) {
	t.Parallel()
	ts, err := hl7.ParseUTC("20260105111500+0100")
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 1, 5, 10, 15, 0, 0, time.UTC), ts.Time)
	assert.False(t, ts.NoOffset)
}

func TestZeroTimestamp(t *testing.T) {
	t.Parallel()
	assert.Empty(t, hl7.FormatTS(segur.Timestamp{}))
	assert.Empty(t, hl7.FormatUTC(segur.Timestamp{}))
}

func TestTimestampRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.IntRange(-14*60, 14*60).Draw(t, "offset")
		loc := time.UTC
		if offset != 0 {
			loc = time.FixedZone("", offset*60)
		}
		at := time.Unix(rapid.Int64Range(-60_000_000_000, 200_000_000_000).Draw(t, "unix"), 0).In(loc)
		ts := segur.Timestamp{Time: at}
		back, err := hl7.ParseTS(hl7.FormatTS(ts), nil)
		if err != nil {
			t.Fatalf("%s: %v", hl7.FormatTS(ts), err)
		}
		if !back.Time.Equal(at) || hl7.FormatTS(back) != hl7.FormatTS(ts) {
			t.Fatalf("%s came back as %s", at, back.Time)
		}
		utc, err := hl7.ParseUTC(hl7.FormatUTC(ts))
		if err != nil || !utc.Time.Equal(at) {
			t.Fatalf("UTC form of %s: %s, %v", at, utc.Time, err)
		}
	})
}

func FuzzParseTS(f *testing.F) {
	for _, s := range []string{"20260105111500+0100", "20260105", "2026", "20260105111500.5-0330", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ts, err := hl7.ParseTS(s, nil)
		if err != nil {
			return
		}
		again, err := hl7.ParseTS(hl7.FormatTS(ts), nil)
		if err != nil || !again.Time.Equal(ts.Time) || again.Precision != ts.Precision {
			t.Fatalf("%q: %v became %v, %v", s, ts, again, err)
		}
	})
}
