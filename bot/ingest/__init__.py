"""From the network to clean, new articles."""
