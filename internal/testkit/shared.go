package testkit

import (
	"os"
	"path/filepath"
)

// SharedDir returns the folder of official material (it holds data/ and validators/): the one that SEGUR_SHARED names,
// else a folder "shared" beside the module root or beside one of the folders above it. When there is none the test is
// skipped, or fails with SEGUR_REQUIRE_SHARED=1.
func SharedDir(tb TB) string {
	tb.Helper()
	if dir := os.Getenv(EnvShared); dir != "" {
		if isDir(filepath.Join(dir, "data")) {
			return dir
		}
		tb.Fatalf("%s names a folder without data/", EnvShared)
		return ""
	}
	for dir := moduleRoot(tb); ; dir = filepath.Dir(dir) {
		if c := filepath.Join(filepath.Dir(dir), "shared"); isDir(filepath.Join(c, "data")) {
			return c
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	missing(tb, EnvRequireShared, "the folder of official samples is not here (put it beside the module as shared/, or name it with %s)", EnvShared)
	return ""
}

// SharedData returns the path of an official sample; rel is relative to the data folder, with slashes, for example
// "cda/cr-img-n1.xml". When the whole folder is absent the test is skipped; when only the file is absent it fails, since
// that is a mistake of the test.
func SharedData(tb TB, rel string) string {
	tb.Helper()
	dir := SharedDir(tb)
	if dir == "" {
		return ""
	}
	p := filepath.Join(dir, "data", filepath.FromSlash(rel))
	if _, err := os.Stat(p); err != nil {
		tb.Fatalf("no official sample data/%s", rel)
		return ""
	}
	return p
}

// ReadShared returns the content of an official sample, see SharedData.
func ReadShared(tb TB, rel string) []byte {
	tb.Helper()
	p := SharedData(tb, rel)
	if p == "" {
		return nil
	}
	b, err := os.ReadFile(p)
	if err != nil {
		tb.Fatalf("read data/%s: %v", rel, err)
	}
	return b
}

// moduleRoot walks up from the folder of the package under test to the folder of go.mod.
func moduleRoot(tb TB) string {
	tb.Helper()
	wd, err := os.Getwd()
	if err != nil {
		tb.Fatalf("working directory: %v", err)
		return ""
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return wd
		}
	}
}

func isDir(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.IsDir()
}
