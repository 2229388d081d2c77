package psc_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
)

func TestConfigTellsEverything(t *testing.T) {
	t.Parallel()
	_, err := psc.New(psc.Config{
		RedirectURI: "http://ris.example/retour", PostLogoutRedirectURI: "https://ris.example/#fin", Scopes: []string{"scope all"}, ACRValues: []string{},
		Settings: psc.Settings{DiscoveryPath: "x", SigningAlgorithms: []string{"HS256"}, ClockSkew: -1, RefreshBefore: -1, LoginLifetime: -1, MetadataLifetime: -1},
	})
	for _, field := range []string{"environment", "clientID", "issuer", "credentials", "redirectURI", "postLogoutRedirectURI", "scopes", "acrValues",
		"settings.discoveryPath", "settings.signingAlgorithms", "settings.clockSkew", "settings.refreshBefore", "settings.loginLifetime", "settings.metadataLifetime"} {
		refused(t, err, segur.KindInvalidInput, field)
	}
	base := psc.Config{ClientConfig: segur.ClientConfig{Environment: segur.Qualification}, ClientID: "a", ClientSecret: "très secret"}
	for field, change := range map[string]func(*psc.Config){
		"clientSecret":               func(c *psc.Config) { c.Authentication = psc.MutualTLS },
		"authentication":             func(c *psc.Config) { c.Authentication = "private_key_jwt" },
		"issuer":                     func(c *psc.Config) { c.Issuer = "http://auth.example" },
		"settings.clockSkew":         func(c *psc.Config) { c.Settings.ClockSkew = time.Hour },
		"settings.signingAlgorithms": func(c *psc.Config) { c.Settings.SigningAlgorithms = []string{"RS256", "none"} },
		"scopes":                     func(c *psc.Config) { c.Scopes = []string{"scope_all"} },
		"redirectURI":                func(c *psc.Config) { c.RedirectURI = "/retour" },
	} {
		cfg := base
		change(&cfg)
		_, err := psc.New(cfg)
		refused(t, err, segur.KindInvalidInput, field)
		assert.NotContains(t, err.Error(), "très secret")
	}
	for name, change := range map[string]func(*psc.Config){
		"sandbox":    func(*psc.Config) {},
		"production": func(c *psc.Config) { c.Environment = segur.Production },
		"desktop":    func(c *psc.Config) { c.RedirectURI = "http://127.0.0.1:4711/retour" },
		"post":       func(c *psc.Config) { c.Authentication = psc.SecretPost },
	} {
		cfg := base
		change(&cfg)
		_, err := psc.New(cfg)
		require.NoError(t, err, name)
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	cfg := psc.Config{ClientSecret: "très secret"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", cfg.ClientSecret, "config", cfg)
	j, err := json.Marshal(cfg.ClientSecret)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", cfg.ClientSecret, cfg, cfg, cfg.ClientSecret, cfg.ClientSecret, cfg.ClientSecret), log.String(), string(j)} {
		assert.NotContains(t, text, "secret\"")
		assert.NotContains(t, text, "très")
		assert.Contains(t, text, "(redacted)")
	}
}
