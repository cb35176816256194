"""Pages for people: they call the acts of :mod:`skillbridge.workspace` and decide nothing themselves."""
