//go:build race

package dmp_test

// stride is wide with the race detector, which looks for something else.
const stride = 13
