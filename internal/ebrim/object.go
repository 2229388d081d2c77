package ebrim

import "strings"

// Namespaces of ebXML RegRep 3.0.
const (
	NamespaceRIM   = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
	NamespaceLCM   = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
	NamespaceRS    = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
	NamespaceQuery = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
)

// Kind is the element that an [Object] stands for.
type Kind string

// The kinds, as the local names of their elements.
const (
	ExtrinsicObject Kind = "ExtrinsicObject"
	RegistryPackage Kind = "RegistryPackage"
	Association     Kind = "Association"
	ObjectRef       Kind = "ObjectRef"
)

// Slot is a named list of values. Queries repeat slots of one name, objects
// should not.
type Slot struct {
	Name   string
	Values []string
}

// Classification gives its object a code (Scheme and Code) or marks it (Node).
type Classification struct {
	ID string
	// Scheme is classificationScheme, Node classificationNode: one of both.
	Scheme, Node string
	// Object is classifiedObject as written. Empty is written as the
	// identifier of the enclosing object.
	Object string
	// Code is nodeRepresentation; empty for authors.
	Code string
	// Slots hold codingScheme, or the parts of an author.
	Slots []Slot
	// Name is the label.
	Name string
}

// Slot returns the values of every slot of that name.
func (c *Classification) Slot(name string) []string { return values(c.Slots, name) }

// ExternalIdentifier identifies its object in a scheme.
type ExternalIdentifier struct {
	ID, Scheme, Value string
	// Name is XDSDocumentEntry.patientId and the like.
	Name string
	// Object is registryObject as written. Empty is written as the identifier
	// of the enclosing object.
	Object string
}

// Object is one member of a registry object list.
type Object struct {
	Kind Kind
	// ID is the entryUUID, or a symbolic name within a submission.
	ID string
	// LID is the logical identifier, common to the versions.
	LID string
	// Status is the availability status.
	Status string
	// ObjectType is the type of an ExtrinsicObject, or of an Association that
	// must state it.
	ObjectType string
	// Home is the home community.
	Home string
	// MimeType and Opaque (isOpaque, as written) belong to ExtrinsicObject.
	MimeType, Opaque string
	// Type, Source and Target belong to Association.
	Type, Source, Target string

	Slots             []Slot
	Name, Description string
	// Version is VersionInfo/@versionName.
	Version         string
	Classifications []Classification
	Identifiers     []ExternalIdentifier
}

// Slot returns the values of every slot of that name.
func (o *Object) Slot(name string) []string { return values(o.Slots, name) }

// Value returns the first value of a slot, trimmed, or "".
func (o *Object) Value(name string) string {
	if v := o.Slot(name); len(v) > 0 {
		return strings.TrimSpace(v[0])
	}
	return ""
}

// Set replaces the values of a slot, in place when it exists.
func (o *Object) Set(name string, v ...string) {
	for i := range o.Slots {
		if o.Slots[i].Name == name {
			o.Slots[i].Values = v
			return
		}
	}
	o.Slots = append(o.Slots, Slot{name, v})
}

// Classified returns the classifications of a scheme.
func (o *Object) Classified(scheme string) []Classification {
	var out []Classification
	for _, c := range o.Classifications {
		if c.Scheme == scheme {
			out = append(out, c)
		}
	}
	return out
}

// HasNode reports whether a classification marks the object with node.
func (o *Object) HasNode(node string) bool {
	for i := range o.Classifications {
		if o.Classifications[i].Node == node {
			return true
		}
	}
	return false
}

// Identifier returns the value of the identifier of a scheme, trimmed, or "".
func (o *Object) Identifier(scheme string) string {
	for i := range o.Identifiers {
		if o.Identifiers[i].Scheme == scheme {
			return strings.TrimSpace(o.Identifiers[i].Value)
		}
	}
	return ""
}

// Clone returns a copy that shares nothing with o.
func (o *Object) Clone() *Object {
	c := *o
	c.Slots = cloneSlots(o.Slots)
	c.Classifications = append([]Classification(nil), o.Classifications...)
	for i := range c.Classifications {
		c.Classifications[i].Slots = cloneSlots(c.Classifications[i].Slots)
	}
	c.Identifiers = append([]ExternalIdentifier(nil), o.Identifiers...)
	return &c
}

func cloneSlots(in []Slot) []Slot {
	if in == nil {
		return nil
	}
	out := make([]Slot, len(in))
	for i, s := range in {
		out[i] = Slot{s.Name, append([]string(nil), s.Values...)}
	}
	return out
}

func values(slots []Slot, name string) []string {
	var out []string
	for i := range slots {
		if slots[i].Name == name {
			out = append(out, slots[i].Values...)
		}
	}
	return out
}
