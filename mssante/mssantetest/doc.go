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
// [Server.Fail] scripts refusals, greylisting, cut connections, lost answers
// and silence.
//
// What it does not do: it does not relay to other operators, sends no receipts
// nor bounces, and its patients' mailboxes open by IMAP, which real ones do not.
package mssantetest
