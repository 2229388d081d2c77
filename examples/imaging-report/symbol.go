package main

import (
	"bytes"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
)

// symbol draws the INS datamatrix that a page shows of a qualified identity, which
// that of the patient here is: never call it for a patient of whom you do not know.
func symbol(number segur.INS, traits segur.Traits) ([]byte, error) {
	payload, err := datamatrix.Encode(segur.Patient{INS: number, Traits: traits, Status: segur.Qualified}, segur.Fake)
	if err != nil {
		return nil, err
	}
	drawn, err := payload.Symbol()
	if err != nil {
		return nil, err
	}
	var png bytes.Buffer
	err = drawn.PNG(&png, datamatrix.Drawing{ModuleSize: 4})
	return png.Bytes(), err
}
