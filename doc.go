// Package segur holds the vocabulary shared by every client of the SDK:
// patients and their national identity (INS), professionals, organisations,
// codes, environments, credentials, configuration, errors, observation and
// evidence. It depends on the standard library only.
//
// The services live in sub-packages, which do not import each other:
//
//   - ins: the national identity teleservice (INSi)
//   - cda: imaging reports as CDA R2 documents
//   - dmp: publication and consultation of the national record (DMP)
//   - mssante: secure health mail (MSSanté)
//   - dicomweb: image storage, query and retrieval
//   - credential: IGC-Santé certificates and keys
//
// Every client takes a configuration that embeds [ClientConfig], refuses the
// zero [Environment], and reports failures as [*Error], which is matched with
// [errors.Is] on the sentinels of this package ([ErrNotFound],
// [ErrOutcomeUnknown] ...).
//
// What the package does not do: it opens no connection and reads no file but
// those the caller names through [FileContent] and [NewEvidenceDir].
package segur
