package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
)

func TestPatientCarriesINSWhenQualified(t *testing.T) {
	t.Parallel()
	ids := []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}}
	for _, from := range states {
		i := state(t, from)
		p := i.Patient(ids...)
		qualified := strings.HasPrefix(from, "QUAL")
		assert.Equal(t, qualified, !p.INS.IsZero(), from)
		_, ok := p.QualifiedINS()
		assert.Equal(t, qualified, ok, from)
		assert.Equal(t, i.Status(), p.Status)
		assert.Equal(t, i.Attributes(), p.Attributes)
		assert.Equal(t, ids, p.LocalIDs)
		p.LocalIDs[0].Extension = "x"
		assert.Equal(t, "IPP-0001", ids[0].Extension)

		q, err := i.ForINSi()
		if i.Attributes().Blocking() {
			refused(t, err, "attributes", "EXI ID 26")
			assert.Equal(t, segur.Patient{}, q)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, i.INS(), q.INS, "retrieved and not qualified: still compared with the answer")
	}
}

func TestDisclosure(t *testing.T) {
	t.Parallel()
	all := []identity.Use{identity.UseINSi, identity.UseCDA, identity.UseDMP, identity.UsePatientMail, identity.UseProfessionalMail,
		identity.UseHL7v2, identity.UseFHIR, identity.UseDICOM, identity.UsePrint}
	for _, from := range states {
		i := state(t, from)
		qualified, blocked := strings.HasPrefix(from, "QUAL"), strings.Contains(from, "douteux") || strings.Contains(from, "fictif")
		for _, u := range all {
			d := i.Disclosure(u)
			wantINS, wantAllowed, wantStatus := qualified, true, i.Status()
			switch u {
			case identity.UseINSi:
				wantINS, wantAllowed = qualified || strings.HasPrefix(from, "RECUP"), !blocked
			case identity.UseDMP, identity.UsePatientMail:
				wantAllowed = qualified
			case identity.UseHL7v2:
				wantStatus = segur.Provisional
				if qualified || strings.HasPrefix(from, "VALI") {
					wantStatus = segur.Validated
				}
			}
			assert.Equal(t, wantINS, d.INS, "%s %d", from, u)
			assert.Equal(t, wantAllowed, d.Allowed, "%s %d", from, u)
			assert.Equal(t, wantStatus, d.Status, "%s %d", from, u)
			assert.Equal(t, !d.Allowed || !d.INS && u != identity.UseINSi, strings.Contains(d.Reason, "EXI "), "%s %d", from, u)
		}
		for _, u := range []identity.Use{0, 200} {
			assert.Equal(t, identity.Disclosure{Reason: "unknown use"}, i.Disclosure(u))
		}
	}
}

func TestPropagatedStatus(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]segur.IdentityStatus{"PROV": segur.Provisional, "RECUP": segur.Provisional,
		"VALI": segur.Validated, "QUAL": segur.Validated, "PROV douteux": segur.Provisional} {
		assert.Equal(t, want, state(t, from).PropagatedStatus(), from)
	}
}
