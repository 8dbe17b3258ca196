"""Decide who is told, when and how: routing of alerts, digests and their charts."""
