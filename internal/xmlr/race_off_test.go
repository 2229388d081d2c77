//go:build !race

package xmlr_test

const raceEnabled = false
