// Package whitelisttest publishes fictional white lists of MSSanté, signed with a throwaway key, for the tests of programs
// that use the package whitelist.
//
//	srv := whitelisttest.NewServer(whitelisttest.WithDomains("cabinet-fictif.mssante.fr"))
//	defer srv.Close()
//	client, err := whitelist.New(srv.Config())
//
// [Sign] signs any document in the shape of the national list, sound or not; the server answers conditional requests, and
// can be made to fail.
//
// What it does not do: it does not publish the list of the national authority, and its signatures are of one shape only.
package whitelisttest
