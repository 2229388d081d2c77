//go:build !race

package dicomweb_test

const withRaceDetector = false
