// Package hl7 formats and parses the few HL7 data types that clinical
// documents and their metadata share: time stamps (CDA R2 TS, HL7 v2 DTM, and
// the UTC form of IHE XDS) and the composite values of XDS metadata (CX, XCN,
// XON, XPN and coded values), as IHE ITI Technical Framework Volume 3 section
// 4.2 and the French "Volet Partage de documents de santé" write them.
//
// Beside them is what it takes to read HL7 v2 messages: segments, fields,
// repetitions and components with the delimiters and in the character set of the
// message, lines that senders break, addresses and telephone numbers; and the
// blocks of MLLP.
//
// It is not an HL7 v2 engine: it writes segments, not messages, and knows no
// structure.
package hl7
