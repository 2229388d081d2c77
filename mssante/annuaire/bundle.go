package annuaire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/segur-sdk/segur"
)

// search runs a query over all its pages and gives each resource to take.
func (c *Client) search(ctx context.Context, resource string, query url.Values, take func(kind string, raw json.RawMessage) error) error {
	target, entries := c.base.String()+"/"+resource, 0
	for range maxPages {
		reply, err := c.get(ctx, target, query)
		if err != nil {
			return err
		}
		var b fhir.Bundle
		if err := decode(reply.Body, &b); err != nil {
			return err
		}
		for _, e := range b.Entry {
			if entries++; entries > maxEntries {
				return &segur.Error{Op: opSearch, Kind: segur.KindTooLarge, Message: "more entries than one search may return"}
			}
			kind, err := resourceType(e.Resource)
			if err != nil {
				return err
			}
			if err := take(kind, e.Resource); err != nil {
				return err
			}
		}
		link := ""
		for _, l := range b.Link {
			if l.Relation == "next" {
				link = l.Url
			}
		}
		if link == "" {
			return nil
		}
		if target, err = c.next(link); err != nil {
			return err
		}
		query = nil
	}
	return &segur.Error{Op: opSearch, Kind: segur.KindTooLarge, Message: "more pages than one search may read"}
}

func resourceType(raw json.RawMessage) (string, error) {
	var r struct {
		ResourceType string `json:"resourceType"`
	}
	if err := json.Unmarshal(raw, &r); err != nil || r.ResourceType == "" {
		return "", protocol("an entry of the answer is no FHIR resource")
	}
	return r.ResourceType, nil
}

// decode reads a resource into a model of samply. Its meta element is left
// out: live answers write versionId as a number, which the models refuse.
func decode(raw []byte, out any) error {
	var fields map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&fields); err != nil || fields == nil {
		return protocol("the answer is not a FHIR resource")
	}
	delete(fields, "meta")
	b, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil { // its text may quote the answer
		return protocol("a FHIR resource has an element of the wrong type")
	}
	return nil
}

// outcome adds what an OperationOutcome says to the error of the status. The
// diagnostics are the service's own words about the query's form.
func outcome(err error, body []byte) error {
	var e *segur.Error
	var o struct {
		Issue []struct {
			Severity, Code, Diagnostics string
		} `json:"issue"`
	}
	if !errors.As(err, &e) || json.Unmarshal(body, &o) != nil {
		return err
	}
	for _, i := range o.Issue {
		severity := "error"
		if i.Severity == "warning" || i.Severity == "information" {
			severity = "warning"
		}
		if e.Code == "" {
			e.Code = i.Code
		}
		e.Details = append(e.Details, segur.Detail{Code: i.Code, Severity: severity, Message: "the directory refuses the query"})
	}
	return e
}
