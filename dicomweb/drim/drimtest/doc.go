// Package drimtest is a fake DRIMbox of another site: the source of images that a
// consumer asks (WADO-RS of DRIM-M). It is strict, and written apart from the
// handler of package drim, so that the two check each other: every request has a
// bearer token, the identifier of the current manifest, and an Accept header in
// the one form that every box understands.
//
// It misbehaves on command: answers that are cut or slow, instances that are
// missing, withdrawn or those of another study, tokens that expire.
//
//	box := drimtest.NewServer()
//	defer box.Close()
//	err := box.Share(manifestUID, files...)
//
// It does not read manifests, nor the white list, and it converts no image.
package drimtest
