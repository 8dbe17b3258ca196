"""The offline demonstration: a week of self-written news, served by a real local server to the real pipeline."""
