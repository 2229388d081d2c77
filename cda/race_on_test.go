//go:build race

package cda_test

const raceEnabled = true
