package ebrim_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// fold folds white space as a reader of attributes and values does.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError || r == 0x85 || r == 0xA0 {
			return 'x'
		}
		return r
	}, strings.TrimSpace(s))
}

func drawObject(t *rapid.T, kind ebrim.Kind, id string) *ebrim.Object {
	s := func(name string) string { return strings.TrimSpace(plain(rapid.String().Draw(t, name))) }
	slots := func(name string) []ebrim.Slot {
		var out []ebrim.Slot
		for i := range rapid.IntRange(0, 3).Draw(t, name) {
			out = append(out, ebrim.Slot{Name: string(rune('a'+i)) + "Slot", Values: []string{s("value"), "v"}})
		}
		return out
	}
	o := &ebrim.Object{Kind: kind, ID: id, LID: s("lid"), Status: s("status"), ObjectType: s("type"), Home: s("home"),
		Slots: slots("slots"), Name: s("name"), Description: s("description"), Version: s("version")}
	switch kind {
	case ebrim.ExtrinsicObject:
		o.MimeType = s("mime")
	case ebrim.Association:
		o.Type, o.Source, o.Target = s("association"), s("source"), s("target")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "classifications") {
		c := ebrim.Classification{ID: id + "c" + string(rune('0'+i)), Scheme: "urn:s", Code: s("code"), Slots: slots("class slots"), Name: s("label")}
		if rapid.Bool().Draw(t, "node") {
			c.Scheme, c.Code, c.Node = "", "", "urn:n"
		}
		o.Classifications = append(o.Classifications, c)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "identifiers") {
		o.Identifiers = append(o.Identifiers, ebrim.ExternalIdentifier{ID: id + "e" + string(rune('0'+i)), Scheme: s("scheme"), Value: s("value"), Name: s("name")})
	}
	return o
}

func TestListRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := []*ebrim.Object{
			drawObject(t, ebrim.RegistryPackage, "set"), drawObject(t, ebrim.ExtrinsicObject, "doc"),
			drawObject(t, ebrim.Association, "as"),
		}
		w := xmlw.New(nil)
		ebrim.WriteSubmitObjects(w, want)
		b, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		n, err := xmlr.Parse(b, xmlr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := ebrim.ReadList(n)
		if err != nil {
			t.Fatal(err)
		}
		assert.Equal(t, want, r.Objects)
		assert.Empty(t, r.Warnings)
		for i := range want {
			assert.Equal(t, want[i], want[i].Clone())
		}
	})
}

func TestMissingIDsAreNumbered(t *testing.T) {
	t.Parallel()
	objects := []*ebrim.Object{
		{Kind: ebrim.ExtrinsicObject, ID: "cla2", Classifications: []ebrim.Classification{
			{Scheme: "urn:s", Code: "1"}, {Scheme: "urn:s", Code: "2"}, {ID: "cla3", Scheme: "urn:s", Code: "3"}, {Scheme: "urn:s", Code: "4"}},
			Identifiers: []ebrim.ExternalIdentifier{{Scheme: "urn:i", Value: "v"}}},
		{Kind: ebrim.Association, Type: "urn:t", Source: "a", Target: "b"},
	}
	b := write(t, func(w *xmlw.Writer) { ebrim.WriteSubmitObjects(w, objects) })
	r, err := ebrim.ReadList(parse(t, b))
	require.NoError(t, err)
	assert.Empty(t, r.Warnings)
	var ids []string
	for _, c := range r.Objects[0].Classifications {
		ids = append(ids, c.ID)
	}
	assert.Equal(t, []string{"cla1", "cla4", "cla3", "cla5"}, ids)
	assert.Equal(t, "ei1", r.Objects[0].Identifiers[0].ID)
	assert.Equal(t, "as1", r.Objects[1].ID)
}

