package xds_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

func TestLabel(t *testing.T) {
	t.Parallel()
	c := segur.Code{Code: "07", System: "1.2.250.1.213.2.2"}
	assert.Equal(t, "Consultations soins externes", xds.Label(c).Display)
	c.Display = "as given"
	assert.Equal(t, c, xds.Label(c))
	unknown := segur.Code{Code: "x", System: "1.2.3"}
	assert.Equal(t, unknown, xds.Label(unknown))
}
