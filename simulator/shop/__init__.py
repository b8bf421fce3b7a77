"""The shop in the browser, and the same recommender over REST."""
