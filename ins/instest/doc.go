// Package instest is a fake INSi (WS_INS2, search by identity traits, contract DESIR_ICIR_EXP 1.5.0, mode of the
// organisation certificate) on the loopback interface, for tests and demonstrations. All its persons are fictional.
//
//	srv := instest.NewServer()
//	defer srv.Close()
//	client, err := ins.New(srv.Config())
//
// It is strict where the real service is known to be, and where a mistake would show only in front of it: mutual TLS
// with a certificate named INSI-AUTO or INSI-MANU, exactly the four SOAP headers of this mode, their schema and the
// order of their elements, a MessageID that no other request had, the authorisation number before anything of the body, the
// order and the alphabet of the criteria. What the real service answers to a mistake is used where it is known
// (desir_550, desir_560, insi_19, insi_24); elsewhere the detail code begins with "instest_" and the text says what is
// wrong.
//
// Answers are 00 with history, 01 and 02; homonyms are told apart by the birth place. [Server.Fail] scripts failures,
// [SOAPFault] makes the faults of INSi in the two forms seen since 2023.
//
// [TestIdentities] is the table of the identities published for the qualification platform, which [WithTestIdentities]
// makes known to a server; [CNDACases] are the conformance cases that public material shows, which [CNDACase.Play] plays
// on a fake or on the platform.
//
// What it does not do: the Vitale card, assertions, verification of an INS.
package instest
