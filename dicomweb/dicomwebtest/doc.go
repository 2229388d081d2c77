// Package dicomwebtest is a strict in-memory PACS for tests.
package dicomwebtest
