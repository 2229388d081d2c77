// Package xdm packs and opens the IHE_XDM.ZIP that carries documents and their
// metadata in a secure health mail: IHE ITI XDM (Technical Framework, profile
// Cross-Enterprise Document Media Interchange) with the rules of the CI-SIS
// "Volet Échange de documents de santé" and of the MSSanté reference for
// client software.
//
// [Pack] writes README.TXT, INDEX.HTM and IHE_XDM/SUBSET01 with METADATA.XML
// and the documents, streaming them. [Open] finds every submission set of an
// archive, refuses what an attacker or an accident can put there, and checks
// size and hash of every document before it gives any.
//
// What it does not do: it writes no mail and does not read the documents
// themselves. Comparing the header of a CDA document with its metadata is the
// reader's next step.
package xdm
