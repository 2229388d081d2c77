// Package ins calls INSi, the national teleservice that delivers the Identité Nationale de Santé: it finds a patient's
// matricule and reference traits from the traits that the reception desk knows, or from a Vitale card.
//
// Specifications: GIE SESAM-Vitale, contract DESIR_ICIR_EXP 1.5.0 (operations WS_INS2,
// rechercherInsAvecTraitsIdentite, and WS_INS1 with a card), lexical rules and headers as in the guide d'intégration INSi
// (SEL-MP-043); ANS, guide d'implémentation de l'INS dans les logiciels, for the conduct of [Client.Identify] and the
// comparison of [Coherence]; RNIV for the statuses. The caller is an organisation, by mutual TLS with an IGC-Santé
// certificate named INSI-AUTO or INSI-MANU, or a professional, by an assertion: see [Authenticator].
//
//   - [Normalize] is the step before: it makes what a person typed acceptable, tells each change, and refuses what has
//     no agreed replacement.
//   - [Client.Search] is one search; nobody, one and several persons are outcomes, not errors.
//   - [Client.SearchVitale] is one search with what was read from a card.
//   - [Client.Identify] is the whole conduct for a patient who arrives: given names one after the other, the birth
//     place after several identities, repetitions after temporary faults, within a budget of messages, and a trace of
//     what was tried.
//   - [Identification.Confirm] takes the decision of a person about an identity that cannot be accepted as it is.
//   - [NewLimiter] bounds the calls of a structure, and those of each arrival of a patient ([ForEvent]).
//   - [Client.VerifyByComparison] looks whether a known number still goes with its traits; [Verifier] and
//     [BatchVerifier] are the places for the operations whose contract is not public, and [VerifyAll] drives the second.
//
// Searches send traits as they are given. What INSi would refuse is an input error that names field, position and rule,
// all at once, before anything is sent: lower case, accents, digits, dates that do not exist or are to come, an
// unknown sex; for a local identity also its blocking attributes and a test number in production. A birth date of
// which the day or the month is unknown is sent as INSi keeps it, with "00".
//
// Only the outcome [Found] may be used as it is. An identity whose traits contradict the local ones, whose number does
// not check, or that was found with a second given name is [Unconfirmed]: the package never returns it as a success.
//
// Answers are read by the names of the schema, whatever the prefixes, the order and the comments, and kept byte for
// byte (Result.Raw), since a référentiel d'identités must store them. Nothing printed or logged by this package holds a
// matricule or a trait.
//
// What the package does not do: read cards; the operations WS_INS3 to 5 of INSi; bulk searches, which the service does
// not allow. Calling is for the software that creates identities (RIS, HIS); a PACS receives the INS with the identity.
// The life of an identity afterwards is in [github.com/segur-sdk/segur/ins/identity].
package ins
