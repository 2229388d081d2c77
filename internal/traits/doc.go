// Package traits compares the traits of two identities as the rules of the INS want it (guide d'implémentation de l'INS,
// EXI ID 10 to 12): what package ins does with an answer of INSi, and package cda with the patients of two documents.
package traits
