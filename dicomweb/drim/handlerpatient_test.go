package drim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

func TestSamePatient(t *testing.T) {
	t.Parallel()
	ins, err := segur.ParseINS("285036912345656", segur.OIDINSNIRTest)
	require.NoError(t, err)
	published := &drim.CurrentManifest{INS: ins, PatientID: "IPP-0001"}
	m := &kos.Manifest{Patient: segur.Traits{BirthName: "FICTIVE-DURAND", UsedName: "MARTIN", FirstGivenName: "CAMILLE", BirthDate: segur.NewDate(1985, 3, 14)}}
	for name, test := range map[string]struct {
		image dicomweb.Head
		same  bool
	}{
		"nothing to compare":       {dicomweb.Head{}, true},
		"local number":             {dicomweb.Head{PatientIDs: []segur.Identifier{{Extension: "IPP-0001"}}}, true},
		"another local number":     {dicomweb.Head{PatientIDs: []segur.Identifier{{Extension: "IPP-0002"}}}, false},
		"the INS beside it":        {dicomweb.Head{PatientIDs: []segur.Identifier{{Extension: "IPP-0002"}, {Root: ins.Authority(), Extension: ins.Matricule()}}}, true},
		"another INS":              {dicomweb.Head{PatientIDs: []segur.Identifier{{Extension: "IPP-0001"}, {Root: ins.Authority(), Extension: "185036912345620"}}}, false},
		"another date of birth":    {dicomweb.Head{PatientBirthDate: segur.NewDate(1985, 3, 15)}, false},
		"the name in use":          {dicomweb.Head{PatientName: "Martin^Lucie"}, true},
		"another name":             {dicomweb.Head{PatientName: "AUTRE^PERSONNE"}, false},
		"date of birth and number": {dicomweb.Head{PatientIDs: []segur.Identifier{{Extension: "IPP-0001"}}, PatientBirthDate: segur.NewDate(1985, 3, 14)}, true},
	} {
		err := drim.SamePatient(published, m, &test.image)
		if test.same {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorIs(t, err, segur.ErrRefused, name)
		assert.NotContains(t, err.Error(), "1850369", name)
		assert.NotContains(t, err.Error(), "IPP", name)
	}
}
