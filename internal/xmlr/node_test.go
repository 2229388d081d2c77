package xmlr_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xmlr"
)

func parse(t *testing.T, doc string) *xmlr.Node {
	t.Helper()
	n, err := xmlr.Parse([]byte(doc), xmlr.Options{})
	require.NoError(t, err)
	return n
}

func TestNodeTree(t *testing.T) {
	t.Parallel()
	const doc = `<?p?><s:E xmlns:s="urn:s" xmlns="urn:d" a="1" s:a="2">lead<b>x<!-- -->y<![CDATA[<]]>&amp;</b>mid<c><b> z </b></c>t&#233;<!--c-->ail</s:E>`
	n := parse(t, doc)
	require.Equal(t, xmlr.Name{Space: "urn:s", Local: "E"}, n.Name)
	require.Equal(t, "s", n.Prefix)
	require.Equal(t, "1", n.Attr("a"))
	v, ok := n.LookupAttr("urn:s", "a")
	require.True(t, ok)
	require.Equal(t, "2", v)
	require.Equal(t, []xmlr.Namespace{{Prefix: "s", URI: "urn:s"}, {Prefix: "", URI: "urn:d"}}, n.NS)
	require.Equal(t, "leadmidtéail", n.Text())
	require.Equal(t, "lead", n.Lead())
	b := n.Child("urn:d", "b")
	require.Equal(t, "xy<&", b.Text())
	require.Equal(t, "mid", b.Tail())
	require.Equal(t, "leadxy<&mid z téail", n.DeepText())
	require.Equal(t, "z", n.Find("urn:d", "c/b").TrimText())
	require.Equal(t, " z ", string(n.Find("*", "*/b").TextBytes()))
	require.Equal(t, `<c><b> z </b></c>`, string(n.Child("*", "c").Raw()))
	require.Equal(t, doc[5:], string(n.Raw()))
	require.Equal(t, doc, string(b.Source()))
	require.Same(t, n, b.Parent)
	require.True(t, n.Contains(b))
	require.False(t, b.Contains(n))
	line, col := b.Position()
	require.Equal(t, []int{1, 59}, []int{line, col})
	var names []string
	for d := range n.Walk() {
		names = append(names, d.Name.Local)
	}
	require.Equal(t, []string{"E", "b", "c", "b"}, names)
	require.True(t, n.Is("urn:s", "E"))
	require.False(t, n.Is("urn:d", "E"))
}

func TestNodeFindTriesEveryBranch(t *testing.T) {
	t.Parallel()
	n := parse(t, `<r><a/><a><b i="1"/><b i="2"/></a><a><c/><b i="3"/></a></r>`)
	require.Equal(t, "1", n.Find("", "a/b").Attr("i"))
	all := n.All("", "a/b")
	require.Len(t, all, 3)
	require.True(t, slices.IsSortedFunc(all, func(a, b *xmlr.Node) int { return a.Start - b.Start }))
	require.Nil(t, n.Find("urn:x", "a/b"))
	require.Empty(t, n.All("", "a/b/c"))
}

func TestNilNodeAnswersNothing(t *testing.T) {
	t.Parallel()
	var n *xmlr.Node
	require.Empty(t, n.Child("", "a").Find("", "b/c").Attr("d"))
	require.Empty(t, n.Text()+n.TrimText()+n.DeepText()+n.Lead()+n.Tail()+string(n.Raw())+string(n.TextBytes())+string(n.Source()))
	require.Empty(t, n.All("", "a"))
	require.False(t, n.Is("", ""))
	for range n.Walk() {
		t.Fatal("a nil node has no elements")
	}
	line, _ := n.Position()
	require.Zero(t, line)
}

func TestNodeQName(t *testing.T) {
	t.Parallel()
	n := parse(t, `<r xmlns="urn:d" xmlns:p="urn:p"><a xmlns:p="urn:q" xmlns=""/></r>`)
	name, ok := n.QName(" p:x\n")
	require.True(t, ok)
	require.Equal(t, xmlr.Name{Space: "urn:p", Local: "x"}, name)
	name, ok = n.QName("x")
	require.True(t, ok)
	require.Equal(t, xmlr.Name{Space: "urn:d", Local: "x"}, name)
	a := n.Children[0]
	name, ok = a.QName("p:x")
	require.True(t, ok)
	require.Equal(t, "urn:q", name.Space)
	name, ok = a.QName("x")
	require.True(t, ok)
	require.Empty(t, name.Space)
	_, ok = a.QName("z:x")
	require.False(t, ok)
	_, ok = a.QName("")
	require.False(t, ok)
	uri, ok := a.LookupNS("xml")
	require.True(t, ok)
	require.Equal(t, xmlr.XMLNamespace, uri)
}

// TestNodeTextDoesNotAlias: text put together from several pieces must not write over the input.
func TestNodeTextDoesNotAlias(t *testing.T) {
	t.Parallel()
	doc := []byte(`<a>one<!-- -->two<![CDATA[three]]><b/>four<?p?>five</a>`)
	keep := string(doc)
	n, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(t, err)
	require.Equal(t, "onetwothreefourfive", n.Text())
	require.Equal(t, keep, string(doc))
}

func TestManyNodes(t *testing.T) {
	t.Parallel()
	var doc []byte
	doc = append(doc, "<r>"...)
	for range 1000 {
		doc = append(doc, `<a x="1" y="2"><b/><b/></a>`...)
	}
	doc = append(doc, "</r>"...)
	n, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(t, err)
	require.Len(t, n.Children, 1000)
	require.Len(t, n.All("", "a/b"), 2000)
	for _, a := range n.Children {
		require.Len(t, a.Attrs, 2)
		require.Equal(t, "2", a.Attr("y"))
		require.Equal(t, `<a x="1" y="2"><b/><b/></a>`, string(a.Raw()))
	}
}
