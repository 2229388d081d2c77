// Package interop carries one identity into the standards of the field and back.
package interop
