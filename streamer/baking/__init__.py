"""Drawing a photo's frames ahead of time: which ones, by whom, and how far it is."""
