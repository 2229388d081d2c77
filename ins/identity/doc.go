// Package identity keeps the life cycle of a local identity.
package identity
