package drim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// A site whose reports are written elsewhere (teleradiology) publishes its images
// in its own name, in each of the ways that the configuration has for it; another
// structure than those that are named is refused.
func TestReportsThatOthersWrite(t *testing.T) {
	t.Parallel()
	elsewhere := dmptest.Radiologist()
	elsewhere.Organization = &segur.Organization{ID: "1990000100", Name: "TELERADIOLOGIE FICTIVE", Sector: dmptest.Structure().Sector}
	report := write(t, func(r *cda.Report) {
		r.Authors, r.LegalAuthenticator = []cda.Author{{Professional: elsewhere}}, cda.Signature{Professional: elsewhere}
	})
	own := dmptest.Structure()
	for name, c := range map[string]struct {
		change func(*drim.SourceConfig)
		want   drim.State
	}{
		"as the report has it": {func(*drim.SourceConfig) {}, drim.StatePublished},
		"metadata":             {func(c *drim.SourceConfig) { c.Entry.AuthorInstitution = &own }, drim.StatePublished},
		"manifest": {func(c *drim.SourceConfig) {
			c.Manifest = func(m *kos.Context) { m.Institution = kos.Institution{ID: own.ID, Name: own.Name} }
		}, drim.StatePublished},
		"system": {func(c *drim.SourceConfig) {
			c.Device = &segur.DocumentActor{Professional: segur.Professional{ID: "3990000019/1", Organization: &own},
				Device: &segur.DocumentDevice{Software: "DRIMBOX", Model: "FICTIVE"}}
		}, drim.StatePublished},
		"a stranger": {func(c *drim.SourceConfig) {
			c.Manifest = func(m *kos.Context) { m.Institution = kos.Institution{ID: "1990000200", Name: "AUTRE"} }
		}, drim.StateRefused},
	} {
		s := newOrigin(t, c.change)
		o := s.receive(t, message(report, drim.ActionCreate, 1, yes))
		if assert.Equal(t, c.want, o.State, "%s: %+v", name, o.Trouble) && c.want == drim.StatePublished {
			require.Equal(t, 1, s.record.count(studyA), name)
		}
	}
}
