"""Product feeds as shops have them: what each product is, and where its picture lies."""
