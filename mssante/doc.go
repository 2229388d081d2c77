// Package mssante sends and reads secure health mail (MSSanté): the reference
// for client software ("Référentiel socle MSSanté #2", v1.0.1) and the limits
// of Mon espace santé, over SMTP submission and IMAP with TLS.
//
// [Client.Compose] builds the mail of one patient's documents: the
// IHE_XDM.zip that carries them with their metadata, their PDF copies, the
// subject, the label of the sender and the X-MSS headers, all computed from
// the documents. It refuses what must not leave: documents of two patients, a
// patient who opposed, an address that is not that of the patient, documents
// hidden from those they would go to. What the message, the documents, their
// headers and their metadata say of visibility is added up and held against a
// table ([DefaultVisibilityRules]). [Client.Predict] tells the size before
// anything is built, [Client.Reply] starts an answer. [Client.Send] submits it once and says
// what became of each recipient. [Client.Receive] reads a mailbox and checks
// size and hash of every document it gives.
//
// Nothing is ever sent in clear: TLS is 1.2 at least, the server is always
// verified, and a server that does not offer STARTTLS is refused. Every call
// opens its own connection and honours its context. Addresses of patients hold
// the matricule: no error and no log names a recipient otherwise than by index.
//
// Sending is not repeated by itself. When [segur.Error.Retryable], hand the
// same [Letter] to Send again later: it keeps its Message-ID.
//
// [Client.Watch] gives mails as they come; [Filter] and [Client.MarkProcessed]
// see that each is processed once. [Client.Answer] tells the sender what became
// of the documents, by a read receipt or a mail of integration error.
// [Incoming.Report] reads what others say of our mails (delivery notifications,
// read receipts, integration errors, bounces), and [Delivery] follows each
// recipient with it. [Outbox] and [Inbox] keep a connection. Config.Trace gets
// the functional traces.
//
// [Discover] finds the servers of an operator by DNS. The national white list is
// in the package whitelist, whose guard fits Config.AllowDomain; revocation of
// the operator's certificate is in credential/revocation, whose checker fits
// Config.CheckChain.
//
// Package mssantetest has a fake operator for tests.
//
// What it does not do: it asks neither of these two by itself, stores nothing
// (deliveries, positions of a watch and traces are the caller's to keep), does
// not prove who wrote a report, and neither moves nor deletes mails.
package mssante
