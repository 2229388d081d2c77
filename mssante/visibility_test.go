package mssante_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// fields lists the fields of an input error.
func fields(t *testing.T, err error) []string {
	t.Helper()
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var out []string
	for _, d := range e.Details {
		out = append(out, d.Field)
	}
	return out
}

func warnings(l *mssante.Letter) []string {
	var out []string
	for _, w := range l.Warnings() {
		out = append(out, w.Field)
	}
	return out
}

// The table of the guide, all its combinations: what no line allows is refused.
func TestVisibilityTable(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	m := toPrescriber()
	professional := mssante.ToProfessional("", mssantetest.PrescriberMailbox)
	for n := range 16 {
		v := mssante.Visibility{HiddenFromProfessionals: n&1 != 0, HiddenFromPatient: n&2 != 0, HiddenFromRepresentatives: n&4 != 0, SecretConnection: n&8 != 0}
		// Written from the guide's lines, not from ours.
		first := !v.HiddenFromProfessionals && !v.HiddenFromPatient && !v.HiddenFromRepresentatives
		second := !v.HiddenFromProfessionals && v.HiddenFromPatient && !v.HiddenFromRepresentatives
		third := !v.HiddenFromPatient && !v.SecretConnection
		for _, audience := range []struct {
			to   []mssante.Recipient
			want bool
		}{
			{[]mssante.Recipient{professional}, first || second},
			{[]mssante.Recipient{mssante.ToPatient()}, first || third},
			{[]mssante.Recipient{professional, mssante.ToPatient()}, first},
		} {
			m.To, m.Visibility = audience.to, v
			_, err := c.Predict(m) // the same checks as Compose, and quicker
			assert.Equal(t, audience.want, err == nil, "%+v to %d recipients: %v", v, len(audience.to), err)
			if err != nil {
				for _, f := range fields(t, err) {
					assert.True(t, strings.HasPrefix(f, "visibility"), f)
				}
			}
		}
	}
}

// A marker counts wherever it is said, and the error says where.
func TestMarkersOfDocuments(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	entry := func(m *mssante.Message, codes ...string) *xds.DocumentEntry {
		e := xds.DeriveEntry(m.Documents[0].CDA.Header(), xds.EntryOptions{})
		for _, code := range codes {
			e.ConfidentialityCodes = append(e.ConfidentialityCodes, segur.Code{Code: code, System: "1.2.250.1.213.1.1.4.13"})
		}
		return &e
	}
	header := func(m *mssante.Message, code string) {
		h := m.Documents[0].CDA.Header()
		h.Confidentiality.Code = code
		m.Documents[0].CDA = segur.NewDocument(m.Documents[0].CDA, h)
	}
	for name, k := range map[string]struct {
		patient bool
		change  func(*mssante.Message)
		field   string
	}{
		"message":                {false, func(m *mssante.Message) { m.Visibility.HiddenFromProfessionals = true }, "visibility.hiddenFromProfessionals"},
		"document":               {false, func(m *mssante.Message) { m.Documents[0].Visibility.HiddenFromProfessionals = true }, "documents[0].visibility.hiddenFromProfessionals"},
		"document, to patient":   {true, func(m *mssante.Message) { m.Documents[0].Visibility.HiddenFromPatient = true }, "documents[0].visibility.hiddenFromPatient"},
		"header":                 {false, func(m *mssante.Message) { header(m, "MASQUE_PS") }, "documents[0].cda.confidentialityCode"},
		"header, to patient":     {true, func(m *mssante.Message) { header(m, "invisible_patient") }, "documents[0].cda.confidentialityCode"},
		"metadata":               {false, func(m *mssante.Message) { m.Documents[0].Entry = entry(m, "MASQUE_PS") }, "documents[0].entry.confidentialityCodes"},
		"metadata, to patient":   {true, func(m *mssante.Message) { m.Documents[0].Entry = entry(m, "INVISIBLE_PATIENT") }, "documents[0].entry.confidentialityCodes"},
		"metadata, short form":   {false, func(m *mssante.Message) { m.Documents[0].Entry = entry(m, "INVISIBLE_REP_LEGAUX") }, "documents[0].entry.confidentialityCodes"},
		"metadata, with a blank": {false, func(m *mssante.Message) { m.Documents[0].Entry = entry(m, "INVISIBLE_ REP_LEGAUX") }, "documents[0].entry.confidentialityCodes"},
		"two places": {true, func(m *mssante.Message) {
			m.Visibility.HiddenFromRepresentatives, m.Documents[0].Visibility.SecretConnection = true, true
		}, "visibility.hiddenFromRepresentatives"},
		"metadata of another document": {false, func(m *mssante.Message) {
			m.Documents[0].Entry = entry(m)
			m.Documents[0].Entry.UniqueID = "1.2.3"
		}, "documents[0].entry.uniqueID"},
	} {
		m := toPrescriber()
		if k.patient {
			m = toPatient()
		}
		k.change(&m)
		_, err := c.Compose(m)
		assert.Equal(t, []string{k.field}, fields(t, err), name)
	}

	// To whom it may go, it goes, and its metadata bear the marker.
	m := toPatient()
	m.Documents[0].Entry = entry(&m, "MASQUE_PS")
	a := archiveOf(t, compose(t, c, m))
	assert.True(t, a.Sets[0].Documents[0].Entry.Has(xds.HiddenFromProfessionals))
	assert.False(t, a.Sets[0].Documents[0].Entry.Has(xds.HiddenFromPatient))
	m = toPrescriber()
	m.Visibility.SecretConnection = true
	a = archiveOf(t, compose(t, c, m))
	assert.True(t, a.Sets[0].Documents[0].Entry.Has(xds.HiddenFromRepresentatives), "a secret connection marks the document")
}

