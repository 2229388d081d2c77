package cda

import (
	"fmt"
	"log/slog"
)

// Sections is the body of a level 3 report, as a radiology information system
// knows it: texts, and the data that are coded beside them. The header and the
// acts come from [Report]. The text of each section is generated from its data,
// unless the caller supplies it; what is coded is always linked to it.
//
// Texts given as string are plain: line breaks are kept, nothing is markup. A
// [Narrative] is formatted text.
type Sections struct {
	// Addendum is what is added to a validated report: the document is then a
	// new version that replaces the former one ([Report.Replacing]). Optional.
	Addendum *Addendum
	// Question is what was asked. Required.
	Question ClinicalQuestion
	// History is what was known of the patient. The contra-indications are
	// required, or the statement that there is none.
	History History
	// Acts says how each act of [Report.Acts] was done: as many, in the same
	// order. What the header says of an act (code, modality, study, times) is
	// taken from there, so that header and body cannot differ.
	Acts []ActSection
	// Devices are the medical devices used or implanted. Optional.
	Devices []Device
	// DevicesNarrative replaces the text made from Devices. Optional.
	DevicesNarrative Narrative
	// Results are the findings. Optional.
	Results Narrative
	// PriorResults are results of earlier examinations of any kind. Optional.
	PriorResults Narrative
	// Comparison names the earlier images that were compared. Optional.
	Comparison Narrative
	// Conclusion is required.
	Conclusion Narrative
	// Attachments are other documents and key images. Optional.
	Attachments []Attachment
	// PatientInformation is what the patient was told. Optional.
	PatientInformation Narrative
}

// Format writes a redacted form whatever the verb.
func (s Sections) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("cda.Sections(redacted)")) }

// LogValue makes slog write the redacted form.
func (s Sections) LogValue() slog.Value { return slog.StringValue("cda.Sections(redacted)") }

// Addendum is added to a report after its validation.
type Addendum struct {
	// Author wrote it. Its Time is that of the addendum; zero: [Report.Created].
	Author Author
	// Text is required.
	Text Narrative
}

// ClinicalQuestion is the request as the radiologist received it: one of the
// two texts at least.
type ClinicalQuestion struct {
	// Justification says why the examination was asked for.
	Justification string
	// Purpose says what it should answer ("finalité").
	Purpose string
	// Narrative replaces the text made from the fields. Optional.
	Narrative Narrative
}

// isZero reports whether nothing was asked.
func (q ClinicalQuestion) isZero() bool {
	return q.Justification == "" && q.Purpose == "" && !q.Narrative.Visible()
}

// sections returns a completed copy of s. r is the completed report.
func (c *checker) sections(s Sections, r *Report) Sections {
	c.attachments(&s) // first: texts refer to them
	if s.Addendum != nil {
		a := *s.Addendum
		a.Author.Professional = c.professional("sections.addendum.author", a.Author.Professional, &r.Custodian, true)
		a.Author.Time = c.orTime("sections.addendum.author.time", a.Author.Time, r.Created)
		c.prose("sections.addendum.text", a.Text, true)
		if r.Replaces.IsZero() {
			// An addendum completes a version that was published.
			c.Add("sections.addendum", "needs a report that replaces the completed version: see Report.Replacing")
		}
		s.Addendum = &a
	}
	c.question(&s.Question)
	c.history(&s.History, true)
	c.actSections(&s, r)
	c.devices(&s)
	c.prose("sections.results", s.Results, false)
	c.prose("sections.priorResults", s.PriorResults, false)
	c.prose("sections.comparison", s.Comparison, false)
	c.prose("sections.conclusion", s.Conclusion, true)
	c.prose("sections.patientInformation", s.PatientInformation, false)
	return s
}

func (c *checker) question(q *ClinicalQuestion) {
	q.Justification, q.Purpose = lines(q.Justification), lines(q.Purpose)
	c.prose(c.inBody("question.narrative"), q.Narrative, false)
	if q.isZero() {
		c.Add(c.inBody("question"), "is required: justification or purpose")
	}
}

// prose checks a formatted text.
func (c *checker) prose(path string, n Narrative, required bool) {
	if required && !n.Visible() && len(n.problems) == 0 {
		c.Add(path, "is required")
	}
	c.firmly(func() { // what is unsafe to show, or cannot be referred to
		for _, p := range n.problems {
			c.Add(path, p)
		}
		if len(n.problems) == 0 && n.repeatsID() {
			c.Add(path, "has an identifier that is there twice")
		}
		for _, id := range n.media() {
			if _, known := c.media[id]; !known {
				c.Add(path, "shows an attachment that the document does not have")
			}
		}
	})
}