func TestReadTolerance(t *testing.T) {
	t.Parallel()
	doc := `<SubmitObjectsRequest xmlns="` + ebrim.NamespaceLCM + `"><RegistryObjectList xmlns="` + ebrim.NamespaceRIM + `">
  <Classification id="k" classifiedObject="s" classificationNode="urn:node"/>
  <Classification id="lost" classifiedObject="nobody" classificationNode="urn:node"/>
  <RegistryPackage id="s"><Slot name="a"><ValueList><Value>
    1 </Value></ValueList></Slot><Slot name="a"><ValueList><Value>2</Value></ValueList></Slot>
    <Name><LocalizedString xml:lang="en" value="Set"/><LocalizedString xml:lang="fr-FR" value="Lot"/></Name><Odd/></RegistryPackage>
  <ExtrinsicObject id="s"/><Federation/>
</RegistryObjectList></SubmitObjectsRequest>`
	r, err := ebrim.ReadList(parse(t, []byte(doc)))
	require.NoError(t, err)
	require.Len(t, r.Objects, 2)
	o := r.Objects[0]
	assert.True(t, o.HasNode("urn:node"))
	assert.Equal(t, []string{"1", "2"}, o.Slot("a"))
	assert.Equal(t, "1", o.Value("a"))
	assert.Equal(t, "Lot", o.Name)
	var messages []string
	for _, w := range r.Warnings {
		messages = append(messages, w.Message)
	}
	assert.ElementsMatch(t, []string{
		"slot a is repeated: its values are joined", "element Odd ignored", "two objects have this id",
		"unknown registry object, ignored", "a classification outside of any object names none of the message, ignored",
	}, messages)
}

func TestReadWithoutNamespaces(t *testing.T) {
	t.Parallel()
	r, err := ebrim.ReadList(parse(t, []byte(`<x><RegistryObjectList><ObjectRef id="urn:uuid:1"/></RegistryObjectList></x>`)))
	require.NoError(t, err)
	assert.Equal(t, "urn:uuid:1", r.Objects[0].ID)
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	_, err := ebrim.ReadList(parse(t, []byte(`<x/>`)))
	assert.Error(t, err)
	_, err = ebrim.ReadList(parse(t, []byte(`<RegistryObjectList xmlns="urn:other"/>`)))
	assert.Error(t, err)
	_, err = ebrim.ReadQuery(parse(t, []byte(`<x/>`)))
	assert.Error(t, err)
	_, err = ebrim.ReadResponse(parse(t, []byte(`<x/>`)))
	assert.Error(t, err)
}

func TestObjectSet(t *testing.T) {
	t.Parallel()
	o := &ebrim.Object{Slots: []ebrim.Slot{{Name: "a", Values: []string{"1"}}}}
	o.Set("a", "2", "3")
	o.Set("b", "4")
	assert.Equal(t, []ebrim.Slot{{Name: "a", Values: []string{"2", "3"}}, {Name: "b", Values: []string{"4"}}}, o.Slots)
	assert.Empty(t, o.Value("c"))
}

func TestQueryValues(t *testing.T) {
	t.Parallel()
	assert.Equal(t, `'O''Brien'`, ebrim.Quote("O'Brien"))
	assert.Nil(t, ebrim.QuoteList())
	assert.Equal(t, []string{`('a','b')`}, ebrim.QuoteList("a", "b"))
	for in, want := range map[string][]string{
		`'a'`: {"a"}, `('a')`: {"a"}, `( 'a' , 'b' )`: {"a", "b"}, `'O''Brien'`: {"O'Brien"}, `20260105`: {"20260105"},
		`('it''s, (ok)','b')`: {"it's, (ok)", "b"}, `''`: {""}, `(1,2)`: {"1", "2"},
	} {
		got, err := ebrim.ParseValue(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "()", "('a'", "'a", "'a'b", "('a','b'", "('a',)", "a'b", "('a' 'b')", "(,)", "(('a'))"} {
		_, err := ebrim.ParseValue(in)
		assert.Error(t, err, in)
	}
}

func TestLongListsAreCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.StringN(1, 60, -1), 1, 40).Draw(t, "values")
		var back []string
		for _, v := range ebrim.QuoteList(in...) {
			if n := utf8.RuneCountInString(v); n > ebrim.MaxValue {
				t.Fatalf("%d characters", n)
			}
			got, err := ebrim.ParseValue(v)
			if err != nil {
				t.Fatalf("%q: %v", v, err)
			}
			back = append(back, got...)
		}
		assert.Equal(t, in, back)
	})
}

