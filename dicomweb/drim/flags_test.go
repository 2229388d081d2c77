package drim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

func TestVisibilityOfFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flags drim.Flags
		want  []xds.Visibility
	}{
		{drim.Flags{}, nil},
		{drim.Flags{HiddenFromProfessionals: drim.No, HiddenFromPatient: drim.No, HiddenFromRepresentatives: drim.No, SecretConnection: drim.No}, nil},
		{drim.Flags{HiddenFromProfessionals: drim.Yes}, []xds.Visibility{"MASQUE_PS"}},
		{drim.Flags{HiddenFromPatient: drim.Yes}, []xds.Visibility{"INVISIBLE_PATIENT"}},
		{drim.Flags{HiddenFromRepresentatives: drim.Yes}, []xds.Visibility{"INVISIBLE_REPRESENTANTS_LEGAUX"}},
		{drim.Flags{SecretConnection: drim.Yes, HiddenFromRepresentatives: drim.No}, []xds.Visibility{"INVISIBLE_REPRESENTANTS_LEGAUX"}},
		{drim.Flags{HiddenFromProfessionals: drim.Yes, HiddenFromPatient: drim.Yes, HiddenFromRepresentatives: drim.Yes, SecretConnection: drim.Yes},
			[]xds.Visibility{"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"}},
	} {
		assert.Equal(t, c.want, c.flags.Visibility())
	}
	assert.Equal(t, "Y", drim.Yes.String())
	assert.Equal(t, "N", drim.No.String())
	assert.Empty(t, drim.Unset.String())
	for a, want := range map[drim.Action]string{0: "none", drim.ActionCreate: "create", drim.ActionReplace: "replace",
		drim.ActionDelete: "delete", drim.ActionUpsert: "create or replace"} {
		assert.Equal(t, want, a.String())
	}
}
