package dmp

import (
	"time"

	"github.com/segur-sdk/segur"
)

// ManifestDigest gives tests what the lot signature takes of a document.
func ManifestDigest(c segur.Content, isXML, withSHA256 bool) (manifest []byte, sha1 string, err error) {
	d, err := digest(c, isXML, withSHA256)
	return d.manifest, d.sha1, err
}

// Now gives tests the instant of a client.
func (c *Client) Now() time.Time { return c.cfg.now() }
