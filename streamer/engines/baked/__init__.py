"""The engine that plays frames drawn before, and the files that hold them."""
