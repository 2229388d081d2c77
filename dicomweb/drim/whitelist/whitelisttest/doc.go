// Package whitelisttest publishes fictional white lists of DRIM-M, signed with a throwaway key, for the tests of programs
// that use the package whitelist.
//
//	srv := whitelisttest.NewServer(whitelisttest.WithBoxes("db1.site-fictif.example"))
//	defer srv.Close()
//	client, err := whitelist.New(srv.Config())
//
// [Sign] signs any document in one of the two profiles in which the list is found, sound or not; the server answers
// conditional requests, and can be made to fail. A fake DRIMbox listens on this machine: WithBoxes takes its "host:port",
// which a client of the environment segur.Fake accepts.
//
// What it does not do: it does not publish the list of the national authority.
package whitelisttest
