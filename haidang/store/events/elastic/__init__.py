"""The event store of the profile *cluster*: data streams, one a family and level."""
