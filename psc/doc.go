// Package psc is the client of Pro Santé Connect, the OpenID Connect provider of health professionals.
package psc
