package drim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/segur-sdk/segur"
)

// A key is a file of lines, one for each study, that only grows: a month has tens
// of thousands of them. A line is the study as a JSON string, a blank, and the
// beginning of its digest; the last one may be what a crash left.

// maxKeyLine bounds a line, in bytes.
const maxKeyLine = 4096

func keyLine(studyUID string) ([]byte, error) {
	b, err := json.Marshal(studyUID)
	if err != nil || len(b) > maxKeyLine-32 {
		return nil, &segur.Error{Op: opArchive, Kind: segur.KindInvalidInput, Message: "is no Study Instance UID"}
	}
	return fmt.Appendf(b, " %x\n", keySum(b)), nil
}

func keySum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:8]
}

// readKeyLine reads a line without its end.
func readKeyLine(line []byte) (studyUID string, ok bool) {
	at := bytes.LastIndexByte(line, ' ')
	if at < 0 || !bytes.Equal(line[at+1:], fmt.Appendf(nil, "%x", keySum(line[:at]))) {
		return "", false
	}
	return studyUID, json.Unmarshal(line[:at], &studyUID) == nil
}

// addKey files a study under a key, and is done when the disk has it.
func (a *FileArchive) addKey(key, studyUID string) error {
	a.index.Lock()
	defer a.index.Unlock()
	line, err := keyLine(studyUID)
	if err != nil {
		return err
	}
	path := a.keyPath(key)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return writeFile(path, line)
	}
	if err != nil {
		return fileError("a key cannot be opened", err)
	}
	err = appendLine(f, line)
	if closing := f.Close(); err == nil && closing != nil {
		err = fileError("a key cannot be written", closing)
	}
	return err
}

// appendLine writes a line after the last one that is whole.
func appendLine(f *os.File, line []byte) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fileError("a key cannot be read", err)
	}
	tail := make([]byte, min(size, 2*maxKeyLine))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil {
		return fileError("a key cannot be read", err)
	}
	end := size - int64(len(tail)) + int64(wholeLines(tail))
	if end < size {
		if int64(len(tail)) < size && end == size-int64(len(tail)) {
			return damagedKey()
		}
		if err := f.Truncate(end); err != nil {
			return fileError("a key cannot be written", err)
		}
	}
	if _, err = f.WriteAt(line, end); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fileError("a key cannot be written", err)
	}
	return nil
}

// wholeLines is the length of b without what a crash left at its end: a line
// without an end, or one that is not right.
func wholeLines(b []byte) int {
	end := bytes.LastIndexByte(b, '\n') + 1
	if end == 0 {
		return 0
	}
	start := bytes.LastIndexByte(b[:end-1], '\n') + 1
	if _, ok := readKeyLine(b[start : end-1]); !ok {
		return start
	}
	return end
}

func damagedKey() error {
	return sourceError(opArchive, segur.KindSignature, CodeArchiveDamaged, "a key of the archive is damaged")
}

// Studies implements [Archive].
func (a *FileArchive) Studies(_ context.Context, key string) ([]string, error) {
	a.index.Lock()
	defer a.index.Unlock()
	if err := a.open(); err != nil {
		return nil, err
	}
	b, err := readFile(a.keyPath(key))
	if segur.KindOf(err) == segur.KindNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	seen := map[string]bool{}
	for line := range bytes.Lines(b[:wholeLines(b)]) {
		uid, ok := readKeyLine(bytes.TrimSuffix(line, []byte("\n")))
		if !ok {
			return nil, damagedKey()
		}
		if !seen[uid] {
			seen[uid] = true
			out = append(out, uid)
		}
	}
	return out, nil
}
