package drim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// PID-32 is a gate: no INS goes out under an identity that is not qualified.
func TestIdentityGate(t *testing.T) {
	t.Parallel()
	for pairs, want := range map[[2]string]segur.IdentityStatus{
		{"|N|VALI", "|N|VALI"}:                          segur.Qualified,
		{"|N|VALI", "|N|QUAL"}:                          segur.Qualified,
		{"|N|VALI", "|N|VALI~HOMA"}:                     segur.Qualified,
		{"|N|VALI", "|N|"}:                              segur.Retrieved,
		{"|N|VALI", "|N|PROV"}:                          segur.Retrieved,
		{"|N|VALI", "|N|VALI~PROV"}:                     segur.Retrieved,
		{"1.2.250.1.213.1.4.10", "1.2.3"}:               segur.Validated,
		{matricule[13:] + "^^^ASIP", "00^^^ASIP"}:       segur.Validated,
		{"1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.2"}: segur.Validated,
	} {
		m := parseReport(t, edit(t, oruText, pairs[0], pairs[1]))
		assert.Equal(t, want, m.Patient.Status, "%v", pairs)
		_, ok := m.Patient.QualifiedINS()
		assert.Equal(t, want == segur.Qualified, ok)
		if ok {
			assert.NoError(t, m.Publishable())
		} else {
			err := m.Publishable()
			require.ErrorIs(t, err, segur.ErrRefused)
			field, other := "PID-32", "PID-3 "
			if want == segur.Validated { // PID-32 is as it must be
				field, other = other, field
			}
			assert.ErrorContains(t, err, field, "%v", pairs)
			assert.NotContains(t, err.Error(), other, "%v", pairs)
		}
	}
	for _, code := range []string{"VALI~DOUT", "VALI~FICT", "VALI~USUR", "VALI~INVA", "ANOM~VALI"} {
		m := parseReport(t, edit(t, oruText, "|N|VALI", "|N|"+code))
		_, ok := m.Patient.QualifiedINS()
		assert.False(t, ok, code)
	}
	m := parseReport(t, edit(t, oruText, "|N|VALI", "|Y|VALI"))
	_, ok := m.Patient.QualifiedINS()
	assert.False(t, ok, "PID-31: identity unknown")
	m = parseReport(t, edit(t, oruText, "DESTDMP^^MetaDMPMSS||Y", "DESTDMP^^MetaDMPMSS||N", "SB^Send", "XX^Send", "|N|VALI", "|N|PROV"))
	var e *segur.Error
	require.ErrorAs(t, m.Publishable(), &e)
	assert.Equal(t, drim.CodeNotPublishable, e.Code)
	assert.Len(t, e.Details, 3, "every condition")
}
