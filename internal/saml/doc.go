// Package saml writes, signs and checks the two SAML 2.0 assertions of the national services:
//
//   - [VIHF], "Vecteur d'Identification et d'Habilitation Formelles", the token of every call to the DMP, in its three
//     modes: DIRECTE (card), INDIRECTE (structure certificate), INDIRECTE_RENFORCEE (AIR);
//   - [INSi], the "assertion PS" of the INSi teleservice for the CPx modes.
//
// A [Signer] turns either into signed bytes ([Assertion]) that must reach the wire untouched. Every field is checked
// first and every problem reported at once. One assertion is made for each call; reuse exists for slow cards only and
// is off unless [Config.CacheTTL] says otherwise.
//
// [VerifyVIHF] and [VerifyINSi] are the strict readers behind the fakes: signature, certificate, age, structure and
// each attribute rule, read from the bytes that were verified.
//
// Sources: guide of the DMP for software ("DMP intégration LPS", versions 2.9 and 2.10), ANS mapping page "Mapping VIHF
// pour le DMP", SEL-MP-043 for INSi, SAML 2.0 core (OASIS). The assertion "Vitale" of INSi is not public: bring it as
// bytes.
package saml
