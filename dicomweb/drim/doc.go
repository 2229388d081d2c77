// Package drim shares the images of an exam, and reads those of the others, as
// the DRIM-M programme has it: the source and the consumer of a DRIMbox.
package drim
