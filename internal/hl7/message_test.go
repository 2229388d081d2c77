package hl7_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/hl7"
)

func TestReadMessage(t *testing.T) {
	t.Parallel()
	m, err := hl7.ReadMessage([]byte("\x0bMSH|^~\\&|RIS|SITE|||2026||ORU^R01\r\nPID|1||A^ B\\T\\C ~D\nOBX|1|ED|||^TEXT^XML^Base64^QUJD\r\nREVG\r\nPID\r\nMSHa\r\n||F\rZZZ|x\n\x1c\r"))
	require.NoError(t, err)
	require.Len(t, m.Segments, 4)
	assert.Empty(t, m.Note)
	pid, ok := m.First("PID")
	require.True(t, ok)
	assert.Equal(t, "B&C", pid.Value(3, 2), "unescaped, without blanks, of the first repetition")
	assert.Empty(t, pid.Value(3, 3))
	assert.Empty(t, pid.Value(9, 1))
	obx, _ := m.First("OBX")
	assert.Equal(t, "QUJDREVGPIDMSHa", obx.Value(5, 5), "three letters alone may be base64")
	assert.Equal(t, "F", obx.Value(7, 1))
	assert.Equal(t, "R01", m.Segments[0].Value(9, 2))
	_, ok = m.First("NTE")
	assert.False(t, ok)
	assert.Empty(t, hl7.Component(`""`, 1), "the HL7 null is no value")

	for name, bad := range map[string]string{
		"nothing": "", "no header": "PID|1\rMSH|^~\\&|", "two messages": "MSH|^~\\&|\rMSH|^~\\&|", "delimiters": "MSH|||", "a name alone": "MSH\n", "nothing but a name": "MSH",
		"batch":       "BHS|^~\\&|\rMSH|^~\\&|",
		"many":        "MSH|^~\\&|" + strings.Repeat("\rOBX|1", 2000),
		"charset":     "MSH|^~\\&|RIS|||||||||||||||8859/2\rPID|\xe9",
		"UTF-16":      "M\x00S\x00H\x00|\x00",
		"not a table": "MSH|^~\\&|RIS|||||||||||||||UNICODE UTF-16\rPID|\xe9",
	} {
		_, err := hl7.ReadMessage([]byte(bad))
		assert.Error(t, err, name)
	}
}

func TestCharacterSets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ declared, text, want, note string }{
		"UTF-8":              {"UNICODE UTF-8", "LŒUVRE é", "LŒUVRE é", ""},
		"none":               {"", "é", "é", ""},
		"8859/1":             {"8859/1", "\xe9\xa4", "é¤", ""},
		"Windows as 8859/1":  {"8859/1", "C\x8cUR D\x92", "CŒUR D’", ""},
		"8859/15":            {"8859/15", "\xe9\xbd\xa4", "éœ€", ""},
		"ISO-8859-15":        {"ISO-8859-15", "\xbd", "œ", ""},
		"first of several":   {"8859/15~UNICODE UTF-8", "\xbd", "œ", ""},
		"ASCII":              {"ASCII", "abc", "abc", ""},
		"UTF-8 under 8859/1": {"8859/1", "é", "é", "names another character set, but the text is UTF-8: read as such"},
		"8859/1 under UTF-8": {"UNICODE UTF-8", "\xe9", "é", "the text is not UTF-8: read as ISO 8859-1"},
		"other, but ASCII":   {"8859/2", "abc", "abc", ""},
		"other, but UTF-8":   {"8859/2", "é", "é", "names another character set, but the text is UTF-8: read as such"},
	} {
		m, err := hl7.ReadMessage([]byte("MSH|^~\\&|RIS|||||||||||||||" + c.declared + "\rPID|" + c.text))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, m.Segments[1].Field(1), name)
		assert.Equal(t, c.note, m.Note, name)
	}
}

