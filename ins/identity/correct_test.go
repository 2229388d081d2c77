package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
)

func TestCorrectConsequences(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change     func(*segur.Traits)
		vali, qual string
	}{
		"birth name":                    {func(t *segur.Traits) { t.BirthName = "AUTRE" }, "PROV", "PROV"},
		"birth name, accents":           {func(t *segur.Traits) { t.BirthName = "Fictivé Durand" }, "VALI", "VALI"},
		"birth name and sex":            {func(t *segur.Traits) { t.BirthName, t.Sex = "Fictive Durand", segur.Male }, "PROV", "PROV"},
		"first given name":              {func(t *segur.Traits) { t.FirstGivenName = "LUCIE" }, "PROV", "PROV"},
		"first given name, case":        {func(t *segur.Traits) { t.FirstGivenName = "Camille" }, "VALI", "QUAL"},
		"first given name, longer":      {func(t *segur.Traits) { t.FirstGivenName = "CAMILLE LUCE" }, "PROV", "QUAL"},
		"sex":                           {func(t *segur.Traits) { t.Sex = segur.Male }, "PROV", "PROV"},
		"birth date":                    {func(t *segur.Traits) { t.BirthDate = segur.NewDate(1985, time.March, 15) }, "PROV", "PROV"},
		"birth place":                   {func(t *segur.Traits) { t.BirthPlace = "75056" }, "PROV", "PROV"},
		"list of given names":           {func(t *segur.Traits) { t.GivenNames = "CAMILLE ANNE" }, "VALI", "PROV"},
		"list that does not begin so":   {func(t *segur.Traits) { t.GivenNames = "ANNE CAMILLE" }, "PROV", "PROV"},
		"used names":                    {func(t *segur.Traits) { t.UsedName, t.UsedGivenName = "USUELLE", "CAM" }, "VALI", "QUAL"},
		"used name and first given cut": {func(t *segur.Traits) { t.UsedName, t.FirstGivenName = "USUELLE", "CAMILLE LUCE" }, "PROV", "QUAL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for from, want := range map[string]string{"VALI": tt.vali, "QUAL": tt.qual} {
				i := state(t, from)
				now := i.Traits()
				tt.change(&now)
				after, err := i.Correct(act(), identity.Entry{Traits: now, Method: identity.MethodManual})
				require.NoError(t, err)
				assert.Equal(t, want, stateOf(after), from)
				assert.Equal(t, now, after.Traits())
				assert.Equal(t, after.Status().IsRetrieved(), !after.INS().IsZero())
			}
		})
	}
}

func TestCorrectRecordsMethod(t *testing.T) {
	t.Parallel()
	i := state(t, "QUAL")
	now := i.Traits()
	now.UsedName = "USUELLE"
	after, err := i.Correct(act(), identity.Entry{Traits: now, Method: identity.MethodVitale})
	require.NoError(t, err)
	assert.Equal(t, identity.MethodINSi, after.Reliability().Method, "a used name is not the strict traits")
	now.BirthPlace = "75056"
	after, err = after.Correct(act(), identity.Entry{Traits: now, Method: identity.MethodVitale})
	require.NoError(t, err)
	assert.Equal(t, identity.MethodVitale, after.Reliability().Method)
	assert.Equal(t, []string{"traits.birthPlace", "method", "ins", "collectedAt", "control", "status"}, after.History()[4].Changed)
}

// TestCorrectNotACut: a first given name that did not begin the list is another name, not another cut.
func TestCorrectNotACut(t *testing.T) {
	t.Parallel()
	tr := traits()
	tr.GivenNames = "LUCE CAMILLE"
	i, err := rules(t).New(act(), identity.Entry{Traits: tr, Method: identity.MethodManual})
	require.NoError(t, err)
	i, err = i.Control(act(), passport())
	require.NoError(t, err)
	tr.FirstGivenName = "LUCE"
	i, err = i.Correct(act(), identity.Entry{Traits: tr, Method: identity.MethodManual})
	require.NoError(t, err)
	assert.Equal(t, segur.Provisional, i.Status())
}

func TestNewChecksTraits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change      func(*segur.Traits)
		field, rule string
	}{
		"no birth name":    {func(t *segur.Traits) { t.BirthName = "" }, "traits.birthName", "strict traits"},
		"no given name":    {func(t *segur.Traits) { t.FirstGivenName = "" }, "traits.firstGivenName", "strict traits"},
		"no place":         {func(t *segur.Traits) { t.BirthPlace = "" }, "traits.birthPlace", "strict traits"},
		"no sex":           {func(t *segur.Traits) { t.Sex = "" }, "traits.sex", "F, M or I"},
		"no date":          {func(t *segur.Traits) { t.BirthDate = segur.Date{} }, "traits.birthDate", "required"},
		"31 June":          {func(t *segur.Traits) { t.BirthDate = segur.Date{Year: 1985, Month: 6, Day: 31} }, "traits.birthDate", "does not exist"},
		"incomplete date":  {func(t *segur.Traits) { t.BirthDate = segur.Date{Year: 1985, Month: 6} }, "traits.birthDate", "EXI ID 11"},
		"future date":      {func(t *segur.Traits) { t.BirthDate = segur.NewDate(2026, time.November, 21) }, "traits.birthDate", "future"},
		"not interpreted":  {func(t *segur.Traits) { t.BirthDateInterpreted = true }, "traits.birthDateInterpreted", "EXI ID 12"},
		"digit in name":    {func(t *segur.Traits) { t.BirthName = "DURAND2" }, "traits.birthName", "Latin letters"},
		"no letter":        {func(t *segur.Traits) { t.FirstGivenName = "-'" }, "traits.firstGivenName", "letters"},
		"not UTF-8":        {func(t *segur.Traits) { t.UsedName = "A\xff" }, "traits.usedName", "letters"},
		"other alphabet":   {func(t *segur.Traits) { t.UsedGivenName = "Женя" }, "traits.usedGivenName", "Latin letters"},
		"long list":        {func(t *segur.Traits) { t.GivenNames = strings.Repeat("A", 101) }, "traits.givenNames", "100"},
		"short place":      {func(t *segur.Traits) { t.BirthPlace = "6912" }, "traits.birthPlace", "COG"},
		"lower case place": {func(t *segur.Traits) { t.BirthPlace = "2a020" }, "traits.birthPlace", "COG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := traits()
			tt.change(&bad)
			_, err := rules(t).New(act(), identity.Entry{Traits: bad, Method: identity.MethodManual})
			refused(t, err, tt.field, tt.rule)
			i := state(t, "QUAL")
			_, err = i.Correct(act(), identity.Entry{Traits: bad, Method: identity.MethodManual})
			refused(t, err, tt.field, tt.rule)
		})
	}
	_, err := rules(t).New(act(), identity.Entry{})
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Details, 6, "everything at once: the method and the five strict traits")
	born := traits()
	born.BirthDate = segur.NewDate(2026, time.November, 20)
	_, err = rules(t).New(act(), identity.Entry{Traits: born, Method: identity.MethodManual})
	require.NoError(t, err, "born today")
}
