package interop

import (
	"fmt"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// RecordTarget writes the recordTarget element of a CDA R2 document ("Volet
// Structuration minimale"), alone and in the namespace urn:hl7-org:v3: what the
// documents of package cda hold.
func (c *Codec) RecordTarget(id Identity) ([]byte, error) {
	id, err := c.gate("interop.RecordTarget", id)
	if err != nil {
		return nil, err
	}
	return cda.WriteRecordTarget(c.cda(), id.Patient, id.BirthPlaceName)
}

// ReadRecordTarget reads the recordTarget element of a CDA R2 document, alone.
// The errors are those of [cda.ReadRecordTarget].
func (c *Codec) ReadRecordTarget(fragment []byte) (*Reading, error) {
	t, err := cda.ReadRecordTarget(fragment)
	if err != nil {
		return nil, err
	}
	r := c.reader(fragment)
	for _, w := range t.Warnings {
		if w.Field != "recordTarget/patientRole/id" { // said below, of each one
			r.warn(w.Field, w.Message)
		}
	}
	id := &r.out.Identity
	id.BirthPlaceName = t.BirthPlaceName
	p := &id.Patient
	p.Traits, p.Address, p.Telecoms = t.Traits, t.Address, t.Telecoms
	p.Traits.BirthPlace = r.cog("recordTarget/patientRole/patient/birthplace/place/addr/county", t.Traits.BirthPlace)
	for i, n := range t.IDs {
		path := fmt.Sprintf("recordTarget/patientRole/id[%d]", i+1)
		switch {
		case segur.IsINSAuthority(n.Root):
			if ins, ok := r.ins(path, n.Extension, n.Root); ok {
				r.use(ins)
			}
		default:
			r.local(path, n.Extension, n.Root, n.Assigner)
		}
	}
	return r.settle("recordTarget", false), nil
}
