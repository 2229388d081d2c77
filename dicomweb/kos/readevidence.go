package kos

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/segur-sdk/segur/dicomweb"
)

// evidence reads the studies, series and instances into manifests with the given
// head.
func (r *reader) evidence(head Manifest, text Text) []*Manifest {
	byStudy := map[string]*Manifest{}
	var all []*Manifest
	seen := map[string]bool{}
	r.places = map[dicomweb.Ref]int{}
	for i, it := range r.ds.Items(tagEvidence) {
		at := fmt.Sprintf("evidence[%d].", i)
		uid := r.value(it, dicomweb.TagStudyInstanceUID, at+"study")
		if !dicomweb.ValidUID(uid) {
			r.add(CodeBadUID, at+"study", uidRule)
			continue
		}
		m := byStudy[uid]
		if m == nil {
			own := head
			m = &own
			if uid != head.Study.UID {
				m.Study, m.Orders = Study{UID: uid}, r.others[uid]
			}
			byStudy[uid] = m
			if uid == head.Study.UID {
				all = append([]*Manifest{m}, all...)
			} else {
				all = append(all, m)
			}
		}
		for j, s := range it.Items(tagReferencedSeries) {
			r.series(m, s, fmt.Sprintf("%sseries[%d].", at, j), seen)
		}
	}
	switch {
	case len(all) == 0 || len(seen) == 0:
		r.add(CodeEmptyStudy, "evidence", "lists no instance")
	case all[0].Study.UID != head.Study.UID:
		r.add(CodeOtherStudy, "evidence", "lists another study than that of the document")
	case all[0].Len() == 0:
		r.add(CodeEmptyStudy, "evidence", "lists no instance of the study of the document")
	case len(all) > 1:
		r.warnings.add(WarnStudies, "evidence", "lists several studies")
		all = slices.DeleteFunc(all, func(m *Manifest) bool { return m.Len() == 0 })
	}
	for _, m := range all {
		if slices.ContainsFunc(m.Series, func(s Series) bool { return len(s.Instances) == 0 }) {
			r.warnings.once(WarnEmptySeries, "series.instances", "are none")
		}
		sortSeries(m.Series)
	}
	r.lines(all, text)
	r.content(seen)
	return all
}

// series reads one series, a repeated one into the one before.
func (r *reader) series(m *Manifest, ds *dicomweb.Dataset, at string, seen map[string]bool) {
	uid := r.value(ds, dicomweb.TagSeriesInstanceUID, at+"uid")
	if !dicomweb.ValidUID(uid) {
		r.add(CodeBadUID, at+"uid", uidRule)
		return
	}
	place := dicomweb.Ref{Study: m.Study.UID, Series: uid}
	n, known := r.places[place]
	if !known {
		n = len(m.Series)
		r.places[place] = n
		m.Series = append(m.Series, Series{
			UID: uid, Number: numberOf(ds, dicomweb.TagSeriesNumber),
			RetrieveLocationUID: r.value(ds, tagRetrieveLocation, at+"retrieveLocationUID"),
			RetrieveURL:         r.retrieveURL(ds, m.Study.UID, uid, at+"retrieveURL"),
		})
	}
	s := &m.Series[n]
	for i, it := range ds.Items(dicomweb.TagReferencedSOPSequence) {
		// The path is written only where it is needed: there are thousands.
		path := func() string { return fmt.Sprintf("%sinstances[%d]", at, i) }
		in := Instance{
			SOPClass: strings.TrimSpace(it.Value(dicomweb.TagReferencedSOPClass)), UID: strings.TrimSpace(it.Value(dicomweb.TagReferencedSOPInstance)),
			Number: numberOf(it, dicomweb.TagInstanceNumber), Frames: max(numberOf(it, dicomweb.TagNumberOfFrames), 0),
		}
		switch {
		case !dicomweb.ValidUID(in.UID):
			r.add(CodeBadUID, path()+".uid", uidRule)
			continue
		case seen[in.UID]:
			r.warnings.add(WarnTwice, path()+".uid", "is listed before")
			continue
		case len(seen) == maxRead:
			if !r.hasCode(CodeTooLarge) {
				r.add(CodeTooLarge, path(), "is one instance more than any study has")
			}
			return
		case in.SOPClass == "":
			r.warnings.once(WarnSOPClass, path()+".sopClass", "is missing")
		case !dicomweb.ValidUID(in.SOPClass):
			r.add(CodeBadUID, path()+".sopClass", uidRule)
			continue
		}
		seen[in.UID] = true
		in.Keys = keysOf(it)
		s.Instances = append(s.Instances, in)
	}
}

