"""Learning to find the characters of a page: the network, and its training on composed pages."""
