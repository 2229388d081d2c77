// Package dicomwebtest is a strict image server (PACS) in memory, for tests and
// examples: STOW-RS (files, and metadata with bulk data), QIDO-RS, WADO-RS
// (instances, metadata, frames, pixel data as bulk data, grey images for the
// screen), WADO-URI below /wado, UPS-RS with its events (DICOM PS3.18, 2024
// edition) and deletion, over mutual TLS, in the idiom of net/http/httptest.
//
//	srv := dicomwebtest.NewServer()
//	defer srv.Close()
//	client, err := dicomweb.New(srv.Config())
//
// It refuses what a strict server refuses: a wrong Content-Type or Accept, a
// multipart body without its end, files that are not DICOM Part 10, instances of
// another study than that of the URL, query keys it does not know. It keeps
// files byte for byte. It misbehaves on command: [Server.Fail] scripts faults of
// the connection and of the answer, [Quirks] those of servers in the field.
//
// [SampleStudy] makes small fictional CT studies; [Server.AddDir] takes the files
// of a folder.
//
// What it does not do: transcoding, decoding of compressed pixels (it shows an
// even grey), persistence.
package dicomwebtest
