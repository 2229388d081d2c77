package dicomweb

// Change is one change that [Edit] makes to an attribute of the main data set.
type Change struct {
	tag  Tag
	kind changeKind
	elem Element
}

type changeKind uint8

const (
	put changeKind = iota
	appendItem
	remove
)

// Put gives an attribute the value of e, whether it is there or not.
func Put(e Element) Change { return Change{tag: e.Tag, kind: put, elem: e} }

// AppendItem adds items at the end of a sequence, which is made when it is not
// there.
func AppendItem(sequence Tag, items ...*Dataset) Change {
	return Change{tag: sequence, kind: appendItem, elem: Sequence(sequence, items...)}
}

// Remove takes an attribute out.
func Remove(tag Tag) Change { return Change{tag: tag, kind: remove} }
