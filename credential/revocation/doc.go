// Package revocation checks that certificates of IGC-Santé are not revoked.
package revocation
