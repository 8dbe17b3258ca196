"""What does a text say, word for word, and who asked to be told? The rule language, its catalog, and its matching."""
