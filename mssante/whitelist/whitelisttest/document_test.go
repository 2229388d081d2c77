package whitelisttest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

// A second opinion on the signatures of the fake: xmlsec1.
func TestSignIsAcceptedByXMLSec1(t *testing.T) {
	t.Parallel()
	signer := credentialtest.NewPKI().Signature()
	document := whitelisttest.Sign(whitelisttest.Document(time.Now(), whitelisttest.Domain{Name: "é&<.mssante.fr"}), signer)
	require.NoError(t, testkit.XMLSec1Verify(t, document, "--enabled-key-data", "x509", "--insecure"))
	document[200] ^= 1
	require.Error(t, testkit.XMLSec1Verify(t, document, "--enabled-key-data", "x509", "--insecure"))
}