func TestReadHeader(t *testing.T) {
	t.Parallel()
	h, err := hl7.ReadHeader([]byte("\x0b\r\nMSH#$!?%#R\xe9#S$T\nPID|anything \x00"))
	require.NoError(t, err)
	assert.Equal(t, "Ré", h.Field(3))
	assert.Equal(t, "S^T", h.Field(4))
	for _, bad := range []string{"", "PID|", "MSH|", "MSH"} {
		_, err := hl7.ReadHeader([]byte(bad))
		assert.Error(t, err, bad)
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	read := func(s string, limit int) (blocks []string, started int, err error) {
		r := bufio.NewReaderSize(strings.NewReader(s), 16)
		for {
			b, err := hl7.ReadBlock(r, limit, func() { started++ })
			if err != nil {
				return blocks, started, err
			}
			blocks = append(blocks, string(b))
		}
	}
	long := strings.Repeat("x", 100)
	blocks, started, err := read("\r\n\x0bA\x1c\r\n\x0b"+long+"\x1c\r\x0b\x1c\r\r", 100)
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, []string{"A", long, ""}, blocks)
	assert.Equal(t, 3, started)

	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"no block":               {"MSH|^~\\&|", hl7.ErrNoBlock},
		"endless":                {strings.Repeat("\n", 10000), hl7.ErrNoBlock},
		"cut":                    {"\x0bABC", io.ErrUnexpectedEOF},
		"cut in the end":         {"\x0bABC\x1c", io.ErrUnexpectedEOF},
		"another one begins":     {"\x0bABC\x0bDEF\x1c\r", hl7.ErrBlock},
		"end without its CR":     {"\x0bABC\x1cDEF\x1c\r", hl7.ErrBlock},
		"too large":              {"\x0b" + long + "x\x1c\r", hl7.ErrBlockTooLarge},
		"too large, never ended": {"\x0b" + strings.Repeat("x", 1000), hl7.ErrBlockTooLarge},
	} {
		blocks, _, err := read(c.in, 100)
		require.ErrorIs(t, err, c.want, name)
		assert.Empty(t, blocks, name)
	}
	blocks, _, err = read("junk\x0bABC\x1c\r", 100)
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, []string{"ABC"}, blocks, "what is outside a block is to be ignored")
	_, err = hl7.ReadBlock(bufio.NewReader(io.MultiReader(strings.NewReader("\x0bA"), failing{})), 10, nil)
	require.ErrorIs(t, err, errBroken)
}

var errBroken = errors.New("broken")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("MSH|^~\\&|RIS|||||||||||||||8859/15\rPID|||1^^^&1.2&ISO~2\r\nOBX|1|ED|||^TEXT^XML^Base64^QUJD\r\nREVG\r\n||F"))
	f.Add([]byte("MSH#$!?%#\rPID###1$$$N%1.2%ISO!x"))
	f.Add([]byte("MSH\n"))
	f.Add([]byte("MSH!\"\x1c"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := hl7.ReadMessage(b)
		if err != nil {
			return
		}
		if m.Segments[0].Name != "MSH" {
			t.Fatalf("begins with %q", m.Segments[0].Name)
		}
		if _, err := hl7.ReadHeader(b); err != nil && len(b) < 1024 {
			t.Fatalf("read, but not its header: %v", err)
		}
		for _, s := range m.Segments {
			for n := range 6 {
				_ = s.Value(n, 2)
			}
		}
	})
}

// Whatever is framed comes back, and nothing that is cut does.
func FuzzReadBlock(f *testing.F) {
	f.Add([]byte("MSH|^~\\&|"), 3)
	f.Fuzz(func(t *testing.T, message []byte, cut int) {
		framed := hl7.AppendBlock(nil, message)
		got, err := hl7.ReadBlock(bufio.NewReader(bytes.NewReader(framed)), len(message), nil)
		clean := !bytes.ContainsAny(message, "\x0b\x1c")
		if clean && (err != nil || !bytes.Equal(got, message)) {
			t.Fatalf("%q came back as %q, %v", message, got, err)
		}
		if clean && cut >= 0 && cut < len(framed) {
			if got, err := hl7.ReadBlock(bufio.NewReader(bytes.NewReader(framed[:cut])), len(message), nil); err == nil {
				t.Fatalf("cut at %d: %q", cut, got)
			}
		}
		_, _ = hl7.ReadBlock(bufio.NewReader(bytes.NewReader(message)), 64, nil)
	})
}
