package xdm

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Room is a range of sizes in bytes.
type Room struct {
	// Least and Most bound the size: it is never below the one nor above the
	// other.
	Least, Most int64
}

// Of a file in an archive: local header, entry of the directory and data
// descriptor, names aside.
const (
	perFile    = 30 + 46 + 16
	perArchive = 22
	// blockCost is what deflate adds to a block that it cannot shorten, and
	// block the least that such a block holds.
	block, blockCost = 16 << 10, 5
	// ratio is the best that deflate can do.
	ratio = 1032
)

// Predict bounds the size of the archive of p without reading a document: how
// well the documents deflate is not known before. It refuses what [Pack]
// refuses, but for documents that cannot be read.
func Predict(p Package, o Options) (Room, error) {
	o = o.withDefaults()
	o.IDs = sameLength{}
	packed, err := p.submissions(o, o.Clock(), func(e *xds.DocumentEntry, c segur.Content) error {
		e.Hash, e.Size = strings.Repeat("0", 40), max(c.Size(), 1)
		return nil
	})
	if err != nil {
		return Room{}, err
	}
	room := Room{Least: perArchive, Most: perArchive}
	room.file("README.TXT", int64(len(p.readme(packed.Submissions))))
	room.file("INDEX.HTM", int64(len(p.index(packed.Submissions))))
	for i := range packed.Submissions {
		s := &packed.Submissions[i]
		metadata, err := s.AppendXML([]byte(declaration))
		if err != nil {
			return Room{}, err
		}
		room.file(folder(i)+metadataName, int64(len(metadata)))
		for j, d := range p.Subsets[i].Documents {
			room.file(folder(i)+s.Entries[j].URI, d.Content.Size())
		}
		if c := p.Subsets[i].Stylesheet; c != nil {
			room.file(folder(i)+stylesheetName, c.Size())
		}
	}
	return room, nil
}

func (r *Room) file(name string, size int64) {
	around := perFile + 2*int64(len(name))
	r.Least += around + size/ratio
	r.Most += around + size + (size/block+2)*blockCost
}

// sameLength makes identifiers as long as the longest that an archive gets.
type sameLength struct{}

func (sameLength) UUID() (string, error) { return "00000000-0000-4000-8000-000000000000", nil }

func (sameLength) OID(root segur.OID) (segur.OID, error) {
	return root + ".1" + segur.OID(strings.Repeat("0", max(64-len(root)-2, 0))), nil
}
