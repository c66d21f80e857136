"""What starts the product at log-in, or from the program menu, on each system."""
