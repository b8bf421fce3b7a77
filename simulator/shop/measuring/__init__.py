"""What is measured from the browser: experiments, trials of a recommender, and finished runs."""
