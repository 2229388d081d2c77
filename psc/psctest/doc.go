// Package psctest is a fake Pro Santé Connect.
package psctest
