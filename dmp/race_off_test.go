//go:build !race

package dmp_test

// stride is 1: every byte.
const stride = 1
