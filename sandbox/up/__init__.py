"""`make up` and `make down`: everything that PaidSync needs, on one machine, without containers.

`python -m sandbox.up` starts it and leaves it running; `python -m sandbox.up --down` ends it. It
imports nothing of the product and drives the command lines as a person would. Everything it makes
lies under `.paidsync/up`.
"""
