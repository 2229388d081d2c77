package kos

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

func write(op string, _ *dicomweb.Dataset, _ string) ([]byte, error) {
	return nil, &segur.Error{Op: op, Kind: segur.KindUnavailable, Message: "the writer of Part 10 files is not there yet"}
}
