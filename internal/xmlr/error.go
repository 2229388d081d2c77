package xmlr

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Rule names what a document broke.
type Rule string

// Rules.
const (
	RuleSyntax    Rule = "syntax"              // not well formed
	RuleTruncated Rule = "truncated"           // ends before the root element is closed
	RuleEncoding  Rule = "encoding"            // not UTF-8, or declared as something else
	RuleCharacter Rule = "character"           // character that XML 1.0 forbids
	RuleDoctype   Rule = "doctype"             // DOCTYPE present
	RuleEntity    Rule = "entity"              // reference to an entity that is not predefined, or malformed
	RuleNamespace Rule = "namespace"           // undeclared prefix, illegal declaration
	RuleAttribute Rule = "duplicate attribute" // same expanded name twice on one element
	RuleLimit     Rule = "limit"               // over a limit of Options
	RuleSelection Rule = "selection"           // the element to canonicalise is absent or ambiguous
	RuleRead      Rule = "read"                // the source failed (ReadAll)
)

// Error is a refusal. Detail describes the rule, never the content.
type Error struct {
	Offset int // in bytes from the start of the input
	Line   int // from 1
	Col    int // from 1, in characters
	Rule   Rule
	Detail string
	Err    error // cause, for RuleRead
}

// Error implements error.
func (e *Error) Error() string {
	s := fmt.Sprintf("xml: line %d, column %d (byte %d): %s: %s", e.Line, e.Col, e.Offset, e.Rule, e.Detail)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Position converts a byte offset of src into a line and a column, both from 1; columns count characters.
func Position(src []byte, offset int) (line, col int) {
	offset = min(max(offset, 0), len(src))
	head := src[:offset]
	line = 1 + bytes.Count(head, []byte{'\n'})
	return line, 1 + utf8.RuneCount(head[bytes.LastIndexByte(head, '\n')+1:])
}

func newError(src []byte, offset int, rule Rule, detail string) *Error {
	e := &Error{Offset: offset, Rule: rule, Detail: detail}
	e.Line, e.Col = Position(src, offset)
	return e
}
