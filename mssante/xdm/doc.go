// Package xdm packs and opens the IHE_XDM.ZIP that carries documents and their
// metadata in a secure health mail: IHE ITI XDM (Technical Framework, profile
// Cross-Enterprise Document Media Interchange) with the rules of the CI-SIS
// "Volet Échange de documents de santé" and of the MSSanté reference for
// client software.
//
// [Pack] writes README.TXT, INDEX.HTM and, for each submission set, a folder
// IHE_XDM/SUBSETnn with METADATA.XML, the documents and their style sheet,
// streaming them. [Predict] bounds the size of the archive before a document
// is read.
//
// [Open] finds every submission set of an archive, refuses what an attacker or
// an accident can put there (paths that lead out, symbolic links, encrypted
// and 64-bit entries, names used twice, files that share bytes, bombs), checks
// size and hash of every document before it gives any, and compares the header
// of every CDA document with its metadata: differences are [Archive.Warnings].
// What departs from the norm in a known way is understood and listed in
// [Archive.Repairs].
//
// What it does not do: it writes no mail, extracts nothing to disk, does not
// read documents beyond the header, and verifies no signature of a submission
// set.
package xdm
