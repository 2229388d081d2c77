package testkit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
)

func TestCheckPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	write("root.go", "package m\n\ntype Person struct{}\n\nfunc (p *Person) Name() string { return \"\" }\n")
	write("sub/sub.go", "package sub\n\nconst Limit = 1\n\nfunc Do() {}\n")
	write("sub/sub_test.go", "package sub_test\n\nfunc TestDo() {}\n")
	write("docs/page.md", "Call `sub.Do`, below `sub.Limit`, for a `segur.Person.Name`; `other.Thing` is not ours.\n\n"+
		"| # | what | tests |\n| --- | --- | --- |\n| 1 | does | `TestDo` |\n")
	var page testkit.Page
	r := record(t, func(tb testkit.TB) { page = testkit.CheckPage(tb, dir, "docs/page.md", ".", "sub") })
	assert.Empty(t, r.errors)
	assert.Equal(t, testkit.Page{Rows: 1, Cited: 3}, page)

	write("docs/page.md", "`sub.Undo` and `TestUndo`\n\n| 7 | nothing |\n")
	r = record(t, func(tb testkit.TB) { testkit.CheckPage(tb, dir, "docs/page.md", "sub") })
	assert.Equal(t, []string{"docs/page.md: sub.Undo does not exist", "docs/page.md: TestUndo does not exist", "docs/page.md: row 7 has no test"}, r.errors)

	r = record(t, func(tb testkit.TB) { testkit.CheckPage(tb, dir, "docs/none.md") })
	assert.Len(t, r.fatal, 1)
	write("sub/bad_test.go", "package")
	r = record(t, func(tb testkit.TB) { testkit.CheckPage(tb, dir, "docs/page.md") })
	assert.Len(t, r.fatal, 1)
}
