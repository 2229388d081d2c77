package ebrim

import (
	"errors"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Result is what reading a registry object list gives.
type Result struct {
	Objects []*Object
	// Warnings name what was accepted although the norm refuses it.
	Warnings []segur.Detail
}

var errNoList = errors.New("no RegistryObjectList")

// ReadList reads n, a RegistryObjectList or an element that holds one as a
// child (SubmitObjectsRequest, AdhocQueryResponse).
func ReadList(n *xmlr.Node) (*Result, error) {
	if !isRIM(n, "RegistryObjectList") {
		n = child(n, "RegistryObjectList")
	}
	if n == nil {
		return nil, errNoList
	}
	r := reader{ids: map[string]bool{}}
	r.list(n)
	return &r.Result, nil
}

type reader struct {
	Result
	ids map[string]bool
}

func (r *reader) warn(field, message string) {
	r.Warnings = append(r.Warnings, segur.Detail{Field: field, Severity: "warning", Message: message})
}

// isRIM accepts elements without any namespace: DRIM-M exports lack it.
func isRIM(n *xmlr.Node, local string) bool {
	return n != nil && n.Name.Local == local && (n.Name.Space == NamespaceRIM || n.Name.Space == "")
}

func child(n *xmlr.Node, local string) *xmlr.Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if isRIM(c, local) {
			return c
		}
	}
	return nil
}

func (r *reader) list(n *xmlr.Node) {
	var loose []*xmlr.Node
	byID := map[string]*Object{}
	for _, c := range n.Children {
		switch {
		case isRIM(c, "Classification"):
			loose = append(loose, c) // may come before its object
		case isRIM(c, string(ExtrinsicObject)), isRIM(c, string(RegistryPackage)), isRIM(c, string(Association)), isRIM(c, string(ObjectRef)):
			o := r.object(c)
			r.Objects = append(r.Objects, o)
			if o.ID != "" {
				if byID[o.ID] != nil {
					r.warn(o.ID, "two objects have this id")
				} else {
					byID[o.ID] = o
				}
			}
		default:
			r.warn(c.Name.Local, "unknown registry object, ignored")
		}
	}
	for _, c := range loose {
		cl := r.classification(c)
		if o := byID[cl.Object]; o != nil {
			o.Classifications = append(o.Classifications, cl)
		} else {
			r.warn(cl.ID, "a classification outside of any object names none of the message, ignored")
		}
	}
}

func (r *reader) object(n *xmlr.Node) *Object {
	o := &Object{
		Kind: Kind(n.Name.Local), ID: n.Attr("id"), LID: n.Attr("lid"), Status: n.Attr("status"),
		ObjectType: n.Attr("objectType"), Home: n.Attr("home"), MimeType: n.Attr("mimeType"),
		Opaque: n.Attr("isOpaque"),
		Type:   n.Attr("associationType"), Source: n.Attr("sourceObject"), Target: n.Attr("targetObject"),
	}
	seen := map[string]bool{}
	for _, c := range n.Children {
		switch {
		case isRIM(c, "Slot"):
			s := readSlot(c)
			if seen[s.Name] {
				r.warn(o.ID, "slot "+s.Name+" is repeated: its values are joined")
			}
			seen[s.Name] = true
			o.Slots = append(o.Slots, s)
		case isRIM(c, "Name"):
			o.Name = readName(c)
		case isRIM(c, "Description"):
			o.Description = readName(c)
		case isRIM(c, "VersionInfo"):
			o.Version = c.Attr("versionName")
		case isRIM(c, "Classification"):
			cl := r.classification(c)
			if cl.Object != "" && cl.Object != o.ID {
				r.warn(o.ID, "a classification names another object: it is taken as one of the object around it")
			}
			cl.Object = ""
			o.Classifications = append(o.Classifications, cl)
		case isRIM(c, "ExternalIdentifier"):
			e := ExternalIdentifier{ID: c.Attr("id"), Scheme: c.Attr("identificationScheme"), Value: c.Attr("value"),
				Name: readName(child(c, "Name")), Object: c.Attr("registryObject")}
			r.unique(e.ID)
			if e.Object != "" && e.Object != o.ID {
				r.warn(o.ID, "an external identifier names another object: it is taken as one of the object around it")
			}
			e.Object = ""
			o.Identifiers = append(o.Identifiers, e)
		default:
			r.warn(o.ID, "element "+c.Name.Local+" ignored")
		}
	}
	return o
}

func (r *reader) classification(n *xmlr.Node) Classification {
	c := Classification{ID: n.Attr("id"), Scheme: n.Attr("classificationScheme"), Node: n.Attr("classificationNode"),
		Object: n.Attr("classifiedObject"), Code: n.Attr("nodeRepresentation"), Name: readName(child(n, "Name"))}
	r.unique(c.ID)
	for _, s := range n.Children {
		if isRIM(s, "Slot") {
			c.Slots = append(c.Slots, readSlot(s))
		}
	}
	return c
}

// unique warns once of an id that comes back.
func (r *reader) unique(id string) {
	if id == "" {
		return
	}
	if r.ids[id] {
		r.warn(id, "two classifications or identifiers have this id")
	}
	r.ids[id] = true
}

func readSlot(n *xmlr.Node) Slot {
	s := Slot{Name: strings.TrimSpace(n.Attr("name"))}
	if list := child(n, "ValueList"); list != nil {
		for _, v := range list.Children {
			if isRIM(v, "Value") {
				s.Values = append(s.Values, v.TrimText()) // white space around a value is layout
			}
		}
	}
	return s
}

// readName takes the French string when there are several.
func readName(n *xmlr.Node) string {
	name, found := "", false
	if n == nil {
		return ""
	}
	for _, c := range n.Children {
		if !isRIM(c, "LocalizedString") {
			continue
		}
		lang, _ := c.LookupAttr(xmlr.XMLNamespace, "lang")
		french := len(lang) >= 2 && strings.EqualFold(lang[:2], "fr")
		if !found || french {
			name, found = c.Attr("value"), true
		}
		if french {
			break
		}
	}
	return name
}
