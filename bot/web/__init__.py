"""The read-only page: stories, their timelines, sources, rules and figures, rendered here and without scripts."""
