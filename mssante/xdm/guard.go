package xdm

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/segur-sdk/segur"
)

// directory checks the end of the archive before the zip reader allocates
// anything for it: one disk, no 64-bit form, a directory of a plausible size
// that ends where the end record starts.
func directory(r io.ReaderAt, size int64, l Limits) (central, error) {
	const endSize, maxComment = 22, 1<<16 - 1
	tail := make([]byte, min(size, endSize+maxComment))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return central{}, refuse(segur.KindTruncated, CodeNotZip, "", "the archive cannot be read", err)
	}
	at := -1
	for i := len(tail) - endSize; i >= 0; i-- {
		if string(tail[i:i+4]) == "PK\x05\x06" {
			at = i
			break
		}
	}
	if at < 0 {
		kind, message := segur.KindProtocol, "not a ZIP archive"
		head := make([]byte, 4)
		if n, _ := r.ReadAt(head, 0); n == 4 && string(head) == "PK\x03\x04" {
			kind, message = segur.KindTruncated, "the archive ends before its directory"
		}
		return central{}, refuse(kind, CodeNotZip, "", message, nil)
	}
	end := tail[at:]
	u16 := func(i int) int64 { return int64(binary.LittleEndian.Uint16(end[i:])) }
	u32 := func(i int) int64 { return int64(binary.LittleEndian.Uint32(end[i:])) }
	records, length, offset := u16(10), u32(12), u32(16)
	position := size - int64(len(tail)) + int64(at)
	switch {
	case records == 0 && length == 0:
		return central{}, refuse(segur.KindProtocol, CodeEmpty, "", "the archive holds no file", nil)
	case records == 1<<16-1 || length == 1<<32-1 || offset == 1<<32-1 || at >= 20 && string(tail[at-20:at-16]) == "PK\x06\x07":
		return central{}, refuse(segur.KindProtocol, CodeZip64, "", "the archive has the 64-bit form of ZIP", nil)
	case u16(4) != 0 || u16(6) != 0 || u16(8) != records:
		return central{}, refuse(segur.KindProtocol, CodeNotZip, "", "the archive is spread over several volumes", nil)
	case records > int64(l.MaxFiles):
		return central{}, refuse(segur.KindTooLarge, CodeTooManyFiles, "", fmt.Sprintf("more than %d files", l.MaxFiles), nil)
	case length > int64(l.MaxFiles)*1024:
		return central{}, refuse(segur.KindTooLarge, CodeTooManyFiles, "", "the directory is too long for its number of files", nil)
	case offset+length != position:
		return central{}, refuse(segur.KindProtocol, CodeNotZip, "", "the directory is not where the archive says", nil)
	case position+endSize+u16(20) != size:
		return central{}, refuse(segur.KindProtocol, CodeNotZip, "", "data after the end of the archive", nil)
	}
	return central{offset: offset, length: length, records: records}, nil
}

// files checks every entry of the archive and returns the regular ones by name.
func files(z *zip.Reader, l Limits) ([]*zip.File, error) {
	if len(z.File) > l.MaxFiles {
		return nil, refuse(segur.KindTooLarge, CodeTooManyFiles, "", fmt.Sprintf("more than %d files", l.MaxFiles), nil)
	}
	seen := map[string]bool{} // whether it is a folder
	var out []*zip.File
	var total uint64
	for i, f := range z.File {
		field := fmt.Sprintf("files[%d]", i)
		name := f.Name
		if rule := unsafePath(name); rule != "" {
			return nil, refuse(segur.KindProtocol, CodeUnsafePath, field, rule, nil)
		}
		if f.Flags&(1|1<<6|1<<13) != 0 {
			return nil, refuse(segur.KindProtocol, CodeEncrypted, field, "is encrypted", nil)
		}
		mode := f.Mode()
		if !mode.IsDir() && !mode.IsRegular() {
			return nil, refuse(segur.KindProtocol, CodeNotRegular, field, "is neither a file nor a folder", nil)
		}
		key := foldName(name)
		if _, ok := seen[key]; ok {
			return nil, refuse(segur.KindProtocol, CodeDuplicateName, field, "has the name of another file, whatever the case", nil)
		}
		seen[key] = mode.IsDir() || strings.HasSuffix(name, "/")
		if mode.IsDir() || strings.HasSuffix(name, "/") {
			if f.UncompressedSize64 != 0 {
				return nil, refuse(segur.KindProtocol, CodeNotRegular, field, "is a folder with a content", nil)
			}
			continue
		}
		if f.Method != zip.Store && f.Method != zip.Deflate {
			return nil, refuse(segur.KindProtocol, CodeMethod, field, "is compressed by a method that is not deflate", nil)
		}
		if f.UncompressedSize64 > uint64(l.MaxBytes) { //nolint:gosec // positive by withDefaults
			return nil, refuse(segur.KindTooLarge, CodeTooLarge, field, fmt.Sprintf("inflates to more than %d bytes", l.MaxBytes), nil)
		}
		total += f.UncompressedSize64
		if total > uint64(l.MaxBytes) { //nolint:gosec // positive by withDefaults
			return nil, refuse(segur.KindTooLarge, CodeTooLarge, "", fmt.Sprintf("the archive inflates to more than %d bytes", l.MaxBytes), nil)
		}
		if f.UncompressedSize64 > ratioFloor && f.UncompressedSize64/max(f.CompressedSize64, 1) > uint64(l.MaxRatio) { //nolint:gosec // positive by withDefaults
			return nil, refuse(segur.KindTooLarge, CodeTooLarge, field, fmt.Sprintf("inflates to more than %d times its size", l.MaxRatio), nil)
		}
		out = append(out, f)
	}
	for i, f := range out {
		for dir := path.Dir(foldName(f.Name)); dir != "."; dir = path.Dir(dir) {
			if folder, ok := seen[dir]; ok && !folder {
				return nil, refuse(segur.KindProtocol, CodeDuplicateName, fmt.Sprintf("files[%d]", i), "is below a file", nil)
			}
		}
	}
	return out, nil
}

// foldName is what two names have in common that one file system takes for
// the same.
func foldName(name string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSuffix(name, "/"))))
}

// devices are names that Windows does not take for files.
var devices = map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true,
	"COM1": true, "COM2": true, "COM3": true, "COM4": true, "COM5": true, "COM6": true, "COM7": true, "COM8": true, "COM9": true,
	"LPT1": true, "LPT2": true, "LPT3": true, "LPT4": true, "LPT5": true, "LPT6": true, "LPT7": true, "LPT8": true, "LPT9": true}

// unsafePath names the rule that a path of the archive breaks, or returns "".
func unsafePath(name string) string {
	switch {
	case name == "" || len(name) > 255:
		return "has no name, or one of more than 255 bytes"
	case !utf8.ValidString(name):
		return "has a name that is not UTF-8"
	case strings.ContainsRune(name, '\\'):
		return "has a backslash in its name"
	case strings.ContainsRune(name, ':'):
		return "has a drive or a stream in its name"
	case strings.HasPrefix(name, "/"):
		return "has an absolute path"
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7F {
			return "has a control character in its name"
		}
	}
	for _, part := range strings.Split(strings.TrimSuffix(name, "/"), "/") {
		switch stem, _, _ := strings.Cut(strings.ToUpper(part), "."); {
		case part == "" || part == "." || part == "..":
			return "has a path with an empty, '.' or '..' part"
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
			return "has a part that ends with a dot or a space, which some systems drop"
		case devices[strings.TrimRight(stem, " ")]:
			return "has the name of a device"
		}
	}
	return ""
}
