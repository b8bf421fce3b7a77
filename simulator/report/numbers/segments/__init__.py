"""For whom one policy is better than another: by shopper, by category, by what is known."""
