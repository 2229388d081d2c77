package whitelist_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
)

// A token goes to the very hosts of the list: case and international spelling aside, nothing looks enough like one.
func TestGuardHosts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	l := listOf(t,
		whitelisttest.Box{Host: "db.example", Viewer: "vi.example"}, whitelisttest.Box{Host: "DB2.Example:8443"}, whitelisttest.Box{Host: "hôpital-fictif.example"},
		whitelisttest.Box{Host: "10.1.2.3"}, whitelisttest.Box{Host: "localhost"}, whitelisttest.Box{Host: "127.0.0.1:8443"}, whitelisttest.Box{Host: ""},
		whitelisttest.Box{Host: "*.example"}, whitelisttest.Box{Host: "https://db3.example/"}, whitelisttest.Box{Host: "db4.example", Viewer: "pas un hôte"},
		whitelisttest.Box{Host: long + ".example"}, whitelisttest.Box{Host: "db.example"},
	)
	assert.Equal(t, 5, l.Boxes())
	assert.Equal(t, 6, l.Entries())
	assert.Equal(t, []whitelist.Ignored{
		{4, "db is not the name of a host"}, {5, "db is not the name of a host"}, {6, "db is not the name of a host"}, {7, "db is not the name of a host"},
		{8, "db is not the name of a host"}, {9, "db is not the name of a host"}, {10, "vi is not the name of a host"},
	}, l.Ignored())
	assert.Len(t, l.Box("db.example"), 2)
	for host, want := range map[string]bool{
		"db.example": true, "DB.EXAMPLE": true, "db.example:443": true, "db.example:8443": false, "db.example:80": false, "db.example:": false,
		"db.example:0443": false, "db.example:99999": false, "db.example:443x": false, "db.example:443:443": false,
		"db2.example:8443": true, "Db2.example:8443": true, "db2.example": false, "db2.example:443": false,
		"hôpital-fictif.example": true, "HÔPITAL-FICTIF.EXAMPLE": true, "xn--hpital-fictif-plb.example": true, "hopital-fictif.example": false,
		"ho\u0302pital-fictif.example": true, "db．example": true, "ⅾb.example": true, // both are mapped, as before a connection
		"dв.example": false, "db.еxample": false, // Cyrillic
		"db.example.": false, "db..example": false, ".db.example": false, "evil-db.example": false, "evil.db.example": false, "db.example.evil.example": false,
		"db.exampl": false, "b.example": false, "example": false, "db.example@evil.example": false, "evil@db.example": false, "u:p@db.example": false,
		"db.example/": false, "db.example/x": false, "https://db.example": false, "db.example#": false, "db.example?x": false, "db.example\\": false,
		" db.example": false, "db.example ": false, "db.example\n": false, "db.example\x00": false, "db%2eexample": false, "db.example%00": false, "\xff.example": false,
		"10.1.2.3": false, "127.0.0.1:8443": false, "localhost": false, "[::1]": false, "::1": false, "0x7f.1": false, "2130706433": false, "1.2.3.0x4": false,
		"*.example": false, "": false, ":": false, ":443": false, "vi.example": false, "db4.example": true, "db3.example": false,
		long + ".example": true, "a" + long + ".example": false, strings.Repeat("a.", 200) + "example": false, "-db.example": false, "db-.example": false,
	} {
		err := l.Guard()(host)
		assert.Equal(t, want, err == nil, "%q: %v", host, err)
		if err != nil {
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, whitelist.CodeNotListed, e.Code)
			assert.NotContains(t, e.Error(), "@", "what is no host is not repeated")
			assert.Contains(t, e.Explain(segur.FR), "liste blanche")
		}
	}
	assert.Len(t, l.Viewer("VI.example"), 1)
	assert.Empty(t, l.Viewer("vi.example:8443"))

	for address, want := range map[string]bool{
		"https://db.example/rs": true, "https://DB.example:443/rs?x=y": true, "http://db.example/rs": false, "https://user@db.example/rs": false,
		"https://db.example@evil.example/": false, "https://evil.example/db.example": false, "https://db.example.": false, "https:db.example": false,
		"https:///rs": false, "//db.example/": false, "https://evil.example\\@db.example": false, "https://[::ffff:7f00:1]/": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			assert.False(t, want, address)
			continue
		}
		assert.Equal(t, want, l.Guard().URL(u) == nil, address)
	}
	require.Error(t, l.Guard().URL(nil))
	require.ErrorIs(t, whitelist.Guard(nil).URL(&url.URL{Scheme: "https", Host: "db.example"}), segur.ErrUnavailable)
	require.ErrorIs(t, (*whitelist.List)(nil).Guard()("db.example"), segur.ErrUnavailable)
	assert.Empty(t, (*whitelist.List)(nil).Viewer("vi.example"))
}

// Settings of the guard: ports, age, and the boxes of a fake.
func TestGuardSettings(t *testing.T) {
	t.Parallel()
	document := whitelisttest.Sign(whitelisttest.Document(morning.Add(-time.Hour), whitelisttest.Box{Host: "db.example"}, whitelisttest.Box{Host: "db2.example:444"},
		whitelisttest.Box{Host: "127.0.0.1:8443"}, whitelisttest.Box{Host: "localhost:8443"}, whitelisttest.Box{Host: "[::1]:8443"}, whitelisttest.Box{Host: "10.1.2.3:8443"}), signer(), whitelisttest.Filter2)
	cfg := offline(segur.Production)
	cfg.AnyPort = true
	c, err := use(t, cfg, document)
	require.NoError(t, err)
	require.NoError(t, c.Guard()("db.example:8443"))
	require.Error(t, c.Guard()("db2.example:8443"), "the list says another")
	require.Error(t, c.Guard()("127.0.0.1:8443"))
	assert.Equal(t, 4, c.Status().Ignored)

	cfg = offline(segur.Fake)
	now := morning
	cfg.Clock = func() time.Time { return now }
	cfg.RefuseAfter = 2 * time.Hour
	c, err = whitelist.New(cfg)
	require.NoError(t, err)
	require.ErrorIs(t, c.Guard()("db.example"), segur.ErrUnavailable)
	require.NoError(t, c.Use(t.Context(), document))
	for host, want := range map[string]bool{
		"127.0.0.1:8443": true, "127.0.0.1:8444": false, "127.0.0.2:8443": false, "localhost:8443": true, "[::1]:8443": true, "10.1.2.3:8443": false, "localhost": false,
	} {
		assert.Equal(t, want, c.Guard()(host) == nil, host)
	}
	now = now.Add(time.Hour + time.Second)
	var e *segur.Error
	require.ErrorAs(t, c.Guard()("db.example"), &e)
	assert.Equal(t, whitelist.CodeNoList, e.Code)
	assert.Contains(t, e.Error(), "2h0m0s old")
}
