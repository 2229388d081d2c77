//go:build race

package dicomweb_test

// withRaceDetector: measurements say nothing.
const withRaceDetector = true
