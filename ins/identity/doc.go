// Package identity keeps the life cycle of a local identity in a référentiel d'identités, such as a RIS: the four
// statuses and three attributes of the RNIV, what leads from one to another, what may be handed out, and the trace of
// it all. Sources: guide d'implémentation de l'INS dans les logiciels v3.0 (December 2024, requirements "EXI ...") and
// RNIV 1 v2.0.
//
// An [Identity] is an immutable value made by [Rules]. Every transition returns a new one with one more [Event] in its
// history, or an error that names the field and the rule and changes nothing. The package has no clock, no network and
// no storage: an [Act] says who and when, package ins calls INSi, [Identity.Export] and [Rules.Restore] go to the
// caller's data base.
//
// The status is never set: it follows from two facts, retrieved from INSi and checked against a document.
//
//	                              PROV    RECUP   VALI    QUAL
//	Retrieve                      RECUP   RECUP   QUAL    QUAL    with a doubt lifted by a person: RECUP
//	ReplaceINS                    -       RECUP   -       QUAL    with a doubt lifted by a person: RECUP
//	Control                       VALI    QUAL    VALI    QUAL
//	RevokeControl                 -       -       PROV    RECUP
//	Correct, a strict trait       PROV    PROV    PROV    PROV    what survives: see [Identity.Correct]
//	Verified                      -       RECUP   -       QUAL
//	VerificationFailed            -       PROV    -       VALI
//	Invalidate                    -       PROV    -       VALI
//	Doubt, MarkFictitious         PROV    PROV    PROV    PROV
//	LiftDoubt, UnmarkFictitious   PROV
//	MarkHomonym, UnmarkHomonym    the status stays
//
// While an identity is doubtful or fictitious, Retrieve, ReplaceINS and Control are refused. Doubtful and homonym
// combine; fictitious combines with nothing, and an attribute is never cleared to make room for another.
//
// [Identity.Patient] is what other systems get: the INS is in it only when the identity is qualified. [Identity.ForINSi]
// is for the calls of INSi. [Identity.Reliability] is for the encodings.
//
// The raw answer of INSi is not kept here: the caller stores ins.Result.Raw under its MessageID (EXI REC 07 and 08),
// and the history refers to it by MessageID and digest. The history names the fields that changed, never their values.
//
// What the package does not do: it calls nobody, merges nothing ([CheckMerge] only guards), embeds no table of INSEE
// (see [Places]), decides no periodicity of verification, and records no document of low confidence. The texts behind
// EXI ID 23, 27 and 28 are not public: the transitions follow what public sources say of them, and the history cites
// the three together.
package identity
