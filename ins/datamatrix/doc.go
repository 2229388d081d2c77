// Package datamatrix reads, writes and draws the datamatrix of the INS.
package datamatrix
