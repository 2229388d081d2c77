package drim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Who acts: the sender of the message; for images, that of the archive.
func TestWhoActs(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v := write(t)
	m := message(v, drim.ActionCreate, 1, drim.Flags{ToDMP: drim.Yes, SecretConnection: drim.Yes})
	m.Sender.Professional = segur.Professional{ID: "899900000099", FamilyName: "ENVOYEUR"}
	s.receive(t, m)
	a := s.record.actors[0]
	assert.True(t, a.Secret)
	assert.False(t, a.FromArchive)
	assert.Equal(t, "899900000099", a.Professional().ID)
	assert.Equal(t, "1990000019", a.Structure().ID)
	assert.Equal(t, "SA07", a.Structure().Sector.Code)
	assert.Contains(t, s.record.lots[0].Entry.Visibility(), xds.HiddenFromRepresentatives)
	assert.NotContains(t, a.String()+" "+fmtAll(a), "ENVOYEUR")

	s.pacs.set(studyA, images(studyA, 2))
	_, err := s.ImagesChanged(context.Background(), &drim.ImageChange{StudyUID: studyA})
	require.NoError(t, err)
	a = s.record.actors[len(s.record.actors)-1]
	assert.True(t, a.FromArchive)
	assert.True(t, a.Secret)
	assert.Equal(t, "899900000099", a.Professional().ID)
}
