// Package xds models the metadata of documents that are shared in France: the
// document entry ("fiche"), the submission set ("lot") and their associations,
// as IHE ITI XDS.b (Technical Framework Volume 3, section 4) and the CI-SIS
// "Volet Partage de documents de santé" define them. The DMP takes them in
// ITI-41 and ITI-57 and gives them in ITI-18; an IHE_XDM.ZIP sent by MSSanté
// carries them in METADATA.XML.
//
// An entry is derived from the header of a CDA document ([DeriveEntry]), given
// hash and size ([DocumentEntry.Digest]), grouped ([Submission]) and checked
// against the French rules and value sets ([Submission.Validate]), which
// reports every problem at once, with its field.
//
// The encoders append XML to a byte slice; the decoders take the bytes of the
// XML element, or of a whole message that holds it. Decoding accepts what
// peers are known to write and reports it as warnings.
//
// What it does not do: it opens no connection, signs nothing, and does not
// look into documents beyond the header it is given.
package xds
