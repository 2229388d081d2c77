package internal

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/segur-sdk/segur"

// allowed freezes who may import whom inside the module, test files left
// aside. A package that is not listed fails the test: adding one is a
// decision about the house, taken here. "" is the root package.
var allowed = map[string][]string{
	"": {},

	"internal/xmlw": {}, "internal/xmlr": {}, "internal/xop": {}, "internal/nos": {}, "internal/dn": {}, "internal/names": {},
	"internal/xmlsec":     {"internal/xmlw", "internal/xmlr", "internal/dn"},
	"internal/hl7":        {""},
	"internal/traits":     {"", "internal/names"},
	"internal/transport":  {""},
	"internal/signedlist": {"", "internal/transport", "internal/xmlr", "internal/xmlsec"},
	"internal/saml":       {"", "internal/dn", "internal/hl7", "internal/xmlsec", "internal/xmlw", "internal/xmlr"},
	"internal/ebrim":      {"", "internal/xmlw", "internal/xmlr", "internal/hl7"},
	"internal/soap":       {"", "internal/transport", "internal/xmlw", "internal/xmlr", "internal/xop"},

	"credential":              {"", "internal/dn"},
	"credential/revocation":   {"", "internal/transport"},
	"psc":                     {"", "internal/transport"},
	"cda":                     {"", "internal/xmlw", "internal/xmlr", "internal/hl7", "internal/names", "internal/nos", "internal/traits", "cda/pdfa", "ins/datamatrix"},
	"cda/pdfa":                {""},
	"ins":                     {"", "credential", "internal/dn", "internal/soap", "internal/saml", "internal/names", "internal/traits", "internal/transport", "internal/xmlw", "internal/xmlr"},
	"ins/datamatrix":          {""},
	"ins/identity":            {"", "ins", "internal/names", "internal/traits"},
	"ins/interop":             {"", "cda", "ins/identity", "internal/hl7", "internal/names"},
	"dmp/xds":                 {"", "internal/ebrim", "internal/hl7", "internal/nos", "internal/xmlw", "internal/xmlr"},
	"dmp":                     {"", "dmp/xds", "internal/dn", "internal/hl7", "internal/names", "internal/nos", "internal/soap", "internal/saml", "internal/xmlsec", "internal/transport", "internal/xmlr", "internal/xmlw", "internal/xop"},
	"mssante/xdm":             {"", "dmp/xds", "internal/hl7", "internal/xmlr"},
	"mssante":                 {"", "mssante/xdm", "dmp/xds", "internal/transport"},
	"mssante/annuaire":        {"", "internal/names", "internal/transport"},
	"mssante/whitelist":       {"", "internal/dn", "internal/signedlist", "internal/transport", "internal/xmlr"},
	"dicomweb":                {"", "internal/transport", "internal/xmlr", "internal/xmlw", "internal/xop"},
	"dicomweb/kos":            {"", "dicomweb", "internal/hl7"},
	"dicomweb/drim":           {"", "dicomweb", "dicomweb/kos", "dicomweb/drim/whitelist", "dmp/xds", "internal/hl7", "internal/names", "internal/traits", "internal/transport"},
	"dicomweb/drim/whitelist": {"", "internal/dn", "internal/signedlist", "internal/transport", "internal/xmlr"},
}

// allowedModules are the third-party modules that a program linking every
// client gets.
var allowedModules = []string{
	"github.com/boombuler/barcode",
	"github.com/coder/websocket",
	"github.com/coreos/go-oidc/v3",
	"github.com/emersion/go-imap/v2",
	"github.com/emersion/go-message",
	"github.com/emersion/go-sasl",
	"github.com/emersion/go-smtp",
	"github.com/go-jose/go-jose/v4",
	"github.com/go-resty/resty/v2",
	"github.com/samply/golang-fhir-models/fhir-models",
	"github.com/suyashkumar/dicom",
	"golang.org/x/crypto",
	"golang.org/x/exp",
	"golang.org/x/image",
	"golang.org/x/net",
	"golang.org/x/oauth2",
	"golang.org/x/text",
	"software.sslmate.com/src/go-pkcs12",
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
	Module     *struct{ Path string }
}

func list(t *testing.T, args ...string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Standard,Module"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

func rel(importPath string) (string, bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// isFake reports whether path is a fake or test support: X/Xtest, or testkit.
func isFake(path string) bool {
	return strings.HasSuffix(path, "test") || strings.HasPrefix(path, "internal/testkit")
}

func TestImportGraph(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		path, _ := rel(p.ImportPath)
		var own []string
		for _, i := range p.Imports {
			if r, ok := rel(i); ok {
				own = append(own, r)
			}
		}
		switch {
		case path == "internal" || strings.HasPrefix(path, ".ci"):
		case strings.HasPrefix(path, "examples/"):
			for _, i := range own {
				assert.False(t, strings.HasPrefix(i, "internal/"), "%s imports %s: examples use public packages only", path, i)
			}
		case isFake(path):
			// Fakes see their client and what it sees, the root, other fakes and internal packages.
			client := path[:max(strings.LastIndex(path, "/"), 0)]
			for _, i := range own {
				ok := i == "" || i == client || isFake(i) || strings.HasPrefix(i, "internal/") || strings.HasPrefix(i, client+"/") || slices.Contains(allowed[client], i)
				assert.True(t, ok, "%s imports %s", path, i)
			}
		default:
			want, known := allowed[path]
			if !assert.True(t, known, "package %s is not in the import graph", path) {
				continue
			}
			for _, i := range own {
				assert.True(t, slices.Contains(want, i), "%s may not import %q", path, i)
			}
		}
	}
}

// The clients link what is listed and nothing else; the root links nothing.
func TestLinkedModules(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "-deps", module) {
		assert.True(t, p.Standard || p.ImportPath == module, "the root package imports %s", p.ImportPath)
	}
	var roots []string
	for path := range allowed {
		roots = append(roots, strings.TrimSuffix(module+"/"+path, "/"))
	}
	for _, p := range list(t, append([]string{"-deps"}, roots...)...) {
		if p.Standard || p.Module == nil || p.Module.Path == module {
			continue
		}
		assert.Contains(t, allowedModules, p.Module.Path, "linked through %s", p.ImportPath)
		assert.NotEqual(t, "testing", p.ImportPath)
	}
}
