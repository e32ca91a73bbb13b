"""Local servers with the documented behaviour of the outside systems, around one invented company.

The sandbox imports nothing of the product, so that it cannot share its mistakes.
"""
