package instest

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur/internal/xmlr"
)

// containers are the elements of the schemas of a request that hold elements; every other one holds text.
var containers = []string{"ContexteBAM", "COUVERTURE", "ASSURE", "BENEFICIAIRE", "Nir", "ContexteLPS", "LPS",
	"RECSANSVITALE", "RECVITALE", "MatriculeIndividu", "MatriculeOD"}

const nsInstance = "http://www.w3.org/2001/XMLSchema-instance"

// misshapen names an element of the block whose shape no schema allows, and says why; "" where there is none. An
// attribute belongs to a context or to IDAM, text to an element without children. Which elements come, and in which
// order, is checked apart.
func misshapen(n *xmlr.Node) string {
	for e := range n.Walk() {
		holds := slices.Contains(containers, e.Name.Local) || e.Name.Local == "Id" && len(e.Children) > 0 && e.Parent.Name.Local == "ASSURE"
		switch {
		case holds && e.TrimText() != "":
			return e.Name.Local + " holds text"
		case !holds && len(e.Children) > 0:
			return e.Name.Local + " holds an element"
		}
		for _, a := range e.Attrs {
			switch {
			case a.Space == nsInstance:
			case a.Space == "" && (a.Local == "Nature" || a.Local == "Version") && strings.HasPrefix(e.Name.Local, "Contexte"):
			case a.Space == "" && a.Local == "R" && e.Name.Local == "IDAM":
			default:
				return e.Name.Local + " has the attribute " + a.Local
			}
		}
	}
	return ""
}
