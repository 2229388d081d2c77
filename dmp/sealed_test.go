package dmp_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
)

// encoded is the stored form of s, with its documents.
func encoded(tb testing.TB, s *dmp.Sealed) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, s.Encode(&b))
	return b.Bytes()
}

// What was stored is sent as it would have been: same bytes, same identifiers,
// same metadata; and it is stored again as it was.
func TestSealedIsStoredAndReopened(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	report := newReport(t)
	kos := sampleKOS()
	two := []dmp.SubmissionDocument{
		{Document: report, Visibility: []xds.Visibility{xds.HiddenFromPatient}},
		{Content: kos, Entry: kosEntry(report)},
	}
	plain, secret := newClient(t, srv), newClient(t, srv).SecretConnection()
	sha2 := newClient(t, srv, func(c *dmp.Config) { c.Settings.LotSignatureSHA256 = true })
	for name, c := range map[string]struct {
		prepares, sends *dmp.Client
		documents       []dmp.SubmissionDocument
	}{
		"one report":    {plain, plain, nil},
		"two documents": {plain, plain, two},
		"secret":        {secret, plain, nil},
		"SHA-256":       {sha2, plain, nil},
	} {
		sealed := prepared(t, c.prepares, c.documents...)
		blob := encoded(t, sealed)
		name = name + ": "
		file := filepath.Join(t.TempDir(), "lot")
		require.NoError(t, os.WriteFile(file, append([]byte("before"), blob...), 0o600))
		f, err := os.Open(file)
		require.NoError(t, err)
		_, err = f.Seek(6, io.SeekStart)
		require.NoError(t, err)
		var light bytes.Buffer
		require.NoError(t, sealed.EncodeWithoutDocuments(&light))
		assert.Less(t, light.Len(), len(blob)-1000)
		for form, open := range map[string]func() (*dmp.Sealed, error){
			"in memory": func() (*dmp.Sealed, error) {
				return c.sends.Decode(iotest.OneByteReader(bytes.NewReader(blob)), dmp.DecodeOptions{})
			},
			"in a file": func() (*dmp.Sealed, error) { return c.sends.Decode(f, dmp.DecodeOptions{}) },
			"without documents": func() (*dmp.Sealed, error) {
				return c.sends.Decode(&light, dmp.DecodeOptions{Open: func(id string) (segur.Content, error) {
					if id == string(report.ID()) {
						return report, nil
					}
					return kos, nil
				}})
			},
		} {
			if form == "without documents" && c.documents == nil {
				continue // prepared makes a report that the test does not hold
			}
			got, err := open()
			require.NoError(t, err, name+form)
			assert.Equal(t, sealed.SubmissionSetID(), got.SubmissionSetID(), name+form)
			assert.Equal(t, sealed.DocumentIDs(), got.DocumentIDs(), name+form)
			assert.Equal(t, sealed.Warnings(), got.Warnings(), name+form)
			assert.Equal(t, blob, encoded(t, got), name+form)
		}
		got, err := c.sends.Decode(bytes.NewReader(blob), dmp.DecodeOptions{})
		require.NoError(t, err)
		before := len(srv.Documents())
		receipt, err := c.sends.Submit(ctx, got)
		require.NoError(t, err, name)
		require.NoError(t, f.Close())
		assert.Equal(t, sealed.SubmissionSetID(), receipt.SubmissionSetID)
		for i, d := range srv.Documents()[before:] {
			assert.Equal(t, sealed.Entries()[i].Hash, d.Entry.Hash, name)
			assert.Equal(t, sealed.Entries()[i].UniqueID, d.Entry.UniqueID, name)
		}
		_, err = c.prepares.Submit(ctx, sealed) // the lot is the same one
		require.ErrorIs(t, err, segur.ErrConflict, name)
		if c.documents != nil {
			assert.Equal(t, contentOf(t, report), srv.Documents()[before].Content)
			assert.Equal(t, contentOf(t, kos), srv.Documents()[before+1].Content)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	kos := sampleKOS()
	sealed := prepared(t, client, dmp.SubmissionDocument{Content: kos, Entry: kosEntry(newReport(t))})
	blob := encoded(t, sealed)
	var light bytes.Buffer
	require.NoError(t, sealed.EncodeWithoutDocuments(&light))
	decode := func(c *dmp.Client, b []byte, o dmp.DecodeOptions) error {
		s, err := c.Decode(bytes.NewReader(b), o)
		if err != nil {
			assert.Nil(t, s)
			noPrivateText(t, err.Error())
		}
		return err
	}
	require.NoError(t, decode(client, blob, dmp.DecodeOptions{}))
	for n := range blob { // cut at every byte
		err := decode(client, blob[:n], dmp.DecodeOptions{})
		if segur.KindOf(err) != segur.KindTruncated {
			t.Fatalf("cut after %d of %d: %v", n, len(blob), err)
		}
	}
	step := max(1, len(blob)/500)
	for n := 0; n < len(blob); n += step { // one bit elsewhere
		b := bytes.Clone(blob)
		b[n] ^= 1
		require.Error(t, decode(client, b, dmp.DecodeOptions{}), "byte %d", n)
	}
	require.ErrorIs(t, decode(client, append(bytes.Clone(blob), 0), dmp.DecodeOptions{}), segur.ErrInvalidInput)
	require.ErrorIs(t, decode(client, []byte("segur.dmp.Sealed 2\n\x00\x00\x00\x00"), dmp.DecodeOptions{}), segur.ErrInvalidInput)
	require.ErrorIs(t, decode(client, []byte("segur.dmp.Sealed 1\n\xff\xff\xff\xff"), dmp.DecodeOptions{}), segur.ErrTooLarge)

	assert.Equal(t, []string{"documents[0].content"}, fields(t, decode(client, light.Bytes(), dmp.DecodeOptions{})))
	for _, open := range []func(string) (segur.Content, error){
		func(string) (segur.Content, error) { return nil, errors.New("gone") },
		func(string) (segur.Content, error) { return &changing{Content: kos}, nil },
		func(string) (segur.Content, error) { return segur.BytesContent([]byte("DICM")), nil },
	} {
		assert.Contains(t, fields(t, decode(client, light.Bytes(), dmp.DecodeOptions{Open: open})), "documents[0].content")
	}
	// Another client may not send it.
	for field, change := range map[string]func(*dmp.Config){
		"author":               func(c *dmp.Config) { c.User.ID = "899900000023" },
		"documents[0].authors": func(c *dmp.Config) { c.Structure.ID, c.AllowLegalEntityCertificate = "1990000027", true },
	} {
		assert.Contains(t, fields(t, decode(newClient(t, srv, change), blob, dmp.DecodeOptions{})), field)
	}
	production := newClient(t, srv, func(c *dmp.Config) { c.Environment = segur.Production })
	require.ErrorIs(t, decode(production, blob, dmp.DecodeOptions{}), segur.ErrInvalidInput)
	small := newClient(t, srv, func(c *dmp.Config) { c.Settings.MaxDocumentBytes = 10 })
	require.ErrorIs(t, decode(small, blob, dmp.DecodeOptions{}), segur.ErrTooLarge)
	require.ErrorIs(t, decode(client.SecretConnection(), blob, dmp.DecodeOptions{}), segur.ErrInvalidInput)

	// Nor is a document stored that is no longer what was prepared.
	moving := &changing{Content: kos, after: 1}
	sealed = prepared(t, client, dmp.SubmissionDocument{Content: moving, Entry: kosEntry(newReport(t))})
	require.ErrorIs(t, sealed.Encode(io.Discard), segur.ErrConflict)
	require.Error(t, sealed.EncodeWithoutDocuments(iotestWriter{}))
}

type iotestWriter struct{}

func (iotestWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// The checksum of a forged form is right: what it holds is judged all the same.
func FuzzDecode(f *testing.F) {
	srv := fake(f)
	client := newClient(f, srv)
	sealed := prepared(f, client, dmp.SubmissionDocument{Content: sampleKOS(), Entry: kosEntry(newReport(f))})
	blob := encoded(f, sealed)
	f.Add(blob[:len(blob)-sha256.Size])
	var light bytes.Buffer
	require.NoError(f, sealed.EncodeWithoutDocuments(&light))
	f.Add(light.Bytes()[:light.Len()-sha256.Size])
	f.Add([]byte("segur.dmp.Sealed 1\n"))
	f.Add(append(binary.BigEndian.AppendUint32([]byte("segur.dmp.Sealed 1\n"), 2), "{}"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		sum := sha256.Sum256(b)
		s, err := client.Decode(bytes.NewReader(append(bytes.Clone(b), sum[:]...)), dmp.DecodeOptions{})
		if err == nil {
			require.NotEmpty(t, s.DocumentIDs())
			require.NotEmpty(t, s.SubmissionSetID())
		}
	})
}
