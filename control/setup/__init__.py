"""What start.py does before the product runs; needs nothing but Python's own library."""
