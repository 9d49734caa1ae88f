"""The async half of the transport; its sync twin is generated."""
