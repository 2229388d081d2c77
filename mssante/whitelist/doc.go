// Package whitelist reads the signed list of the mail domains of MSSanté.
package whitelist
