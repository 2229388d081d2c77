package dmp

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Services of the record that are no standard of IHE or HL7, and what a
// success is called there.
const (
	serviceHabilitations    = "/habilitations"
	servicePatientsSpecific = "/patientsSpecific"

	nsHabilitations = "urn:si-dmp-habilitations"
	nsPatients      = "urn:si-dmp-patients"

	statusOk = "DMPOk"
)

// element writes a request of these services: the elements that have a value,
// in the order of the schema.
func element(namespace, name string, children ...[2]string) ([]byte, error) {
	w := xmlw.New(nil)
	w.Start(name)
	w.NS("", namespace)
	for _, c := range children {
		w.ElemOpt(c[0], c[1])
	}
	w.End()
	return w.Bytes()
}

// readOutput returns the output of an answer whose status is a success, and
// the free text that goes with it. A refusal is an error with the status as
// its code.
func readOutput(payload *xmlr.Node, namespace, name string) (output *xmlr.Node, context string, err error) {
	if !payload.Is(namespace, name) {
		return nil, "", protocol("the answer is not " + name)
	}
	outputs := payload.All(namespace, "output")
	if len(outputs) != 1 {
		return nil, "", protocol("the answer does not hold one output")
	}
	output = outputs[0]
	statuses := output.All(namespace, "status")
	if len(statuses) != 1 || statuses[0].TrimText() == "" {
		return nil, "", protocol("the answer does not hold one status")
	}
	status, context := statuses[0].TrimText(), output.Child(namespace, "context").TrimText()
	if status == statusOk {
		return output, context, nil
	}
	e := &segur.Error{Kind: segur.KindRefused, Code: status, Message: "the record refused the request"}
	if context != "" {
		e.Details = []segur.Detail{{Code: status, Message: context}}
	}
	return nil, "", e
}

// values are the values of the children with a name, those left out that the
// record says are unknown.
func values(n *xmlr.Node, name string) (out []string) {
	for c := range n.Each(n.Name.Space, name) {
		if s := stated(c.Text()); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func text(n *xmlr.Node, name string) string { return stated(n.Child(n.Name.Space, name).Text()) }

// flag is a boolean of XML Schema; nil when absent or nothing that it may be.
func flag(n *xmlr.Node, name string) *bool { return truth(strings.ToLower(text(n, name))) }
