// Package ins calls INSi, the national teleservice that delivers the Identité Nationale de Santé: it finds a patient's
// matricule and reference traits from the traits that the reception desk knows.
//
// Specifications: GIE SESAM-Vitale, contract DESIR_ICIR_EXP 1.5.0 (operation WS_INS2,
// rechercherInsAvecTraitsIdentite), lexical rules and headers as in the guide d'intégration INSi (SEL-MP-043); ANS,
// guide d'implémentation de l'INS dans les logiciels, for the conduct of [Client.Identify] and the comparison of
// [Coherence]; RNIV for the statuses. The mode is that of the organisation certificate: mutual TLS with an IGC-Santé
// certificate named INSI-AUTO or INSI-MANU, no assertion.
//
//   - [Client.Search] is one search; nobody, one and several persons are outcomes, not errors.
//   - [Client.Identify] is the whole conduct for a patient who arrives: given names one after the other, the birth
//     place after several identities, four calls at most, and a trace of what was tried.
//   - [NormalizeBirthName] and [NormalizeGivenName] say what INSi will take and what must be corrected by a person.
//
// Only the outcome [Found] may be used as it is. An identity whose traits contradict the local ones, whose number does
// not check, or that was found with a second given name is [Unconfirmed]: the package never returns it as a success.
//
// Answers are kept byte for byte (Result.Raw), since a référentiel d'identités must store them. Nothing printed or
// logged by this package holds a matricule or a trait.
//
// What the package does not do: the search with a Vitale card (WS_INS1), the CPx and Pro Santé Connect modes, the
// verification of an INS (WS_INS3 to 5, whose contract is not public), bulk searches, which the service does not allow.
// Calling is for the software that creates identities (RIS, HIS); a PACS receives the INS with the identity.
package ins