func TestVisibilityRulesCanBeSet(t *testing.T) {
	t.Parallel()
	cfg := offline()
	cfg.VisibilityRules = []mssante.VisibilityRule{{Professionals: true, Patient: true}} // everything
	c := newClient(t, cfg)
	m := toPrescriber()
	m.Visibility.HiddenFromRepresentatives = true
	compose(t, c, m)
	m.Visibility.HiddenFromProfessionals = true
	_, err := c.Compose(m)
	assert.Equal(t, []string{"visibility.hiddenFromProfessionals"}, fields(t, err), "never, whatever the rules")
	m = toPatient()
	m.Visibility.HiddenFromPatient = true
	_, err = c.Compose(m)
	assert.Equal(t, []string{"visibility.hiddenFromPatient"}, fields(t, err), "never, whatever the rules")

	// Two lines of the guide contradict one of its examples: advice, not refusal.
	m = toPatient()
	m.Visibility = mssante.Visibility{HiddenFromProfessionals: true, InDMP: true}
	l := compose(t, newClient(t, offline()), m)
	assert.Contains(t, warnings(l), "visibility.inDMP")
	m.Visibility.InDMP = false
	assert.NotContains(t, warnings(compose(t, newClient(t, offline()), m)), "visibility.inDMP")
	m.Visibility = mssante.Visibility{InDMP: true}
	assert.NotContains(t, warnings(compose(t, newClient(t, offline()), m)), "visibility.inDMP", "the first line does not look at it")
}

// Whatever is combined, no marker is ever ignored.
func TestNothingHiddenLeaves(t *testing.T) {
	t.Parallel()
	c := newClient(t, offline())
	m := toPrescriber()
	other := report(m.Patient)
	for n := range 64 {
		m.Visibility = mssante.Visibility{HiddenFromProfessionals: n&1 != 0, HiddenFromPatient: n&2 != 0}
		second := other
		second.Visibility = mssante.Visibility{HiddenFromProfessionals: n&4 != 0, HiddenFromPatient: n&8 != 0}
		m.Documents = []mssante.Document{m.Documents[0], second}
		m.To = nil
		if n&16 != 0 {
			m.To = append(m.To, mssante.ToProfessional("", mssantetest.PrescriberMailbox))
		}
		if n&32 != 0 {
			m.To = append(m.To, mssante.ToPatient())
		}
		if len(m.To) == 0 {
			continue
		}
		_, err := c.Predict(m)
		masked, hidden := n&5 != 0 && n&16 != 0, n&10 != 0 && n&32 != 0
		assert.Equal(t, !masked && !hidden, err == nil, fmt.Sprintf("%06b: %v", n, err))
		if masked {
			assert.True(t, slices.ContainsFunc(fields(t, err), func(f string) bool { return strings.HasSuffix(f, "hiddenFromProfessionals") }))
		}
	}
}
