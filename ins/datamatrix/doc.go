// Package datamatrix writes, draws and reads the datamatrix of the INS: the symbol that stands, with the traits in clear,
// on the first page of every document with a qualified identity, and that a reception desk scans.
//
// Specification: ANS, "INS - Format datamatrix" 2.2; guide d'implémentation de l'INS (EXI ID 29: an identity that is not
// qualified is printed with neither matricule nor datamatrix); ISO/IEC 16022 for the symbol, Data Matrix ECC 200.
//
//   - [Encode] makes the [Payload] of a patient, refuses what is not qualified and names every field at fault.
//   - [Payload.Symbol] lays it out; [Symbol.PNG], [Symbol.SVG], [Symbol.Image] and [Symbol.Modules] draw it, with the
//     quiet zone and the caption "INS à scanner".
//   - [Decode] reads what a scanner delivers, lenient about what scanners do to separators and strict about everything
//     that could make another identity of it. What comes out is a claim and not a qualified identity: the symbol is not
//     signed, and the status belongs to the structure that reads.
//
// Nothing that the package prints (fmt, slog, errors) holds a matricule or a trait.
//
// What the package does not do: it reads no picture (that is the scanner's work), does not repair what a scanner typed
// through a wrong keyboard layout, and sends nothing to INSi to verify what was read. It does not choose the densest
// symbol: characters are encoded as ASCII throughout, so that a typical identity takes 40 × 40 modules where another
// printer may need 36 × 36; the content is the same, byte for byte.
package datamatrix
