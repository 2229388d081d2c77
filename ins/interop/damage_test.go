package interop_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/ins/interop"
)

// One byte that changes on the way never makes another matricule: the key, the
// type or the authority says so. Cut messages give the same one or none.
func TestDamageNeverMakesAnotherMatricule(t *testing.T) {
	t.Parallel()
	c := codec(t)
	id := whole()
	s, err := c.PID(id)
	require.NoError(t, err)
	xml, err := c.RecordTarget(id)
	require.NoError(t, err)
	p, err := c.FHIRPatient(id)
	require.NoError(t, err)
	resource, err := json.Marshal(p)
	require.NoError(t, err)
	for name, m := range map[string]struct {
		data []byte
		read func([]byte) (*interop.Reading, error)
	}{
		"PID":  {[]byte("MSH|^~\\&|A\r" + s + "\rPV1||O\r"), c.ReadPID},
		"CDA":  {xml, c.ReadRecordTarget},
		"FHIR": {resource, c.ReadFHIRPatient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judge := func(data []byte) bool {
				r, err := m.read(data)
				if err != nil {
					return false
				}
				ins := r.Identity.Patient.INS
				if !ins.IsZero() && ins.Matricule() != number {
					t.Fatalf("%q became %q", number, ins.Matricule())
				}
				sound(t, c, r)
				return !ins.IsZero()
			}
			require.True(t, judge(m.data))
			for i := range m.data {
				if name != "FHIR" { // whose cuts are refused: see TestReadFHIRRefuses
					judge(m.data[:i])
				}
				const signs = "01~9A^8&B\"|<> \x00\xff"
				damaged := append([]byte{}, m.data...)
				damaged[i] = signs[i*7%len(signs)]
				judge(damaged)
			}
		})
	}
}
