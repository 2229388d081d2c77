package kos

import "github.com/segur-sdk/segur"

// Encode writes the manifest as a Part 10 file.
func (m *Manifest) Encode() ([]byte, error) { return nil, nil }

// Content is [Manifest.Encode] as a content to send.
func (m *Manifest) Content() (segur.Content, error) { return nil, nil }
