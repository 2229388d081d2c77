package cda

import (
	"slices"
	"time"

	"github.com/segur-sdk/segur/internal/nos"
)

// request returns a completed copy of q, and its parts that the header and the
// body of a report have too.
func (c *checker) request(q Request) (filled Request, header Report, sections Sections) {
	header, sections = q.header(), q.sections()
	c.about(&header, defaultRequestTitle)
	q.Created = header.Created
	header.PracticeSetting = c.code("practiceSetting", header.PracticeSetting, nos.PracticeSetting)
	q.ReportRecipients = slices.Clone(q.ReportRecipients)
	for i := range q.ReportRecipients {
		q.ReportRecipients[i] = c.professional(c.item("reportRecipients", i), q.ReportRecipients[i], nil, false)
	}
	if q.Placer.IsZero() {
		c.Add("placer", "is required: the number of the request")
	} else {
		c.identifier("placer", &q.Placer, true)
	}
	c.requesting(&q)
	c.encounter(&header, q.Start, q.End)

	c.attachments(&sections) // first: texts refer to them
	c.question(&sections.Question)
	c.history(&sections.History, false)
	c.needs(&q)
	switch q.RisksExplained {
	case Yes, No:
	case NotAnswered:
		c.Add("risksExplained", "is required: Yes or No")
	default:
		c.firmly(func() { c.Add("risksExplained", "must be Yes or No") })
	}
	c.prose("patientInformation", q.PatientInformation, false)
	c.prose("actsNarrative", q.ActsNarrative, false)
	if len(q.Acts) == 0 {
		c.firmly(func() { c.Add("acts", "one at least is required") })
	}
	q.Acts = slices.Clone(q.Acts)
	for i := range q.Acts {
		c.requested(i, &q)
	}
	c.prose("priorResults", sections.PriorResults, false)
	return q, header, sections
}

// requesting checks the times of the act of requesting.
func (c *checker) requesting(q *Request) {
	if q.Start.IsZero() {
		q.Start = q.Created
	}
	q.Start = c.past("start", c.instant("start", q.Start))
	q.End = c.instant("end", q.End)
	if !q.End.IsZero() && q.End.Before(q.Start.Add(time.Second)) {
		c.Add("end", "must be one second after start at least")
	}
}

func (c *checker) needs(q *Request) {
	q.CareNeeds = slices.Clone(q.CareNeeds)
	for i := range q.CareNeeds {
		need, at := &q.CareNeeds[i], c.item("careNeeds", i)
		need.Code = c.code(at, need.Code, nos.CareInformation)
		need.Comment = lines(need.Comment)
	}
}

// requested checks an act that is asked for.
func (c *checker) requested(i int, q *Request) {
	a, path := &q.Acts[i], c.item("acts", i)
	a.Modality = c.code(c.at(path, ".modality"), a.Modality, nos.RequestedTechnique)
	a.Contrast = c.optional(c.at(path, ".contrast"), a.Contrast, nos.PETContrast)
	if !a.Contrast.IsZero() && a.Modality.Code != RequestPET {
		c.Add(c.at(path, ".contrast"), "is for a PET scan only: other modalities say it in their code or in the comment")
	}
	switch table := functionTables(a.Modality.Code); {
	case table != nil:
		a.Function = c.code(c.at(path, ".function"), a.Function, table)
	case !a.Function.IsZero():
		c.Add(c.at(path, ".function"), "is for a PET scan or a scintigraphy only")
	}
	c.requestedSites(c.at(path, ".sites"), a)
	c.wished(path, a, q.Created)
	a.UrgencyReason, a.Comment, a.Events = lines(a.UrgencyReason), lines(a.Comment), lines(a.Events)
	switch {
	case a.Urgent && a.UrgencyReason == "":
		c.Add(c.at(path, ".urgencyReason"), "is required: why the act cannot wait")
	case !a.Urgent && a.UrgencyReason != "":
		c.Add(c.at(path, ".urgencyReason"), "is there, and the act is not urgent")
	}
	if a.CallBack > No {
		c.firmly(func() { c.Add(c.at(path, ".callBack"), "must be Yes, No or NotAnswered") })
	}
	if a.Performer != nil {
		p := c.professional(c.at(path, ".performer"), *a.Performer, nil, false)
		a.Performer = &p
	}
	if !q.ActsNarrative.Visible() {
		return
	}
	for _, t := range []struct{ field, name, text string }{
		{".urgencyReason", "urgency", a.UrgencyReason}, {".comment", "comment", a.Comment}, {".events", "events", a.Events},
	} {
		if t.text != "" && !q.ActsNarrative.hasID(anchor(t.name, i)) {
			c.Addf(c.at(path, t.field), "would be lost: actsNarrative has no anchor %s", anchor(t.name, i))
		}
	}
}

// requestedSites checks the sites of an act. The rules of 2024.01 count their
// modifiers together, and refuse two sites of one code.
func (c *checker) requestedSites(path string, a *RequestedAct) {
	if len(a.Sites) == 0 {
		c.Add(path, "one at least is required")
	}
	a.Sites = slices.Clone(a.Sites)
	modified := false
	for i := range a.Sites {
		s, at := &a.Sites[i], c.item(path, i)
		c.site(at, s)
		if !s.Modifier.IsZero() {
			if modified {
				c.Add(c.at(at, ".modifier"), "is the second one of the act: a site with a side is an act of its own")
			}
			modified = true
		}
		if s.Code.Code != "" && slices.ContainsFunc(a.Sites[:i], func(o Site) bool { return o.Code.Equal(s.Code) }) {
			c.Add(at, "is there twice: two sides of one site are two acts")
		}
	}
}

// wished checks the latest date of an act.
func (c *checker) wished(path string, a *RequestedAct, created time.Time) {
	switch d := a.Before; {
	case d.IsZero():
	case !d.Valid() || !d.Complete():
		c.Add(c.at(path, ".before"), "must be a date, with its day")
	case d.Time(created.Location()).AddDate(0, 0, 1).Before(created):
		c.Add(c.at(path, ".before"), "is before the day of the request")
	}
}
