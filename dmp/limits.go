package dmp

import (
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	defaultMaxDocument   = 50 << 20
	defaultMaxSubmission = 200 << 20
	defaultMajority      = 18
	// maxDocuments bounds a lot beside its size.
	maxDocuments = 1000
)

func (c *Config) checkLimits(p *segur.Problems) {
	s := &c.Settings
	if s.MaxDocumentBytes < 0 {
		p.Add("settings.maxDocumentBytes", "must be positive")
	}
	if s.MaxSubmissionBytes < 0 {
		p.Add("settings.maxSubmissionBytes", "must be positive")
	}
	if s.MajorityAge < 0 {
		p.Add("settings.majorityAge", "must be positive")
	}
}

// checkSizes refuses a lot that is too large; it reports which documents may
// be read.
func (c *Client) checkSizes(p *segur.Problems, documents []SubmissionDocument) []bool {
	fits := make([]bool, len(documents))
	if len(documents) > maxDocuments {
		p.Addf("documents", "must be at most %d", maxDocuments)
		return fits
	}
	var total int64
	for i := range documents {
		content := documents[i].content()
		if content == nil {
			continue
		}
		size := content.Size()
		switch limit := c.cfg.Settings.MaxDocumentBytes; {
		case size < 0:
			p.Add(fmt.Sprintf("documents[%d].content", i), "has a negative size")
			continue
		case size > limit:
			p.Addf(fmt.Sprintf("documents[%d].content", i), "has more than %d bytes (settings.maxDocumentBytes)", limit)
			continue
		}
		fits[i] = true
		total += size
	}
	if limit := c.cfg.Settings.MaxSubmissionBytes; total > limit {
		p.Addf("documents", "have more than %d bytes together (settings.maxSubmissionBytes)", limit)
	}
	return fits
}

// adult reports whether the patient is known to be of age.
func (c *Client) adult(t segur.Traits) bool {
	day, ok := birthday(t.BirthDate)
	return ok && !c.cfg.now().Before(day.AddDate(c.cfg.Settings.MajorityAge, 0, 1))
}

// birthday is the last day on which somebody with a partial date of birth may
// be born.
func birthday(d segur.Date) (time.Time, bool) {
	month, day := time.Month(d.Month), d.Day
	switch {
	case d.Year == 0:
		return time.Time{}, false
	case month == 0:
		month, day = time.December, 31
	case day == 0:
		month, day = month+1, 0
	}
	return time.Date(d.Year, month, day, 0, 0, 0, 0, time.UTC), true
}

// warnMinor says that a marker for minors stands on the document of an adult.
func (c *Client) warnMinor(sealed *Sealed, path string, e *xds.DocumentEntry, t segur.Traits) {
	if e.Has(xds.HiddenFromRepresentatives) && c.adult(t) {
		sealed.warnings = append(sealed.warnings, segur.Detail{Field: path, Severity: "warning",
			Message: "hides the document of an adult from legal representatives: INVISIBLE_REPRESENTANTS_LEGAUX is for minors (EX_GEN-1550)"})
	}
}
