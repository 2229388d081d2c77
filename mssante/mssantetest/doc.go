// Package mssantetest is a fake MSSanté operator on 127.0.0.1: submission
// (SMTP with STARTTLS) and mailboxes (IMAP with STARTTLS), with mutual TLS and
// delivery between its mailboxes.
//
// It is strict: nothing is accepted in clear, a mailbox is opened only by a
// certificate of the structure that owns it (or its password, or its token),
// the sender is that mailbox, recipients exist, and each mail follows the
// rules of the reference for client software: label, Message-ID, X-MSS
// headers, subject, text in UTF-8, exactly one archive that opens, one PDF
// copy for each document, no document to another patient than its own.
// [Server.Refusals] says why a mail was refused.
//
// It goes on after it took a mail, as real ones do: delivery notifications
// ([Returns], [Held], and of success when one is asked for), answers of readers
// ([Reads]), returns of Mon espace santé ([Bounces]), all put in the mailbox of
// the sender.
//
// [Server.Fail] scripts refusals, cut connections, lost answers, duplicates,
// slowness and silence; [WithGreylisting], [Quota] and [WithTokenCheck] are
// refusals with a reason. [Server.Flag], [Server.Expunge], [Server.Rebuild] and
// [Server.Disconnect] are what happens to a mailbox that is being read.
//
// [NewWorld] adds the health directory and the signed white list, which the
// operator obeys.
//
// What it does not do: it does not relay to other operators, its words are its
// own where those of real services are not public, and its patients' mailboxes
// open by IMAP, which real ones do not.
package mssantetest
