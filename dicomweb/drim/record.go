package drim

import (
	"context"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Record is the national record (DMP) as a source publishes in it: one user of
// one structure. What (*dmp.Client).Manifests gives satisfies it.
type Record interface {
	// Seal checks a lot and fixes its bytes and identifiers, and publishes
	// nothing. The error is [segur.ErrNotFound] when the record does not have
	// the manifest that is replaced.
	Seal(ctx context.Context, lot xds.ManifestLot) (xds.SealedManifest, error)
	// Send publishes what Seal fixed. again says that it may have been sent
	// before: the record is then asked first, and nothing is sent when it has
	// the manifest. An [segur.ErrOutcomeUnknown] error says that nobody knows.
	Send(ctx context.Context, stored []byte, again bool) (xds.ManifestReceipt, error)
	// Lookup returns the entryUUID of a manifest; [segur.ErrNotFound] when the
	// record has none of that identifier.
	Lookup(ctx context.Context, patient segur.INS, uniqueID string) (string, error)
	// Remove withdraws a manifest. One that is not there, or no longer, is no
	// error: it may be called again. A record that cannot tell answers with an
	// error of code XDSMetadataUpdateError: the source takes it for withdrawn when
	// it had asked for that before, and tells a person otherwise.
	Remove(ctx context.Context, patient segur.INS, uniqueID string) error
}
