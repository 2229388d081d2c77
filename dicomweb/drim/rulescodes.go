package drim

import (
	"net/url"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Code systems of eventCodeList: modalities and regions are found under their
// terminology and under their value set.
const (
	oidDCM         segur.OID = "1.2.840.10008.2.16.4"
	oidModalitySet segur.OID = "1.2.250.1.213.1.1.5.618"
	oidSNOMED      segur.OID = "2.16.840.1.113883.6.96"
	oidRegionSet   segur.OID = "1.2.250.1.213.1.1.5.695"

	qualifierModality = "121139"
	qualifierRegion   = "39111-0"
)

type codeKind uint8

const (
	codeAct codeKind = iota
	codeModality
	codeRegion
)

// kindOf tells what an event code stands for.
func kindOf(system segur.OID, qualifier string) codeKind {
	switch {
	case qualifier == qualifierModality:
		return codeModality
	case qualifier == qualifierRegion:
		return codeRegion
	case system == oidDCM, system == oidModalitySet:
		return codeModality
	case system == oidSNOMED, system == oidRegionSet:
		return codeRegion
	}
	return codeAct
}

// reportCodes are the codes of a kind of the act of the study.
func (c *checker) reportCodes(kind codeKind) []segur.Code {
	s := c.service()
	if s == nil {
		return nil
	}
	var out []segur.Code
	if s.Code.Code != "" && kind == codeAct {
		out = append(out, s.Code)
	}
	for _, t := range s.Translations {
		if t.Code.Code != "" && kindOf(t.System, t.Qualifier.Code) == kind {
			out = append(out, t.Code)
		}
	}
	return out
}

func (c *checker) entryCodes(kind codeKind) []segur.Code {
	var out []segur.Code
	if c.Entry != nil {
		for _, e := range c.Entry.EventCodes {
			if kindOf(e.System, "") == kind {
				out = append(out, e)
			}
		}
	}
	return out
}

func codesOf(in []segur.Code) []string {
	out := make([]string, len(in))
	for i, c := range in {
		out[i] = c.Code
	}
	return out
}

// r28 passes when the act, or a translation of it, is there.
func (c *checker) r28() ([]Comparison, segur.Text) {
	switch {
	case c.Report == nil:
		return nil, lacking(ObjectReport)
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	}
	a, b := c.reportCodes(codeAct), c.entryCodes(codeAct)
	for _, e := range c.Entry.EventCodes { // an act under the code system of the regions, as older reports have it
		if kindOf(e.System, "") == codeRegion && slices.ContainsFunc(a, func(x segur.Code) bool { return x.Code == e.Code }) {
			b = append(b, e)
		}
	}
	out, reason := compareSets(Passed, Warned, newSet(ObjectReport, "serviceEvent/code", false, codesOf(a)), newSet(ObjectEntry, "eventCodeList", true, codesOf(b)))
	for _, x := range a {
		for _, y := range b {
			if x.Code == y.Code && !slices.ContainsFunc(xds.EventAlternatives(x), y.Equal) && len(out) > 0 {
				out[0].Verdict = max(out[0].Verdict, Warned)
				out[0].Note = segur.Text{FR: "même code sous une autre nomenclature", EN: "the same code under another code system"}
			}
		}
	}
	return out, reason
}

// alikeModalities are the modalities between which orders, devices and archives
// do not distinguish: by CR, DX or RG all mean a radiograph, by PX or IO one of
// the teeth, by XA or RF one that moves.
var alikeModalities = [][]string{{"CR", "DX", "RG"}, {"PX", "IO", "DX"}, {"XA", "RF"}}

// alike reports whether two lists of modalities can mean the same examination.
func alike(a, b string) bool {
	for _, x := range strings.Split(a, ", ") {
		for _, y := range strings.Split(b, ", ") {
			if slices.ContainsFunc(alikeModalities, func(g []string) bool { return slices.Contains(g, x) && slices.Contains(g, y) }) {
				return true
			}
		}
	}
	return false
}

// r29 compares modalities that acquire; those of reports and notes are left out.
func (c *checker) r29() ([]Comparison, segur.Text) {
	members := []valueSet{newSet(ObjectReport, "serviceEvent/code/translation[121139]", false, codesOf(c.reportCodes(codeModality))),
		newSet(ObjectEntry, "eventCodeList", false, codesOf(c.entryCodes(codeModality)))}
	if c.Manifest != nil {
		members = append(members, newSet(ObjectManifest, "(0040,A730)/(113012)", false, acquiring(c.Manifest.Modalities())))
	}
	var images []string
	for _, r := range c.Images {
		images = append(images, r.Modality)
	}
	out, reason := compareSets(Warned, Warned, append(members, newSet(ObjectImages, "(0008,0060)", false, acquiring(images)))...)
	for i := range out {
		if x := &out[i]; x.Verdict == Failed && alike(x.A.value, x.B.value) {
			x.Verdict, x.Note = Warned, segur.Text{FR: "deux codes pour le même genre d'examen", EN: "two codes for the same kind of examination"}
		}
	}
	return out, reason
}

func acquiring(in []string) []string {
	var out []string
	for _, m := range in {
		if kos.Acquisition(strings.TrimSpace(m)) {
			out = append(out, m)
		}
	}
	return out
}

// r30 compares regions by code; the text of a manifest holds labels, of which an
// unknown one is a warning.
func (c *checker) r30() ([]Comparison, segur.Text) {
	report, entry := c.reportCodes(codeRegion), c.entryCodes(codeRegion)
	out, reason := compareSets(Warned, Warned, newSet(ObjectReport, "serviceEvent/code/translation[39111-0]", false, codesOf(report)),
		newSet(ObjectEntry, "eventCodeList", len(report) > 0 && c.Entry != nil, codesOf(entry)))
	known := slices.Concat(report, entry)
	if c.Manifest == nil || len(known) == 0 {
		return out, reason
	}
	for _, s := range c.Manifest.Series {
		text := strings.TrimSpace(s.Region)
		if text == "" {
			continue
		}
		v := Warned
		for _, k := range known {
			if name, _ := compareNames(strings.ReplaceAll(k.Display, ":", " "), text); text == k.Code || name == Passed || name == Warned {
				v = Passed
			}
		}
		x := Comparison{Verdict: v, A: newSet(ObjectReport, "serviceEvent/code/translation[39111-0]", false, codesOf(known)).joined(), B: Side{ObjectManifest, "(0040,A730)/(113012)@", text}}
		if len(report) == 0 {
			x.A.Object, x.A.Path = ObjectEntry, "eventCodeList"
		}
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out, reason
}

func (c *checker) r31() ([]Comparison, segur.Text) {
	switch {
	case c.Report == nil:
		return nil, lacking(ObjectReport)
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	}
	out, reason := compareAll(compareText, sideOf(ObjectReport, "healthCareFacility/code", c.Report.FacilityType.Code),
		requiredOf(ObjectEntry, "healthcareFacilityTypeCode", c.Entry.FacilityTypeCode.Code))
	if s := c.service(); s != nil && s.PracticeSetting.Code != "" {
		setting, _ := compareAll(compareText, sideOf(ObjectReport, "performer/…/standardIndustryClassCode", s.PracticeSetting.Code),
			requiredOf(ObjectEntry, "practiceSettingCode", c.Entry.PracticeSettingCode.Code))
		out = append(out, setting...)
	}
	return out, reason
}

// r32 checks that each series is retrieved where it says it is. Anything but
// https is a warning: the reference sets are of a laboratory.
func (c *checker) r32() ([]Comparison, segur.Text) {
	switch {
	case c.Manifest == nil:
		return nil, lacking(ObjectManifest)
	case len(c.Manifest.Series) == 0:
		return nil, segur.Text{FR: "le manifeste n'a pas de série", EN: "the manifest has no series"}
	}
	var out []Comparison
	for i := range c.Manifest.Series {
		s := &c.Manifest.Series[i]
		want := "/studies/" + c.Manifest.Study.UID + "/series/" + s.UID
		address := strings.TrimSpace(s.RetrieveURL)
		x := Comparison{Verdict: Failed, A: Side{ObjectManifest, "(0040,A375)", want}, B: Side{ObjectManifest, "(0008,1190)", address}}
		u, err := url.Parse(address)
		switch {
		case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || !strings.HasSuffix(u.Path, want):
		case u.Scheme == "https":
			x.Verdict = Passed
		case u.Scheme == "http":
			x.Verdict, x.Note = Warned, segur.Text{FR: "sans TLS", EN: "without TLS"}
		}
		out = append(out, x)
	}
	return out, segur.Text{}
}

func (c *checker) r33() ([]Comparison, segur.Text) {
	switch {
	case c.Manifest == nil:
		return nil, lacking(ObjectManifest)
	case c.Guard == nil:
		return nil, lacking(ObjectWhiteList)
	}
	var out []Comparison
	seen := map[string]bool{}
	for i := range c.Manifest.Series {
		host := ""
		if u, err := url.Parse(strings.TrimSpace(c.Manifest.Series[i].RetrieveURL)); err == nil {
			host = u.Host
		}
		if seen[host] {
			continue
		}
		seen[host] = true
		x := Comparison{Verdict: Failed, A: Side{ObjectWhiteList, "db", "db"}, B: Side{ObjectManifest, "(0008,1190)", host}}
		if host != "" && c.Guard(host) == nil {
			x.Verdict = Passed
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		return nil, segur.Text{FR: "le manifeste n'a pas de série", EN: "the manifest has no series"}
	}
	return out, segur.Text{}
}
