// Package instest is a fake INSi (contract DESIR_ICIR_EXP 1.5.0: WS_INS2, search by identity traits, and WS_INS1, with a
// Vitale card) on the loopback interface, for tests and demonstrations. All its persons are fictional.
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
// A server is for one mode of authentication: structures (mutual TLS) unless an option says otherwise, professionals with
// a card ([WithProfessionals]), professionals connected by Pro Santé Connect ([WithProSanteConnect]). The last two verify
// the server only in TLS, and verify in every message the assertion of the professional: signature and chain, key of
// the card, age, attributes, used once. They also answer the search with a Vitale card ([DefaultVitale],
// [Server.VitaleQuery]): body and COUVERTURE must name the same beneficiary, and the assertion of the card that one too.
// [Server.Config] is complete for the mode.
//
// Two things are contracts of the fake, since those of the real service are not public: the assertion of a Vitale card
// ([Server.VitaleAssertion]) and what carries the token of Pro Santé Connect ([TokenHeader]).
//
// [TestIdentities] is the table of the identities published for the qualification platform, which [WithTestIdentities]
// makes known to a server; [CNDACases] are the conformance cases that public material shows, which [CNDACase.Play] plays
// on a fake or on the platform.
//
// What it does not do: the operations WS_INS3 to 5, whose messages are not public; [Batch] is a fake of the
// interface that the SDK has for them.
package instest