// keysOf reads the notes that select an instance.
func keysOf(ds *dicomweb.Dataset) []Key {
	var keys []Key
	for _, k := range ds.Items(dicomweb.TagReferencedSOPSequence) {
		keys = append(keys, Key{
			Note: strings.TrimSpace(k.Value(dicomweb.TagReferencedSOPInstance)), Series: strings.TrimSpace(k.Value(dicomweb.TagSeriesInstanceUID)),
			Title: codeOf(k, tagConceptName), Text: item(k, tagContent).Value(tagTextValue),
		})
	}
	return keys
}

// retrieveURL reads where a series is, in an old document from the address of the
// study at the root, and checks that it is that of the series.
func (r *reader) retrieveURL(ds *dicomweb.Dataset, study, series, field string) string {
	v := r.value(ds, dicomweb.TagRetrieveURL, field)
	if v == "" {
		if root := strings.TrimRight(r.value(r.ds, dicomweb.TagRetrieveURL, "retrieveURL"), "/"); root != "" {
			v = root + "/series/" + series
			r.warnings.once(WarnURL, field, "is missing: that of the study was taken")
		}
	}
	u, err := url.Parse(v)
	switch {
	case v == "":
		r.warnings.once(WarnURL, field, "is missing")
		return ""
	case err != nil || u.Host == "":
		r.warnings.add(WarnURL, field, "is not an address")
		return v
	case u.Scheme != "https":
		r.warnings.add(WarnURL, field, "is not https")
	}
	if path := strings.TrimRight(u.Path, "/"); !strings.HasSuffix(path, "/studies/"+study+"/series/"+series) {
		r.warnings.add(WarnURL, field, "is not the address of that series of that study")
	}
	return v
}

// lines gives the series what the text item says of them.
func (r *reader) lines(all []*Manifest, text Text) {
	if len(text.Series) == 0 {
		r.warnings.once(WarnText, "text", "names no series: their modalities are not known")
		return
	}
	byUID := make(map[string]*Series)
	for _, m := range all {
		for i := range m.Series {
			byUID[m.Series[i].UID] = &m.Series[i]
		}
	}
	for _, t := range text.Series {
		s := byUID[t.UID]
		if s == nil {
			r.warnings.once(WarnText, "text", "speaks of a series that is not listed")
			continue
		}
		s.Modality, s.Region, s.Description = t.Modality, t.Region, t.Description
	}
}

// content compares the instances of the tree with those of the evidence.
func (r *reader) content(evidence map[string]bool) {
	named := make(map[string]bool, len(evidence))
	for _, it := range r.ds.Items(tagContent) {
		for _, ref := range it.Items(dicomweb.TagReferencedSOPSequence) {
			uid := strings.TrimSpace(ref.Value(dicomweb.TagReferencedSOPInstance))
			if uid == "" {
				continue
			}
			if !evidence[uid] {
				r.warnings.once(WarnContent, "content", "names an instance that the evidence does not list")
			}
			named[uid] = true
		}
	}
	for uid := range evidence {
		if !named[uid] {
			r.warnings.once(WarnContent, "content", "does not name an instance of the evidence")
			return
		}
	}
}
