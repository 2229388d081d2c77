package ins

import "github.com/segur-sdk/segur"

// Policy says how [Client.Identify] searches. The zero value is the recommended conduct.
type Policy struct {
	// MaxCalls bounds the calls of one identification: every message that leaves counts, repetitions included. 0: 4,
	// which is what three given names need: each alone, then all. The maximum is 10: a patient's arrival is no reason
	// to question the national base at length.
	MaxCalls int
	// MaxRetries bounds the repetitions of one identification after temporary faults (siram_40, a lost connection),
	// within MaxCalls. 0: 2. [NoRetry]: none. ClientConfig.Retry bounds the attempts of one search besides, and gives
	// the pauses.
	MaxRetries int
	// BirthPlaceFirst sends the birth place with the first search already, instead of only after several identities
	// were found.
	BirthPlaceFirst bool
	// FirstGivenNameOnly searches with the first given name and its spellings, and with no other given name.
	FirstGivenNameOnly bool
}

// NoRetry as [Policy].MaxRetries repeats nothing.
const NoRetry = -1

// Defaults and bounds of a [Policy].
const (
	defaultMaxCalls   = 4
	highestMaxCalls   = 10
	defaultMaxRetries = 2
)

func (p Policy) withDefaults() Policy {
	if p.MaxCalls == 0 {
		p.MaxCalls = defaultMaxCalls
	}
	if p.MaxRetries == 0 {
		p.MaxRetries = defaultMaxRetries
	}
	return p
}

func (p Policy) check(problems *segur.Problems) {
	if p.MaxCalls < 0 || p.MaxCalls > highestMaxCalls {
		problems.Add("policy.maxCalls", "must be 1 to 10, or 0 for the default")
	}
	if p.MaxRetries < NoRetry || p.MaxRetries > highestMaxCalls {
		problems.Add("policy.maxRetries", "must be 1 to 10, 0 for the default, or NoRetry")
	}
}
