"""What the program says, in Korean: `ko.json` has the sentences, `catalogue` finds them."""
