"""The digest: gather a period, build it for a chat, word it, lay it out, and owe it to the chat exactly once."""
