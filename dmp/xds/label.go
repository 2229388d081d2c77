package xds

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// Label returns c with the label that the embedded value sets give it, when
// it has none; a code that they do not hold comes back as it is.
func Label(c segur.Code) segur.Code { return labelled(c) }

// Complete fills in what the value sets imply of the codes that are given by
// their Code alone: coding scheme and label of the specialties of the author
// (JDV_J01) and of the content type (JDV_J59). Codes that they do not hold, and
// what the caller has filled in, are left as they are; the slices of the
// caller are not written to.
func (s *SubmissionSet) Complete() {
	s.ContentTypeCode = completed(s.ContentTypeCode, nos.ContentType)
	s.Author.Specialties = slices.Clone(s.Author.Specialties)
	for i, c := range s.Author.Specialties {
		s.Author.Specialties[i] = completed(c, nos.AuthorSpecialty)
	}
}

// completed gives a code without coding scheme the one that it has in the
// value set, where codes are unique, then the label.
func completed(c segur.Code, table *nos.Table) segur.Code {
	if c.System == "" {
		if e, ok := table.Lookup(c.Code); ok {
			c.System = segur.OID(e.System)
		}
	}
	return labelled(c)
}
