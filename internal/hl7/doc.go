// Package hl7 formats and parses the few HL7 data types that clinical
// documents and their metadata share: time stamps (CDA R2 TS, HL7 v2 DTM, and
// the UTC form of IHE XDS) and the composite values of XDS metadata (CX, XCN,
// XON, XPN and coded values), as IHE ITI Technical Framework Volume 3 section
// 4.2 and the French "Volet Partage de documents de santé" write them.
//
// Beside them are what one segment of an HL7 v2 message takes, PID: fields and
// repetitions with the delimiters of the message, addresses and telephone
// numbers.
//
// It is not an HL7 v2 engine: it builds no message and knows no structure.
package hl7
