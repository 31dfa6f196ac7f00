"""A simulated day in the fictional tỉnh Mẫu: its world, its log lines and its clock."""
