"""Other people's image APIs in front of our apps: what an app's inputs mean to them, and one door to every backend."""
