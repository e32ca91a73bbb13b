"""The demonstration: `python -m sandbox.demo` drives the command line as a person would.

It imports nothing of the product. Everything it makes lies under `.paidsync/demo`.
"""
