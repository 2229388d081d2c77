package ebrim

import (
	"strconv"

	"github.com/segur-sdk/segur/internal/xmlw"
)

// WriteSubmitObjects writes lcm:SubmitObjectsRequest with the objects in their
// order. Classifications and identifiers without an id get one, unique in the
// message.
func WriteSubmitObjects(w *xmlw.Writer, objects []*Object) {
	w.Start("lcm:SubmitObjectsRequest")
	w.NS("lcm", NamespaceLCM)
	w.NS("rim", NamespaceRIM)
	writeList(w, objects)
	w.End()
}

func writeList(w *xmlw.Writer, objects []*Object) {
	w.Start("rim:RegistryObjectList")
	var n numbering
	n.reserve(objects)
	for _, o := range objects {
		n.object(w, o)
	}
	w.End()
}

// numbering gives ids to parts that have none: cla1, cla2 … and ei1, ei2 …, as
// the French samples do, leaving out those already taken.
type numbering struct {
	taken                       map[string]bool
	class, identifier, relation int
}

func (n *numbering) reserve(objects []*Object) {
	n.taken = map[string]bool{}
	for _, o := range objects {
		n.taken[o.ID] = true
		for i := range o.Classifications {
			n.taken[o.Classifications[i].ID] = true
		}
		for i := range o.Identifiers {
			n.taken[o.Identifiers[i].ID] = true
		}
	}
}

func (n *numbering) next(id, prefix string, counter *int) string {
	if id != "" {
		return id
	}
	for {
		*counter++
		if id = prefix + strconv.Itoa(*counter); !n.taken[id] {
			return id
		}
	}
}

func (n *numbering) object(w *xmlw.Writer, o *Object) {
	id := o.ID
	if o.Kind == Association {
		id = n.next(id, "as", &n.relation)
	}
	w.Start("rim:" + string(o.Kind))
	w.AttrOpt("associationType", o.Type)
	w.AttrOpt("home", o.Home)
	w.Attr("id", id)
	w.AttrOpt("isOpaque", o.Opaque)
	w.AttrOpt("lid", o.LID)
	w.AttrOpt("mimeType", o.MimeType)
	w.AttrOpt("objectType", o.ObjectType)
	if o.Kind == Association {
		w.Attr("sourceObject", o.Source)
	}
	w.AttrOpt("status", o.Status)
	if o.Kind == Association {
		w.Attr("targetObject", o.Target)
	}
	writeSlots(w, o.Slots)
	writeName(w, "rim:Name", o.Name)
	writeName(w, "rim:Description", o.Description)
	if o.Version != "" {
		w.Elem("rim:VersionInfo", "", "versionName", o.Version)
	}
	for i := range o.Classifications {
		n.classification(w, &o.Classifications[i], id)
	}
	for i := range o.Identifiers {
		n.externalIdentifier(w, &o.Identifiers[i], id)
	}
	w.End()
}

func (n *numbering) classification(w *xmlw.Writer, c *Classification, owner string) {
	w.Start("rim:Classification")
	w.AttrOpt("classificationNode", c.Node)
	w.AttrOpt("classificationScheme", c.Scheme)
	w.Attr("classifiedObject", or(c.Object, owner))
	w.Attr("id", n.next(c.ID, "cla", &n.class))
	if c.Scheme != "" {
		w.Attr("nodeRepresentation", c.Code) // required, empty for an author
	}
	writeSlots(w, c.Slots)
	writeName(w, "rim:Name", c.Name)
	w.End()
}

func (n *numbering) externalIdentifier(w *xmlw.Writer, e *ExternalIdentifier, owner string) {
	w.Start("rim:ExternalIdentifier")
	w.Attr("id", n.next(e.ID, "ei", &n.identifier))
	w.Attr("identificationScheme", e.Scheme)
	w.Attr("registryObject", or(e.Object, owner))
	w.Attr("value", e.Value)
	writeName(w, "rim:Name", e.Name)
	w.End()
}

func writeSlots(w *xmlw.Writer, slots []Slot) {
	for _, s := range slots {
		w.Start("rim:Slot")
		w.Attr("name", s.Name)
		w.Start("rim:ValueList")
		for _, v := range s.Values {
			w.Elem("rim:Value", v)
		}
		w.End()
		w.End()
	}
}

// writeName writes an international string in French, as every DMP sample has it.
func writeName(w *xmlw.Writer, element, text string) {
	if text == "" {
		return
	}
	w.Start(element)
	w.Elem("rim:LocalizedString", "", "charset", "UTF8", "value", text, "xml:lang", "FR")
	w.End()
}

func or(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
