"""Where events, state, the inventory and the audit trail live."""
