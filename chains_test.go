package segur_test

import (
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur"
)

func TestChainsLeaf(t *testing.T) {
	t.Parallel()
	leaf, root := &x509.Certificate{}, &x509.Certificate{}
	assert.Same(t, leaf, segur.Chains{Verified: [][]*x509.Certificate{{leaf, root}}}.Leaf())
	assert.Nil(t, segur.Chains{}.Leaf())
	assert.Nil(t, segur.Chains{Verified: [][]*x509.Certificate{{}}}.Leaf())
}
