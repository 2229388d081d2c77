package dicomweb

import (
	"strings"
	"testing"
)

// FuzzWarningHeader: what is passed on is text, bounded, and nothing is invented.
func FuzzWarningHeader(f *testing.F) {
	for _, s := range []string{`299 a "b, 299 c", 199 d "e"`, "", ",", `299 a "unclosed, 299 b`, "\x00299 a b", "299 a: text, 299 b: text"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		total := 0
		for _, w := range splitWarnings(line) {
			if len(w) > maxWarning || strings.ContainsFunc(w, func(r rune) bool { return r < ' ' || r == 0x7F }) {
				t.Fatal("a warning that is not fit to be shown")
			}
			total += len(w)
		}
		if total > 3*len(line)+3 {
			t.Fatal("more than came")
		}
	})
}

// FuzzSplitURL: what is taken apart fits together again.
func FuzzSplitURL(f *testing.F) {
	for _, s := range []string{"https://a/studies/1.2", " https://a/b/studies/1/series/2/instances/3/ ", "http://a/studies/1/studies/2", "https://a/studies/1?x", "//a/studies/1", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		base, ref, err := SplitURL(s)
		if err != nil {
			return
		}
		if !strings.Contains(s, base+ref.Path()) || !ValidUID(ref.Study) {
			t.Fatal("the parts are not those of the URL")
		}
	})
}

// FuzzContentRange: an accepted range is one.
func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/10", "bytes 0-9/*", "bytes */10", "Bytes 5-4/9", "", "bytes -1-3/9", "bytes 0-99999999999999999999/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, last, ok := parseContentRange(s)
		if ok && (first < 0 || last < first) {
			t.Fatal("not a range")
		}
		_, _ = contentTotal(s)
		_, _ = frameNumber(s)
	})
}

// FuzzEvent: an event that is taken says which workitem it is about, and shows nothing of it when printed.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		`{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[1]},"00741000":{"vr":"CS","Value":["SCHEDULED"]}}`,
		`{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[3]},"00741002":{"vr":"SQ","Value":[{"00741004":{"vr":"DS","Value":["1e400"]}}]}}`,
		`{"00001002":{"vr":"US","Value":[4]},"00741242":{"vr":"CS","Value":["RESTARTED"]}}`, `[]`, `[{},{}]`, `{"00001002":{"vr":"US","Value":[-1, 70000]}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := readEvent(text)
		switch {
		case err != nil:
			return
		case e.Type < 0 || e.Type > 0xFFFF, e.Attributes == nil, e.Type != UPSServiceStatus && !ValidUID(e.Workitem):
			t.Fatal("not an event")
		case !strings.HasSuffix(e.String(), ", redacted)"):
			t.Fatal("printed")
		}
	})
}
