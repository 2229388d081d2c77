package xds

import "github.com/segur-sdk/segur"

// Label returns c with the label that the embedded value sets give it, when
// it has none; a code that they do not hold comes back as it is.
func Label(c segur.Code) segur.Code { return labelled(c) }
