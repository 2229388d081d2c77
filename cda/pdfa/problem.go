package pdfa

import "fmt"

// Rule is one requirement of PDF/A-1 that Check looks at. Its zero value is no rule.
type Rule uint8

// The rules, in the order of the clauses of ISO 19005-1.
const (
	RuleHeader          Rule = iota + 1 // 6.1.2
	RuleBinaryComment                   // 6.1.2
	RuleEndOfFile                       // 6.1.3
	RuleEncryption                      // 6.1.3
	RuleFileIdentifier                  // 6.1.3
	RuleCrossReference                  // 6.1.4
	RuleCompressedXRef                  // 6.1.4
	RuleStreamLength                    // 6.1.7
	RuleExternalStream                  // 6.1.7
	RuleStructure                       // 6.1.8
	RuleLZW                             // 6.1.10
	RuleEmbeddedFile                    // 6.1.11
	RuleLimits                          // 6.1.12
	RuleOptionalContent                 // 6.1.13
	RuleOutputIntent                    // 6.2.2
	RuleOutputProfile                   // 6.2.2
	RuleFontEmbedded                    // 6.3.4
	RuleTransparency                    // 6.4
	RuleAnnotation                      // 6.5.2
	RuleAction                          // 6.6.1
	RuleTriggerEvents                   // 6.6.2
	RuleMetadata                        // 6.7.2
	RuleInfoConsistency                 // 6.7.3
	RuleVersionClaim                    // 6.7.11
)

var rules = [...]struct{ clause, text string }{
	RuleHeader:          {"6.1.2", "the file begins with %PDF-1.n at its first byte"},
	RuleBinaryComment:   {"6.1.2", "the header is followed by a comment of at least four bytes above 127"},
	RuleEndOfFile:       {"6.1.3", "the file ends with %%EOF, followed by nothing but one end of line"},
	RuleEncryption:      {"6.1.3", "the file is not encrypted"},
	RuleFileIdentifier:  {"6.1.3", "the trailer has an ID of two strings that are not empty"},
	RuleCrossReference:  {"6.1.4", "the cross-reference table leads to every object"},
	RuleCompressedXRef:  {"6.1.4", "there are no cross-reference streams and object streams (PDF 1.5)"},
	RuleStreamLength:    {"6.1.7", "the Length of a stream is its length"},
	RuleExternalStream:  {"6.1.7", "the data of a stream is inside the file"},
	RuleStructure:       {"6.1.8", "the objects follow the syntax of PDF 1.4 and make a document with pages"},
	RuleLZW:             {"6.1.10", "the LZWDecode filter is not used"},
	RuleEmbeddedFile:    {"6.1.11", "there are no embedded files"},
	RuleLimits:          {"6.1.12", "the objects stay within the implementation limits of PDF 1.4"},
	RuleOptionalContent: {"6.1.13", "there is no optional content"},
	RuleOutputIntent:    {"6.2.2", "the document catalogue has an output intent GTS_PDFA1 with a profile (only a file without device colours, that is without plain text, could do without)"},
	RuleOutputProfile:   {"6.2.2", "the profile of the output intent is an ICC profile of version 2, for a display or a printer, in RGB, CMYK or grey"},
	RuleFontEmbedded:    {"6.3.4", "every font is embedded (but one used for invisible text only, which Check cannot tell)"},
	RuleTransparency:    {"6.4", "there is no transparency"},
	RuleAnnotation:      {"6.5.2", "annotations are of the types that PDF/A-1 allows"},
	RuleAction:          {"6.6.1", "there is no JavaScript and no action that launches, plays, imports or resets"},
	RuleTriggerEvents:   {"6.6.2", "the document, form fields and their widgets have no additional actions"},
	RuleMetadata:        {"6.7.2", "the document catalogue has XMP metadata in clear (no filter), well formed"},
	RuleInfoConsistency: {"6.7.3", "the Info dictionary and the XMP metadata say the same"},
	RuleVersionClaim:    {"6.7.11", "the XMP metadata claims pdfaid:part 1 and pdfaid:conformance A or B"},
}

// Clause is the clause of ISO 19005-1:2005, for example "6.1.3".
func (r Rule) Clause() string {
	if int(r) < len(rules) {
		return rules[r].clause
	}
	return ""
}

// String says in English what the rule asks for.
func (r Rule) String() string {
	if r > 0 && int(r) < len(rules) {
		return rules[r].text
	}
	return fmt.Sprintf("rule %d", uint8(r))
}

// Problem is one rule that a file breaks. It holds no text of the document, so it can be logged.
type Problem struct {
	// Rule is what the file should be.
	Rule Rule
	// Object is the number of the PDF object concerned; 0 when it is the file as a whole.
	Object int
	// Detail says in English what was found.
	Detail string
}

// String gives the clause, the rule and what was found.
func (p Problem) String() string {
	s := "ISO 19005-1, " + p.Rule.Clause() + ": " + p.Rule.String() + ": " + p.Detail
	if p.Object != 0 {
		s += fmt.Sprintf(" (object %d)", p.Object)
	}
	return s
}
