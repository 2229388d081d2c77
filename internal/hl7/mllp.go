package hl7

import (
	"bufio"
	"errors"
	"io"
)

// The block characters of MLLP release 1: VT, the message, FS CR.
const (
	startBlock = 0x0B
	endBlock   = 0x1C
	blockCR    = 0x0D
)

// maxGarbage is how much may come between two blocks: what is outside a block is
// to be ignored, but a peer that never sends one speaks something else.
const maxGarbage = 4096

// The errors of [ReadBlock], beside those of the reader.
var (
	// ErrNoBlock: what comes is not MLLP.
	ErrNoBlock = errors.New("what comes is no MLLP block")
	// ErrBlock: a block is not ended by FS CR, or another one begins inside.
	ErrBlock = errors.New("the MLLP block is not ended as it must be")
	// ErrBlockTooLarge: a block is larger than the limit.
	ErrBlockTooLarge = errors.New("the MLLP block is larger than the limit")
)

// ReadBlock reads the next block and returns what it holds, at most limit bytes.
// io.EOF says that the peer closed between two blocks, io.ErrUnexpectedEOF that
// it did inside one. started, which may be nil, is called when a block begins.
func ReadBlock(r *bufio.Reader, limit int, started func()) ([]byte, error) {
	lost := false // something that is no line end came
	for garbage := 0; ; garbage++ {
		c, err := r.ReadByte()
		switch {
		case err != nil && lost && errors.Is(err, io.EOF):
			return nil, ErrNoBlock // a peer without framing is told, not ignored
		case err != nil:
			return nil, err
		case garbage >= maxGarbage:
			return nil, ErrNoBlock
		}
		if c == startBlock {
			break
		}
		lost = lost || c != '\r' && c != '\n'
	}
	if started != nil {
		started()
	}
	var block []byte
	for {
		part, err := r.ReadSlice(endBlock)
		if len(block)+len(part) > limit+1 {
			return nil, ErrBlockTooLarge
		}
		for _, c := range part {
			if c == startBlock {
				return nil, ErrBlock
			}
		}
		block = append(block, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, unexpected(err)
		}
	}
	c, err := r.ReadByte()
	if err != nil {
		return nil, unexpected(err)
	}
	if c != blockCR {
		return nil, ErrBlock
	}
	return block[:len(block)-1], nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// AppendBlock writes a message as a block.
func AppendBlock(dst, message []byte) []byte {
	dst = append(dst, startBlock)
	dst = append(dst, message...)
	return append(dst, endBlock, blockCR)
}
