package nos

// SubjectRoles is the number of first roles.
func SubjectRoles() int { return len(subjectRoles) }
