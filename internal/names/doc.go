// Package names holds what the packages share about the names of persons: the alphabet that INSi takes and the
// spellings that the rules of the INS take as equal (guide d'intégration INSi, SEL-MP-043; guide d'implémentation de
// l'INS, EXI ID 10).
package names
