"""Personal API tokens: what scripts sign in with, in the name of a person and with no more rights.

The guard takes them wherever it takes a session token.
"""