func TestParametersOfAQuery(t *testing.T) {
	t.Parallel()
	q := ebrim.Query{ID: "urn:uuid:1", ReturnType: "LeafClass", Parameters: []ebrim.Slot{
		{Name: "$Code", Values: []string{`('a','b')`, `('c')`}}, {Name: "$Code", Values: []string{`('d')`}}, {Name: "$Bad", Values: []string{`(`}},
	}}
	got, err := q.Parameter("$Code")
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"a", "b", "c"}, {"d"}}, got)
	none, err := q.Parameter("$None")
	require.NoError(t, err)
	assert.Empty(t, none)
	_, err = q.Parameter("$Bad")
	assert.Error(t, err)
	back, err := ebrim.ReadQuery(parse(t, write(t, func(w *xmlw.Writer) { ebrim.WriteQuery(w, q) })))
	require.NoError(t, err)
	assert.Equal(t, q, back)
}

func TestQueryResponse(t *testing.T) {
	t.Parallel()
	r := ebrim.Response{Status: ebrim.StatusPartialSuccess, RequestID: "r1", Errors: []ebrim.RegistryError{
		{Code: "XDSTooManyResults", Context: "trop", Severity: ebrim.SeverityWarning, Location: "here", Value: "text"}}}
	b := write(t, func(w *xmlw.Writer) {
		ebrim.WriteQueryResponse(w, r, []*ebrim.Object{{Kind: ebrim.ObjectRef, ID: "urn:uuid:1"}})
	})
	n := parse(t, b)
	back, err := ebrim.ReadResponse(n)
	require.NoError(t, err)
	assert.Equal(t, r, back)
	assert.Equal(t, ebrim.SeverityWarning, n.Child("*", "RegistryErrorList").Attr("highestSeverity"))
	list, err := ebrim.ReadList(n)
	require.NoError(t, err)
	assert.Equal(t, "urn:uuid:1", list.Objects[0].ID)
}

func FuzzReadList(f *testing.F) {
	f.Add([]byte(`<l xmlns="` + ebrim.NamespaceRIM + `"><RegistryObjectList><ExtrinsicObject id="a"><Slot name="s"><ValueList><Value>v</Value></ValueList></Slot><Classification id="c" classificationScheme="u" classifiedObject="b" nodeRepresentation="x"/></ExtrinsicObject></RegistryObjectList></l>`))
	f.Add([]byte(`<RegistryObjectList><Association/></RegistryObjectList>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := xmlr.Parse(b, xmlr.Options{})
		if err != nil {
			return
		}
		r, err := ebrim.ReadList(n)
		if err != nil {
			return
		}
		w := xmlw.New(nil)
		ebrim.WriteSubmitObjects(w, r.Objects)
		out, err := w.Bytes()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := xmlr.Parse(out, xmlr.Options{MaxAttrs: 300})
		if err != nil {
			t.Fatalf("what was written is not XML: %v", err)
		}
		if _, err = ebrim.ReadList(again); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParseValue(f *testing.F) {
	f.Add(`('a','b''c')`)
	f.Add(`20260101`)
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ebrim.ParseValue(s)
		if err != nil {
			return
		}
		var back []string
		for _, q := range ebrim.QuoteList(v...) {
			got, err := ebrim.ParseValue(q)
			if err != nil {
				t.Fatalf("%q: %v", q, err)
			}
			back = append(back, got...)
		}
		if len(back) != len(v) {
			t.Fatalf("%q became %q", v, back)
		}
	})
}
