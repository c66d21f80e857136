"""The stream: a photo, a face and a clock in; frames out."""
