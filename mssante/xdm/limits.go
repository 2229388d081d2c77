package xdm

// Limits bound what [Open] accepts. Zero fields take the defaults given.
type Limits struct {
	// MaxArchiveBytes bounds the archive itself. 0: 64 MiB.
	MaxArchiveBytes int64
	// MaxFiles bounds its entries, folders included, and the documents that its
	// metadata name. 0: 50.
	MaxFiles int
	// MaxBytes bounds what it holds once inflated. 0: 64 MiB.
	MaxBytes int64
	// MaxRatio bounds the inflated size of a file divided by its compressed
	// size, for files of more than 1 MiB. 0: 200.
	MaxRatio int64
	// MaxMetadataBytes bounds a METADATA.XML. 0: 4 MiB.
	MaxMetadataBytes int64
}

// ratioFloor is the size below which a ratio says nothing.
const ratioFloor = 1 << 20

func (l Limits) withDefaults() Limits {
	set := func(v *int64, def int64) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.MaxArchiveBytes, 64<<20)
	set(&l.MaxBytes, 64<<20)
	set(&l.MaxRatio, 200)
	set(&l.MaxMetadataBytes, 4<<20)
	if l.MaxFiles <= 0 {
		l.MaxFiles = 50
	}
	return l
}
