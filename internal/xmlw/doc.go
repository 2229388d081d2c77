// Package xmlw writes XML 1.0 that is already in canonical form: the bytes it produces are unchanged by
// Canonical XML 1.0 (W3C REC-xml-c14n-20010315) and, when namespaces are declared on the elements that use
// them, by Exclusive XML Canonicalization 1.0 (REC-xml-exc-c14n-20020718). What is signed is therefore what
// is sent: nothing has to be parsed and serialised again between the digest and the wire.
//
// A [Writer] appends to one byte slice ([New]) or to an io.Writer through a bounded buffer ([NewStream]).
// Calls never return an error; the first mistake (invalid name, character that XML forbids, undeclared
// prefix, duplicate attribute, unclosed element) is kept and reported by [Writer.Bytes] or [Writer.Close].
// Attributes may be given in any order: the writer keeps them in canonical order, and costs
// nothing when they already are.
//
//	w := xmlw.New(nil)
//	w.Start("soap:Envelope")
//	w.NS("soap", "http://www.w3.org/2003/05/soap-envelope")
//	w.Elem("soap:Body", "")
//	w.End()
//	out, err := w.Bytes()
//
// It does not write DOCTYPE, CDATA sections or entity references other than the ones canonical form asks for.
package xmlw
