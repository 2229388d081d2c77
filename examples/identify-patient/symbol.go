package main

import (
	"bytes"
	"context"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
)

// symbol draws the INS datamatrix of the qualified patient, and reads it back
// as a scanner that plays a keyboard types it.
func (t *tour) symbol(context.Context) error {
	t.title("The datamatrix of documents")
	payload, err := datamatrix.Encode(t.patient.Patient(), segur.Fake)
	if err != nil {
		return err
	}
	symbol, err := payload.Symbol()
	if err != nil {
		return err
	}
	var png, svg bytes.Buffer
	if err := symbol.PNG(&png, datamatrix.Drawing{}); err != nil {
		return err
	}
	if err := symbol.SVG(&svg, datamatrix.Drawing{}); err != nil {
		return err
	}
	t.line("symbol", "%d × %d modules, PNG %d bytes, SVG %d bytes", symbol.Size(), symbol.Size(), png.Len(), svg.Len())
	if err := t.keep("datamatrix.png", png.Bytes()); err != nil {
		return err
	}
	if err := t.keep("datamatrix.svg", svg.Bytes()); err != nil {
		return err
	}

	scan := string(bytes.ReplaceAll(payload.Bytes(), []byte{0x1D}, []byte("<GS>"))) + "\r"
	decoded, err := datamatrix.Decode(scan, datamatrix.Options{Environment: segur.Fake})
	if err != nil {
		return err
	}
	t.line("scanned", "%s", typed(decoded.Traits))
	t.number(decoded.INS)
	t.line("same number", "%t; status of what is scanned: %s, the reader checks it again",
		decoded.INS == t.patient.INS(), decoded.Patient().Status)
	return nil
}
