package xop

// Limits bounds what a Reader accepts. A zero field means its default, a negative one no limit.
type Limits struct {
	HeaderBytes int64 // header of one part (and what stands before the first part); default DefaultHeaderBytes
	Parts       int64 // number of parts; default DefaultParts
	PartBytes   int64 // body of one part; default DefaultPartBytes
	TotalBytes  int64 // whole message as it travels; default DefaultTotalBytes
}

// Defaults of Limits: parts are streamed, so they bound time and disk of the caller rather than memory.
const (
	DefaultHeaderBytes = 16 << 10
	DefaultParts       = 100_000
	DefaultPartBytes   = 4 << 30
	DefaultTotalBytes  = 64 << 30
)

const unlimited = 1<<63 - 1

func (l Limits) withDefaults() Limits {
	set := func(v *int64, def int64) {
		switch {
		case *v == 0:
			*v = def
		case *v < 0:
			*v = unlimited
		}
	}
	set(&l.HeaderBytes, DefaultHeaderBytes)
	set(&l.Parts, DefaultParts)
	set(&l.PartBytes, DefaultPartBytes)
	set(&l.TotalBytes, DefaultTotalBytes)
	return l
}
