// Package whitelist keeps the signed list of the DRIMbox domains.
package whitelist
