package annuaire

import (
	"context"
	"iter"
)

// Store keeps a copy of the directory that [Client.Sync] fills. It is the
// caller's: a database, files; [Memory] is one. References between resources
// ("Organization/123") hold inside one copy only.
type Store interface {
	// Put adds a resource or replaces the one with its type and ID, and notes
	// the generation with it. Putting twice is putting once.
	Put(ctx context.Context, generation string, r *Resource) error
	// Keep notes the generation with the resource that is held, which the
	// directory still has but cannot be read. One that is not there is no error.
	Keep(ctx context.Context, generation string, t Type, id string) error
	// Remove forgets a resource. One that is not there is no error.
	Remove(ctx context.Context, t Type, id string) error
	// Sweep forgets the resources of a type that have another generation: they
	// left the directory between two complete readings.
	Sweep(ctx context.Context, t Type, generation string) error
}

// Directory is what searches: the service ([Client]) or a copy ([Memory]).
type Directory interface {
	Practitioners(ctx context.Context, q PractitionerQuery) iter.Seq2[*Practitioner, error]
	Roles(ctx context.Context, q RoleQuery) iter.Seq2[*Role, error]
	Organizations(ctx context.Context, q OrganizationQuery) iter.Seq2[*Organization, error]
	HealthcareServices(ctx context.Context, q HealthcareServiceQuery) iter.Seq2[*HealthcareService, error]
	Devices(ctx context.Context, q DeviceQuery) iter.Seq2[*Device, error]
}
