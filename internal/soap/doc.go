// Package soap carries one call of a SOAP service over internal/transport: it writes the envelope, sends it plain or as
// MTOM, and reads what comes back.
//
// Specifications: SOAP 1.2 (W3C REC-soap12-part1-20070427) with its HTTP binding, WS-Addressing 1.0 (SOAP binding),
// MTOM (W3C REC-soap12-mtom-20050125). Answers of SOAP 1.1 servers, faults included, are read as well; nothing is sent
// in that version.
//
// The envelope is written once, in canonical form. What the caller signed (the content of wsse:Security) and the body
// go in as bytes that nobody parses or serialises again. Which WS-Addressing headers a service wants differs: INSi
// takes Action and MessageID only, the DMP refuses a call that lacks MessageID, To, ReplyTo or Action.
//
//	answer, err := client.Do(ctx, &soap.Call{
//		Op: "dmp.find", Endpoint: url, Action: action, MessageID: "urn:uuid:" + id,
//		To: url, ReplyTo: true, MustUnderstand: true, Security: assertion, Body: query, RepeatSafe: true,
//	})
//
// An answer is accepted when it is a whole SOAP envelope, alone or as the root of a multipart/related message (ITI-43
// answers that way even for faults). A page of HTML, an envelope cut short, a header that must be understood and is
// not, an answer to another message: each is a typed error that names the media type and the status, never the content.
// A SOAP fault is an error that wraps a [*Fault].
//
// Not here: WSDL, message signatures of WS-Security, WS-ReliableMessaging, SOAP over anything else than HTTP.
package soap
