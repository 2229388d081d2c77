package xds_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// What is published of somebody is not printed.
func TestManifestLotIsRedacted(t *testing.T) {
	t.Parallel()
	lot := xds.ManifestLot{Entry: xds.DocumentEntry{UniqueID: "1.2.250.1.999.5.1"}, Content: segur.BytesContent([]byte("SECRET")), Title: "SECRET"}
	sealed := xds.SealedManifest{UniqueID: "1.2.250.1.999.5.1", Stored: []byte("SECRET"), Metadata: []byte("SECRET")}
	for _, v := range []any{lot, &lot, sealed, &sealed, []xds.ManifestLot{lot}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			s := fmt.Sprintf(verb, v)
			assert.Contains(t, s, "1.2.250.1.999.5.1")
			for _, leak := range []string{"SECRET", "83 69 67", "534543", "0x53"} {
				assert.NotContains(t, s, leak, verb)
			}
		}
	}
	assert.Contains(t, lot.LogValue().String(), "redacted")
	assert.Contains(t, sealed.LogValue().String(), "redacted")
}
