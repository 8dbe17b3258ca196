"""What users may say: one module a group of commands, each a function from a `Turn` to an `Answer`."""
