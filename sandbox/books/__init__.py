"""The books of a company, whatever its ERP: vendors, bills, credits, payments.

Every ERP of the sandbox is a face of such books; what its users can and cannot do is in its own
`store`, and the truth is told from the books alone.
"""
